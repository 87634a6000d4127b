import type { AuditEntry, AuditLog } from '../deploy/audit.ts'
import type { AccountSql, RepositorySql, Row, Sql } from './sql.ts'

/**
 * The audit log: rows that are only ever added, each with an HMAC over itself and the one before it, so that none can be changed,
 * taken out, put in or moved by whoever has the database and not the key. What is cut off at its end is noticed by whoever knows a
 * later head: every GitHub Deployment carries one. Repositories have one chain (on Workers one each), accounts another.
 */

/** HMAC-SHA-256 under the log's own key, as hex. Synchronous, because a transaction is. */
export type Mac = (text: string) => string

export interface AuditRecord extends AuditEntry {
  /** From 1 on, without a gap. */
  readonly number: number
  /** GitHub's id of the repository; 0 in the log of the accounts. */
  readonly repository: number
  readonly mac: string
}

/** The last record: enough to see that nothing was cut off since. */
export interface AuditHead {
  readonly number: number
  readonly mac: string
}

export type AuditTable = 'repository_audit' | 'account_audit'

/** Inside the transaction of the change that it is about. */
export type Append = (entry: AuditEntry) => void

export const appendRepository =
  (sql: RepositorySql, mac: Mac) =>
  (repository: number, entry: AuditEntry): void =>
    append(sql, 'repository_audit', mac, repository, entry)

export const appendAccount =
  (sql: AccountSql, mac: Mac): Append =>
  (entry) =>
    append(sql, 'account_audit', mac, 0, entry)

export const createAuditLog = (sql: RepositorySql, mac: Mac): AuditLog => ({
  note: (repository, entry) => sql.transaction(() => appendRepository(sql, mac)(repository, entry)),
})

function append(sql: Sql, table: AuditTable, mac: Mac, repository: number, entry: AuditEntry): void {
  const last = auditHead(sql, table)
  const number = last.number + 1
  const { at, by, action, subject, before, after, why, request } = entry
  sql.all(
    `insert into ${table} (number, at, repository, person, login, action, subject, before, after, why, request, mac)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[number, at, repository, by?.id ?? null, by?.login ?? null, action, subject, before, after, why, request],
    mac(text({ ...entry, number, repository }, last.mac)),
  )
}

/** Unambiguous, whatever the values hold: a JSON array of them all. */
const text = ({ number, repository, at, by, action, subject, before, after, why, request }: Omit<AuditRecord, 'mac'>, previous: string): string =>
  JSON.stringify([
    'gantry audit 1',
    number,
    repository,
    at,
    by?.id ?? null,
    by?.login ?? null,
    action,
    subject,
    before,
    after,
    why,
    request,
    previous,
  ])

const NOTHING_YET: AuditHead = { number: 0, mac: '' }

export const auditHead = (sql: Sql, table: AuditTable): AuditHead =>
  sql.all<{ number: number; mac: string }>(`select number, mac from ${table} order by number desc limit 1`)[0] ?? NOTHING_YET

interface AuditRow extends Row {
  number: number
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
  mac: string
}

const PAGE = 500

/** In order; read in pages, so that a log of any length fits. */
export function* auditRecords(sql: Sql, table: AuditTable): Generator<AuditRecord> {
  for (let after = Number.MIN_SAFE_INTEGER; ;) {
    const rows = sql.all<AuditRow>(`select * from ${table} where number > ? order by number limit ?`, after, PAGE)
    for (const row of rows) yield recordOf(row)
    if (rows.length < PAGE) return
    after = rows.at(-1)?.number ?? after
  }
}

const recordOf = ({ person, login, ...row }: AuditRow): AuditRecord => ({
  ...(row as Omit<AuditRecord, 'by'>),
  by: person === null && login === null ? null : ({ id: person, login } as AuditRecord['by']),
})

export type Verified = { readonly head: AuditHead } | { readonly brokenAt: number; readonly sentence: string }

/** Whether every record is as it was written, and whether the log still holds the heads that somebody knows from elsewhere. */
export function verifyAudit(sql: Sql, table: AuditTable, mac: Mac, known: readonly AuditHead[] = []): Verified {
  let last = NOTHING_YET
  const anchors = new Map(known.map((head) => [head.number, head.mac]))
  for (const record of auditRecords(sql, table)) {
    if (record.number !== last.number + 1) return broken(last.number + 1, `Record ${last.number + 1} is missing.`)
    if (record.mac !== mac(text(record, last.mac))) return broken(record.number, `Record ${record.number} is not as it was written.`)
    if (anchors.has(record.number) && anchors.get(record.number) !== record.mac)
      return broken(record.number, `Record ${record.number} is another one than was known elsewhere.`)
    last = { number: record.number, mac: record.mac }
  }
  const longest = Math.max(0, ...anchors.keys())
  return longest > last.number
    ? broken(last.number + 1, `The log ends with record ${last.number}, and record ${longest} was known elsewhere.`)
    : { head: last }
}

const broken = (brokenAt: number, sentence: string): Verified => ({ brokenAt, sentence })
