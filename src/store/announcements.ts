import type { Announcement, Announcements, Answer, HeadCheck, Said, Surface } from '../deploy/journal.ts'
import type { RepositorySql } from './sql.ts'

const NOTHING_SAID: Said = { node: null, number: null, hash: null, intent: null, intendedAt: null, isGone: false }

/** The ledger of what GitHub has been told: `intend` before each call, `said` after it. `changed`: where something stands on GitHub is another place now. */
export function createAnnouncements(sql: RepositorySql, changed: (key: string) => void = () => {}): Announcements {
  return {
    answer: (answer) => sql.transaction(() => storeAnswer(sql, answer)),
    findAnswer: (key) => {
      const row = sql.all<{ answer: string }>('select answer from answer where key = ?', key)[0]
      return row === undefined ? null : (JSON.parse(row.answer) as Answer | HeadCheck)
    },
    find: (key) => read(sql, key),
    intend: (key, writes, now) =>
      sql.transaction(() => {
        for (const [surface, hash] of writes) {
          sql.all(
            `insert into said (key, surface, intent, intended_at) values (?1, ?2, ?3, ?4)
             on conflict (key, surface) do update set intent = ?3, intended_at = ?4`,
            ...[key, surface, hash, now],
          )
        }
      }),
    said: (key, surface, { node, number, hash }) => {
      sql.all(
        `insert into said (key, surface, node, number, hash, intent) values (?1, ?2, ?3, ?4, ?5, ?5)
         on conflict (key, surface) do update set node = coalesce(?3, node), number = coalesce(?4, number), hash = ?5, intent = ?5`,
        ...[key, surface, node, number, hash],
      )
      changed(key)
    },
    gone: (key, surface) => {
      sql.all('insert into said (key, surface, is_gone) values (?1, ?2, 1) on conflict (key, surface) do update set is_gone = 1', key, surface)
    },
    // Each deployment folds away what came before it, so that what still stands is among the last few: no look at all of history.
    older: (key) =>
      sql.all<{ key: string; node: string }>(
        `select said.key, said.node from (
           select old.id, old.sequence, old.ended_at from deployment this
             join deployment old on old.environment = this.environment and old.sequence < this.sequence
               and old.repository = this.repository and old.subject = this.subject
             where this.id = ? order by old.sequence desc limit 20) as old
         join announcement on announcement.key = old.id and announcement.is_complete = 1
         join said on said.key = old.id and said.surface = 'comment' and said.node is not null and said.is_gone = 0
         where old.ended_at is not null order by old.sequence desc limit 10`,
        key,
      ),
    complete: (key) => {
      sql.all('update announcement set is_complete = 1 where key = ?', key)
    },
    incomplete: () => sql.all<{ key: string }>('select key from announcement where is_complete = 0 order by sequence').map(({ key }) => key),
  }
}

type SaidRow = {
  surface: Surface
  node: string | null
  number: number | null
  hash: string | null
  intent: string | null
  intended_at: number | null
  is_gone: number
}

function read(sql: RepositorySql, key: string): Announcement {
  const rows = sql.all<SaidRow>('select * from said where key = ?', key)
  const said = (surface: Surface): Said => {
    const row = rows.find((candidate) => candidate.surface === surface)
    return row === undefined
      ? NOTHING_SAID
      : { node: row.node, number: row.number, hash: row.hash, intent: row.intent, intendedAt: row.intended_at, isGone: row.is_gone === 1 }
  }
  return { key, comment: said('comment'), check: said('check'), deployment: said('deployment') }
}

/** Inside a transaction: nothing happens where its key is known, but that a head is looked at again: its pull request may have been closed then. */
export function storeAnswer(sql: RepositorySql, answer: Answer | HeadCheck): void {
  const stored = sql.all(
    'insert into answer (key, answer) values (?, ?) on conflict (key) do nothing returning 1 as stored',
    ...[answer.key, JSON.stringify(answer)],
  )
  if (stored.length > 0) sql.all('insert into announcement (key) values (?)', answer.key)
  else if ('head' in answer) sql.all('update announcement set is_complete = 0 where key = ?', answer.key)
}
