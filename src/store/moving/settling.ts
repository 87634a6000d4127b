import type { AuditEntry } from '../../deploy/audit.ts'
import type { Person } from '../../deploy/deployment.ts'
import { append, type AuditTable, type Mac } from '../audit.ts'
import type { Row, Sql } from '../sql.ts'
import { arriving, forgetArrivals, isOurTurn } from './arriving.ts'
import type { About } from './leaving.ts'
import { isOperators, partIn, TABLES, tablesOf, type Part } from './parts.ts'

export interface Settling {
  /** Of `openArrivals`. */
  readonly nonce: string
  readonly now: number
  readonly mac: Mac
  /** What each part said of itself. */
  readonly parts: readonly About[]
}

/**
 * What has arrived takes its place, inside a transaction, in tables that are empty but for others' (`emptyOf`). Nothing of a row is another one but
 * numbers that belong to a database: places in the order of arrival, the ids of locks, number and MAC of audit records. Throws where it is another's turn.
 */
export function settle(sql: Sql, { nonce, now, mac, parts }: Settling): void {
  if (!isOurTurn(sql, nonce)) throw new Error('another part is arriving at the same place')
  numberDeployments(sql)
  for (const { name } of TABLES) if (!(name in AS_ELSE)) write(sql, name)
  for (const settleTable of Object.values(AS_ELSE)) settleTable(sql)
  for (const table of ['repository_audit', 'account_audit'] as const) writeAnew(sql, table, mac, now, parts)
  forgetArrivals(sql)
}

/** Inside a transaction: nothing of this part's is left; what an object keeps of others' (their sealed rows, whose installation it is of) stays. */
export function emptyOf(sql: Sql, part: Part): void {
  for (const { name } of tablesOf(part).toReversed()) {
    if (name === 'vault_key_check' || (OPERATORS_ALONE.has(name) && !isOperators(part))) continue
    const isShared = name.startsWith('vault_')
    sql.all(`delete from ${name}${isShared ? ' where account = ?' : ''}`, ...(isShared ? [part.id] : []))
  }
}

const OPERATORS_ALONE: ReadonlySet<string> = new Set(['instance', 'caught_up'])

/** Whether an object has what would be lost. What a first start makes by itself is nothing yet. */
export function isEmptyFor(sql: Sql, part: Part): boolean {
  const has = (query: string, ...params: number[]): boolean => sql.all(`${query} limit 1`, ...params).length > 0
  const hasOfRepository = ['deployment', 'delivery', 'answer', 'lock'].some((table) => has(`select 1 from ${table}`))
  if (part.kind === 'repository') return !hasOfRepository && !has('select 1 from repository_audit')
  const hasOfAccount =
    has(`select 1 from vault_record where account = ? and kind not in ('audit', 'registry-token')`, part.id) ||
    has('select 1 from api_token') ||
    has('select 1 from workload_claim') ||
    has(`select 1 from account_audit where action <> 'operator file changed'`)
  return !hasOfAccount && !(isOperators(part) && hasOfRepository)
}

const columnsOf = (sql: Sql, table: string): readonly string[] =>
  sql.all<{ name: string }>('select name from pragma_table_info(?)', table).map(({ name }) => name)

/** As they are; what several parts brought (the check of a key, an installation's delivery) is there once. */
function write(sql: Sql, table: string): void {
  const columns = columnsOf(sql, table).join(', ')
  sql.all(`insert into ${table} (${columns}) select ${columns} from ${arriving(table)} where true order by part, rowid on conflict do nothing`)
}

/**
 * The order in which they arrived, of all parts together. Within a part it is what it was, and never the clock's; between parts the
 * clock's, which counts from the latest that it showed.
 */
const ranked = (table: string, clock: string): string =>
  `select part, own, row_number() over (order by at, part, own) as place from
     (select part, rowid as own, max(${clock}) over (partition by part order by rowid) as at from ${arriving(table)})`

/** From the number that a deployment had in its part to the one that it gets. */
function numberDeployments(sql: Sql): void {
  sql.all(`create table ${arriving('place')} as select r.part, d.sequence as was, r.place from (${ranked('deployment', 'created_at')}) r
    join ${arriving('deployment')} d on d.rowid = r.own`)
  sql.all(`create unique index arriving_place_by_was on ${arriving('place')} (part, was)`)
}

function writeInPlace(sql: Sql, table: string, key: string, places: string): void {
  const columns = columnsOf(sql, table).filter((column) => column !== key)
  sql.all(
    `insert into ${table} (${key}, ${columns.join(', ')}) select p.place, ${columns.map((column) => `t.${column}`).join(', ')}
      from (${places}) p cross join ${arriving(table)} t on t.rowid = p.own where true order by p.place on conflict do nothing`,
  )
}

function writeBelow(sql: Sql, table: string): void {
  const columns = columnsOf(sql, table).filter((column) => column !== 'deployment')
  const list = columns.map((column) => `t.${column}`).join(', ')
  sql.all(
    `insert into ${table} (deployment, ${columns.join(', ')}) select p.place, ${list} from ${arriving(table)} t
      join ${arriving('place')} p on p.part = t.part and p.was = t.deployment`,
  )
}

/** A key that names a lock's id says what was told of that one: no later lock may have it. */
function writeLocks(sql: Sql): void {
  const [highest] = sql.all<{ id: number }>(
    `select coalesce(max(id), 0) as id from (
       select id from ${arriving('lock')}
       union all select cast(substr(key, instr(key, ':lock:') + 6) as integer) from ${arriving('answer')} where key glob 'n:*:lock:*')`,
  )
  const base = highest?.id ?? 0
  if (base === 0) return
  // The number itself is handed out and given back, so that the next one is above it where no lock stands.
  sql.all(`insert into lock (id, repository, environment, lock) values (?, 0, '', '{}')`, base)
  sql.all('delete from lock where id = ?', base)
  writeInPlace(sql, 'lock', 'id', `select ${base} + row_number() over (order by part, rowid) as place, rowid as own from ${arriving('lock')}`)
}

const AS_ELSE: Readonly<Record<string, (sql: Sql) => void>> = {
  deployment: (sql) => writeInPlace(sql, 'deployment', 'sequence', ranked('deployment', 'created_at')),
  step: (sql) => writeBelow(sql, 'step'),
  log_line: (sql) => writeBelow(sql, 'log_line'),
  approval: (sql) => writeBelow(sql, 'approval'),
  delivery: (sql) => writeInPlace(sql, 'delivery', 'sequence', ranked('delivery', 'received_at')),
  announcement: (sql) =>
    writeInPlace(
      sql,
      'announcement',
      'sequence',
      `select row_number() over (order by part, rowid) as place, rowid as own from ${arriving('announcement')}`,
    ),
  environment: (sql) => void sql.all(`insert into environment (key, fence) select key, max(fence) from ${arriving('environment')} group by key`),
  lock: writeLocks,
  repository_audit: () => {},
  account_audit: () => {},
}

interface AuditRow extends Row {
  place: number
  at: number
  repository: number
  person: number | null
  login: string | null
  action: string
  subject: string
  before: string | null
  after: string | null
  why: string | null
  request: string | null
}

const RECORDS = 500

/** First what each part's log was, then its records, chained anew. */
function writeAnew(sql: Sql, table: AuditTable, mac: Mac, now: number, parts: readonly About[]): void {
  const counts = new Map(
    sql.all<{ part: string; n: number }>(`select part, count(*) as n from ${arriving(table)} group by part`).map(({ part, n }) => [part, n]),
  )
  for (const about of parts) {
    const count = counts.get(about.part)
    if (count !== undefined) append(sql, table, mac, partIn(about.part)?.id ?? 0, noteOf(about, table, count, now))
  }
  sql.all(`create table ${arriving(`${table}_place`)} as ${ranked(table, 'at')}`)
  for (let after = 0; ;) {
    const rows = sql.all<AuditRow>(
      `select p.place, t.* from ${arriving(`${table}_place`)} p join ${arriving(table)} t on t.rowid = p.own where p.place > ? order by p.place limit ?`,
      ...[after, RECORDS],
    )
    for (const { person, login, at, action, subject, before, after: then, why, request, repository } of rows) {
      const by = person === null && login === null ? null : ({ id: person, login } as Person)
      append(sql, table, mac, repository, { at, by, action: action as AuditEntry['action'], subject, before, after: then, why, request })
    }
    if (rows.length < RECORDS) return
    after = rows.at(-1)?.place ?? after
  }
}

/** `NUMBER:MAC` is what `gantry audit verify --known` takes. */
function noteOf({ part, audit }: About, table: AuditTable, count: number, at: number): AuditEntry {
  const { number, mac, unkeyed, finding } = audit[table]
  return {
    ...{ at, by: null, action: 'backup restored', subject: `audit log of ${part}`, request: null },
    before: `${count} of the records of a log that ended with ${number}:${mac}${unkeyed === 0 ? '' : `, ${unkeyed} of them without a key`}`,
    ...{ after: 'each as it was but for its number and MAC', why: finding },
  }
}
