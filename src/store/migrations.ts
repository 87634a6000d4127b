import { Failure } from '../errors.ts'
import type { AccountSql, RepositorySql, Sql } from './sql.ts'

const auditTable = (name: string): string => `create table ${name} (
      number integer primary key,
      at integer not null,
      repository integer not null,
      person integer,
      login text,
      action text not null,
      subject text not null,
      before text,
      after text,
      why text,
      request text,
      mac text not null
    ) strict`

/** Numbered, only ever appended to; each has sample rows in `fixtures/migrations/` that must survive all later ones. */
export const repositoryMigrations: readonly string[][] = [
  [
    `create table deployment (
      sequence integer primary key autoincrement,
      id text not null unique,
      key text not null unique,
      repository integer not null,
      subject integer not null,
      state text not null,
      environment text,
      request text not null,
      plan text,
      plan_hash text,
      fence integer,
      before text,
      problem text,
      already_running integer not null default 0,
      is_quiet integer not null default 0,
      settled_at integer,
      created_at integer not null,
      ended_at integer
    ) strict`,
    // The lock of an environment: at most one row in these states (waiting holds nothing, an unsettled `unknown` does).
    `create unique index one_occupant on deployment (environment)
      where state in ('applying', 'observing') or (state = 'unknown' and settled_at is null)`,
    `create index deployment_by_environment on deployment (environment, sequence)`,
    `create index deployment_by_subject on deployment (repository, subject, sequence)`,
    `create index deployment_open on deployment (sequence) where ended_at is null`,
    `create index deployment_open_by_environment on deployment (environment, sequence) where ended_at is null`,
    `create table step (
      deployment integer not null references deployment (sequence),
      n integer not null,
      name text not null,
      started_at integer not null,
      ended_at integer,
      outcome text not null default 'running',
      note text,
      primary key (deployment, n)
    ) strict, without rowid`,
    `create table log_line (
      deployment integer not null references deployment (sequence),
      n integer not null,
      line text not null,
      primary key (deployment, n)
    ) strict, without rowid`,
    `create table environment (key text primary key, fence integer not null) strict, without rowid`,
    `create table delivery (
      sequence integer primary key autoincrement,
      key text not null unique,
      guid text not null,
      event text not null,
      payload text not null,
      received_at integer not null,
      handled_at integer
    ) strict`,
    `create index delivery_pending on delivery (sequence) where handled_at is null`,
    `create table answer (key text primary key, answer text not null) strict, without rowid`,
    `create table announcement (
      sequence integer primary key autoincrement,
      key text not null unique,
      is_complete integer not null default 0
    ) strict`,
    `create index announcement_incomplete on announcement (sequence) where is_complete = 0`,
    `create table said (
      key text not null,
      surface text not null,
      node text,
      number integer,
      hash text,
      intent text,
      is_gone integer not null default 0,
      primary key (key, surface)
    ) strict, without rowid`,
  ],
  [`alter table delivery add column missed text`],
  [
    ...['rules', 'wait', 'verdicts', 'built', 'proved', 'cancellation'].map((column) => `alter table deployment add column ${column} text`),
    `alter table said add column intended_at integer`,
    `alter table deployment add column restore_fence integer`,
    `drop index one_occupant`,
    `create unique index one_occupant on deployment (environment)
      where state in ('applying', 'observing', 'restoring') or (state = 'unknown' and settled_at is null)`,
    `create index deployment_succeeded on deployment (environment, fence, sequence) where state = 'success'`,
    `create table approval (
      deployment integer not null references deployment (sequence),
      person integer not null,
      login text not null,
      plan_hash text not null,
      is_approval integer not null,
      reason text,
      at integer not null,
      primary key (deployment, person)
    ) strict, without rowid`,
    // `environment` is app/environment, or * for the whole repository.
    `create table lock (
      id integer primary key autoincrement,
      repository integer not null,
      environment text not null,
      lock text not null,
      subject integer,
      cause text unique,
      until integer,
      is_reminded integer not null default 0,
      unique (repository, environment)
    ) strict`,
    `create table head (
      repository integer not null,
      pull integer not null,
      head text not null,
      at integer not null,
      primary key (repository, pull)
    ) strict, without rowid`,
    `create table drift (
      environment text primary key,
      deployment text not null,
      seen text not null,
      at integer not null
    ) strict, without rowid`,
  ],
  [
    auditTable('repository_audit'),
    `create index repository_audit_configuration on repository_audit (repository, number) where action = 'configuration changed'`,
  ],
  [`create index deployment_by_repository on deployment (repository, sequence)`],
  [
    `create table spent_token (id text primary key, until integer not null) strict, without rowid`,
    `create index spent_token_until on spent_token (until)`,
  ],
  [
    // What the limits said to it, once.
    `alter table delivery add column admission text`,
    // Until when a person hears no more of them in a repository.
    `create table told_limit (
      repository integer not null,
      person integer not null,
      until integer not null,
      primary key (repository, person)
    ) strict, without rowid`,
    `create index deployment_open_by_account on deployment (json_extract(request, '$.repository.account')) where ended_at is null`,
    `create index repository_audit_by_repository on repository_audit (repository, number)`,
  ],
  [`create index deployment_waiting on deployment (repository, sequence) where state = 'waiting'`],
]

export const accountMigrations: readonly string[][] = [
  [
    // One workload of a target belongs to one environment, or two queues would fight over it.
    `create table workload_claim (
      target text not null,
      workload text not null,
      environment text not null,
      label text not null,
      primary key (target, workload)
    ) strict, without rowid`,
    `create table instance (only integer primary key check (only = 1), id text not null) strict`,
  ],
  [
    `create table renewal (
      credential text primary key,
      minted_at integer not null,
      ends_at integer not null,
      due_at integer not null,
      failures integer not null default 0
    ) strict, without rowid`,
  ],
  [`create table caught_up (only integer primary key check (only = 1), until integer not null) strict`],
  [
    // By time first: forgetting what is older than an hour is then a range.
    `create table github_creation (
      at integer not null,
      installation integer not null,
      creates integer not null,
      primary key (at, installation)
    ) strict, without rowid`,
    `create table github_window (installation integer primary key, until integer not null) strict`,
  ],
  [
    // Of each key that wraps others (KEK): something that only it can open.
    `create table vault_key_check (kek text primary key, value blob not null) strict, without rowid`,
    `create table vault_key (
      account integer not null,
      kid text not null,
      kek text not null,
      wrapped blob not null,
      is_retiring integer not null default 0,
      primary key (account, kid)
    ) strict, without rowid`,
    `create unique index one_current_vault_key on vault_key (account) where is_retiring = 0`,
    `create index vault_key_by_kek on vault_key (kek)`,
    `create table vault_account (account integer primary key, kid text not null, counter integer not null, mac blob not null) strict`,
    // Apart from the records: a record that is damaged then spoils nothing but itself.
    `create table vault_inventory (
      account integer not null,
      kind text not null,
      id text not null,
      field text not null,
      version integer not null,
      stamp text not null,
      primary key (account, kind, id, field)
    ) strict, without rowid`,
    `create table vault_record (
      account integer not null,
      kind text not null,
      id text not null,
      field text not null,
      version integer not null,
      sealed blob not null,
      primary key (account, kind, id, field)
    ) strict`,
    auditTable('account_audit'),
  ],
  [
    // Of the token itself only a hash.
    `create table api_token (
      id text primary key,
      account integer not null,
      name text not null,
      hash text not null,
      scope text not null,
      made_by integer not null,
      made_by_login text not null,
      made_at integer not null,
      expires_at integer not null,
      last_used_at integer,
      revoked_at integer
    ) strict, without rowid`,
    `create unique index one_api_token on api_token (account, name) where revoked_at is null`,
  ],
  [
    `create table rate_limit (name text not null, key text not null, full integer not null, primary key (name, key)) strict, without rowid`,
    `create index rate_limit_by_full on rate_limit (full)`,
    // In the log of the accounts `repository` is the account.
    `create index account_audit_by_account on account_audit (repository, number)`,
  ],
  [
    // Of the cookie only a hash.
    `create table session (
      hash text primary key,
      person integer not null,
      since integer not null,
      until integer not null,
      session text not null
    ) strict`,
    `create index session_by_person on session (person, since)`,
    `create index session_by_until on session (until)`,
  ],
]

export function migrateRepositories(sql: RepositorySql): void {
  migrate(sql, 'repository_migration', repositoryMigrations)
}

export function migrateAccounts(sql: AccountSql): void {
  migrate(sql, 'account_migration', accountMigrations)
}

// The version is a row: a Durable Object refuses `pragma user_version`.
function migrate(sql: Sql, table: string, migrations: readonly string[][]): void {
  sql.all(`create table if not exists ${table} (version integer primary key) strict`)
  const done = sql.all<{ version: number | null }>(`select max(version) as version from ${table}`)[0]?.version ?? 0
  if (done > migrations.length) throw tooNew(done, migrations.length)
  migrations.slice(done).forEach((statements, index) => {
    sql.transaction(() => {
      for (const statement of statements) sql.all(statement)
      sql.all(`insert into ${table} (version) values (?)`, done + index + 1)
    })
  })
}

const tooNew = (found: number, known: number): Failure =>
  new Failure('SETTING_INVALID', {
    sentence: 'The database was written by a newer version of Gantry.',
    found: `schema ${found}`,
    wanted: `schema ${known} or older`,
    next: 'Start the newer version, or restore a backup from before the upgrade.',
  })
