import type { Admission, Admissions } from '../deploy/journal.ts'
import { TOLD_ONCE_IN } from '../deploy/limits.ts'
import { storeAnswer } from './announcements.ts'
import type { RepositorySql } from './sql.ts'

/** Beside the deliveries, so that an admission, and what is said of it, are on disk together. */
export function createAdmissions(sql: RepositorySql): Admissions {
  const give = (delivery: string, admission: Admission): void => void sql.all('update delivery set admission = ? where key = ?', admission, delivery)
  return {
    find: (delivery) => sql.all<{ admission: Admission | null }>('select admission from delivery where key = ?', delivery)[0]?.admission ?? null,
    give,
    isTold: (repository, person, now) =>
      // A clock that was set back makes nobody wait for longer.
      sql.all(
        'select 1 from told_limit where repository = ? and person = ? and until > ? and until <= ?',
        ...[repository, person, now, now + TOLD_ONCE_IN],
      ).length > 0,
    tell: (delivery, { repository, id, until }, answer) =>
      sql.transaction(() => {
        const admission = answer === null ? 'quiet' : 'told'
        sql.all('delete from told_limit where until <= ?', until - TOLD_ONCE_IN)
        sql.all(
          'insert into told_limit (repository, person, until) values (?, ?, ?) on conflict (repository, person) do update set until = excluded.until',
          ...[repository, id, until],
        )
        if (answer !== null) storeAnswer(sql, answer)
        give(delivery, admission)
        return admission
      }),
  }
}
