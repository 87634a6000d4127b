import type { AuditEntry, AuditHead, AuditLog } from '../deploy/audit.ts'
import type { AccountSql, RepositorySql, Row, Sql } from './sql.ts'

/**
 * The audit log: rows that are only ever added, each with an HMAC over itself and the one before it, so that none can be changed,
 * taken out, put in or moved by whoever has the database and not the key. What is cut off at its end is noticed by whoever knows a
 * later head: every GitHub Deployment carries one. Repositories have one chain (on Workers one each), accounts another.
 */

/** HMAC-SHA-256 as hex, under the log's own key; without one under none, which it says by `UNKEYED` before it. Synchronous, because a transaction is. */
export type Mac = (text: string) => string

/** Whoever can write the database can write such records anew; those that follow under a key bear witness to them. */
export const UNKEYED = 'unkeyed:'

export interface AuditRecord extends AuditEntry {
  /** From 1 on, without a gap. */
  readonly number: number
  /** GitHub's id of the repository; 0 in the log of the accounts. */
  readonly repository: number
  readonly mac: string
}

export type AuditTable = 'repository_audit' | 'account_audit'

/** Inside the transaction of the change that it is about. */
export const appendRepository =
  (sql: RepositorySql, mac: Mac) =>
  (repository: number, entry: AuditEntry): void =>
    append(sql, 'repository_audit', mac, repository, entry)

export const createAuditLog = (sql: RepositorySql, mac: Mac): AuditLog => ({
  note: (repository, entry) => sql.transaction(() => appendRepository(sql, mac)(repository, entry)),
})

/** At start: whoever has the machine may have written another operator file. */
export const noteOperatorFile = (sql: AccountSql, mac: Mac, file: string, at: number): void =>
  sql.transaction(() => {
    const fingerprint = mac(file).slice(0, 16)
    const before =
      sql.all<{ after: string | null }>(`select after from account_audit where action = 'operator file changed' order by number desc limit 1`)[0]
        ?.after ?? null
    if (before === fingerprint) return
    append(sql, 'account_audit', mac, 0, {
      ...{ at, by: null, action: 'operator file changed', subject: 'gantry.yml', before, after: fingerprint, why: null, request: null },
    })
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

/** `unkeyed`: how many records, at its beginning, were written before there was a key. */
export type Verified = { readonly head: AuditHead; readonly unkeyed: number } | { readonly brokenAt: number; readonly sentence: string }

export interface Macs {
  /** Null where there is no key yet. */
  readonly keyed: Mac | null
  readonly unkeyed: Mac
}

/** Whether every record is as it was written, and whether the log still holds the heads that somebody knows from elsewhere. */
export function verifyAudit(sql: Sql, table: AuditTable, { keyed, unkeyed }: Macs, known: readonly AuditHead[] = []): Verified {
  let [last, without] = [NOTHING_YET, 0]
  const anchors = new Map(known.map((head) => [head.number, head.mac]))
  for (const record of auditRecords(sql, table)) {
    const { number } = record
    if (number !== last.number + 1) return broken(last.number + 1, `Record ${last.number + 1} is missing.`)
    const isUnkeyed = record.mac.startsWith(UNKEYED)
    if (isUnkeyed && without < last.number) return broken(number, `Record ${number} was written without the key, after others that have it.`)
    if (!isUnkeyed && keyed === null) return broken(number, `Record ${number} was written under a key that is not here: set GANTRY_KEYS.`)
    if (record.mac !== (isUnkeyed ? unkeyed : (keyed as Mac))(text(record, last.mac)))
      return broken(number, `Record ${number} is not as it was written.`)
    if (anchors.has(number) && anchors.get(number) !== record.mac) return broken(number, `Record ${number} is another one than was known elsewhere.`)
    last = { number, mac: record.mac }
    if (isUnkeyed) without = number
  }
  const longest = Math.max(0, ...anchors.keys())
  if (longest > last.number) return broken(last.number + 1, `The log ends with record ${last.number}, and record ${longest} was known elsewhere.`)
  return { head: last, unkeyed: without }
}

const broken = (brokenAt: number, sentence: string): Verified => ({ brokenAt, sentence })
