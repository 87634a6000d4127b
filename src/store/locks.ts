import type { Lock } from '../deploy/deployment.ts'
import type { Locks } from '../deploy/journal.ts'
import { storeAnswer } from './announcements.ts'
import type { RepositorySql, Row } from './sql.ts'

/** The locks that people hold on environments: one for each, and one for all of a repository's. */
export function createLocks(sql: RepositorySql): Locks {
  const standing = (where: string, now: number, ...params: (string | number)[]): Lock[] =>
    sql.all<LockRow>(`select * from lock where ${where} and (until is null or until > ?) order by id`, ...params, now).map(lockOf)

  return {
    find: (repository, environment, now) => standing('repository = ? and environment = ?', now, repository, environment)[0] ?? null,
    holding: (repository, environment, now) => standing(`repository = ? and environment in ('*', ?)`, now, repository, environment),
    take: (lock, { over, cause }) =>
      sql.transaction(() => {
        const { repository, environment, until, subject, since } = lock
        sql.all('delete from lock where repository = ? and environment = ? and (until <= ? or id = ?)', repository.id, environment, since, over ?? -1)
        const [row] = sql.all<LockRow>(
          `insert into lock (repository, environment, lock, subject, cause, until) values (?, ?, ?, ?, ?, ?) on conflict do nothing returning *`,
          ...[repository.id, environment, JSON.stringify(lock), subject?.number ?? null, cause ?? null, until],
        )
        return row === undefined ? null : lockOf(row)
      }),
    release: (id, answer) =>
      sql.transaction(() => {
        if (sql.all('delete from lock where id = ? returning id', id).length > 0 && answer != null) storeAnswer(sql, answer)
      }),
    takenOn: (repository, subject, now) => standing('repository = ? and subject = ?', now, repository, subject),
    due: (until, now) =>
      sql.all<LockRow>('select * from lock where is_reminded = 0 and until > ? and until <= ? order by id', now, until).map(lockOf),
    reminded: (id) => {
      sql.all('update lock set is_reminded = 1 where id = ?', id)
    },
  }
}

interface LockRow extends Row {
  id: number
  lock: string
}

/** One of an older version says only when it was taken. */
function lockOf({ id, lock: text }: LockRow): Lock {
  const lock = JSON.parse(text) as Omit<Lock, 'id'>
  return { ...lock, id, askedAt: lock.askedAt ?? lock.since }
}
