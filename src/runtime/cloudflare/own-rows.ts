import type { Home, Noted, Spending } from './bindings.ts'
import type { DurableSql } from './durable-sql.ts'

/** What an object knows of itself and of others besides what Gantry keeps anywhere: only here objects lie apart. Tables are only ever added to. */

/** A table that is made with its first row: whoever asks objects at random for what they do not have makes none. */
export function lazily(sql: DurableSql, name: string, columns: string): DurableSql['all'] {
  let isThere = false
  const look = (): boolean => (isThere ||= sql.all('select 1 from sqlite_schema where name = ?', name).length > 0)
  return (query, ...params) => {
    if (query.startsWith('select')) return look() ? sql.all(query, ...params) : []
    if (!look()) sql.all(`create table if not exists ${name} (${columns}) strict`)
    return sql.all(query, ...params)
  }
}

/** In a repository's object: which one it is. */
export function createHome(sql: DurableSql) {
  const all = lazily(sql, 'object_home', 'only integer primary key check (only = 1), repository integer not null, account integer not null')
  const find = (): Home | null => all<{ repository: number; account: number }>('select repository, account from object_home')[0] ?? null
  let known = find()
  return {
    find: () => known,
    /** False where it was that before. */
    is(home: Home): boolean {
      if (known?.repository === home.repository && known.account === home.account) return false
      all('insert or replace into object_home (only, repository, account) values (1, ?, ?)', home.repository, home.account)
      known = { repository: home.repository, account: home.account }
      return true
    },
  }
}

/** Of which version of somebody's sealed rows there is a copy here, and what others have been told last. */
export function createNotes(sql: DurableSql) {
  const all = lazily(sql, 'object_note', 'name text primary key, note text not null')
  return {
    find: (name: string): string | null => all<{ note: string }>('select note from object_note where name = ?', name)[0]?.note ?? null,
    put: (name: string, note: string): void => void all('insert or replace into object_note (name, note) values (?, ?)', name, note),
    drop: (name: string): void => void all('delete from object_note where name = ?', name),
  }
}

/** In an account's object: its repositories, for the overview, and to reach all of them. */
export function createKnownRepositories(sql: DurableSql) {
  const all = lazily(sql, 'known_repository', 'id integer primary key, newest integer not null, is_waiting integer not null')
  const among = <K extends 'newest' | 'id'>(column: K, ids: readonly number[], where: string) =>
    all<Record<'id' | K, number>>(
      `select id, ${column} from known_repository where ${where} and id in (select value from json_each(?))`,
      JSON.stringify(ids),
    )
  return {
    noted: (repository: number, { newest, isWaiting }: Noted): void =>
      void all('insert or replace into known_repository (id, newest, is_waiting) values (?, ?, ?)', repository, newest, isWaiting ? 1 : 0),
    enrolled: (repository: number): void =>
      void all('insert into known_repository (id, newest, is_waiting) values (?, 0, 0) on conflict do nothing', repository),
    /** GitHub's ids of all of them. */
    ids: (): readonly number[] => all<{ id: number }>('select id from known_repository order by id').map(({ id }) => id),
    active: (ids: readonly number[]) => among('newest', ids, 'newest > 0').map(({ id, newest }) => ({ repository: id, at: newest })),
    waiting: (ids: readonly number[]): readonly number[] => among('id', ids, 'is_waiting = 1').map(({ id }) => id),
  }
}

/** In the operator's object: which accounts have one. */
export function createKnownAccounts(sql: DurableSql) {
  const all = lazily(sql, 'known_account', 'id integer primary key')
  return {
    enroll: (account: number): void => void all('insert into known_account (id) values (?) on conflict do nothing', account),
    ids: (): readonly number[] => all<{ id: number }>('select id from known_account order by id').map(({ id }) => id),
  }
}

/** In a directory's object: who is called so. */
export function createNames(sql: DurableSql) {
  const all = lazily(sql, 'known_name', 'name text primary key, repository integer, account integer not null')
  return {
    find: (name: string) =>
      all<{ repository: number | null; account: number }>('select repository, account from known_name where name = ?', name)[0] ?? null,
    put: (name: string, repository: number | null, account: number): void =>
      void all('insert or replace into known_name (name, repository, account) values (?, ?, ?)', name, repository, account),
    drop: (name: string): void => void all('delete from known_name where name = ?', name),
  }
}

const HOUR = 3_600_000

/** In an account's object: what its repositories' objects have created on GitHub, each by itself. Told twice, it counts once. */
export function createSpentElsewhere(sql: DurableSql) {
  const all = lazily(
    sql,
    'spent_elsewhere',
    'repository integer, installation integer, at integer, creates integer, primary key (repository, installation, at)',
  )
  const until = lazily(sql, 'window_elsewhere', 'installation integer primary key, until integer not null')
  return {
    noted(repository: number, { installation, created, until: its }: Spending, now: number): Spending {
      // Each tells its whole hour every time: what is known already is not written again.
      for (const { at, creates } of created)
        all(
          `insert into spent_elsewhere (repository, installation, at, creates) values (?, ?, ?, ?)
           on conflict (repository, installation, at) do update set creates = excluded.creates where creates <> excluded.creates`,
          ...[repository, installation, at, creates],
        )
      if (created.length > 0) all('delete from spent_elsewhere where at < ?', now - 2 * HOUR)
      if (its > now)
        until(
          'insert into window_elsewhere (installation, until) values (?, ?) on conflict (installation) do update set until = max(until, excluded.until)',
          ...[installation, its],
        )
      return {
        installation,
        created: all<{ at: number; creates: number }>('select at, creates from spent_elsewhere where installation = ? order by at', installation),
        until: until<{ until: number }>('select until from window_elsewhere where installation = ?', installation)[0]?.until ?? 0,
      }
    },
  }
}
