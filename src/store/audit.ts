import type { AuditEntry, AuditHead, AuditLog } from '../deploy/audit.ts'
import { quoted } from '../deploy/wording.ts'
import type { AccountSql, RepositorySql, Row, Sql } from './sql.ts'

/**
 * The audit log: rows that are only ever added, each with an HMAC over itself and the one before it, so that none can be changed,
 * taken out, put in or moved by whoever has the database and not the key. What is cut off at its end is noticed by whoever knows a
 * later head: every GitHub Deployment carries one. Repositories have one chain (on Workers one each), accounts another.
 */

/** HMAC-SHA-256 (RFC 2104) as hex. Synchronous, because a transaction is: WebCrypto's is not. */
export type Hmac = (key: Uint8Array, text: string) => string

/** What the log's records are chained with. */
export interface Mac {
  /** Eight characters that tell one key from another; `UNKEYED` for none. Each record's `mac` begins with it. */
  readonly id: string
  of(text: string): string
}

/** Whoever can write the database can write such records anew; those that follow under a key bear witness to them. */
const UNKEYED = 'unkeyed'

/** Null: without a key an honest mistake is noticed, somebody who forges is not. */
export function macUnder(hmac: Hmac, key: Uint8Array | null): Mac {
  const bytes = key ?? new Uint8Array()
  const id = key === null ? UNKEYED : hmac(bytes, 'gantry audit key').slice(0, 8)
  return { id, of: (text) => `${id}:${hmac(bytes, text)}` }
}

export interface AuditRecord extends AuditEntry {
  /** From 1 on, without a gap. */
  readonly number: number
  /** GitHub's id of the repository, in the log of the accounts that of the account; 0 for what happened to all of them, or to the operator's own. */
  readonly repository: number
  readonly mac: string
}

export type AuditTable = 'repository_audit' | 'account_audit'

/** Inside the transaction of the change that it is about. */
export const appendRepository =
  (sql: RepositorySql, mac: Mac) =>
  (repository: number, entry: AuditEntry): void =>
    append(sql, 'repository_audit', mac, repository, entry)

export const appendAccount =
  (sql: AccountSql, mac: Mac) =>
  (account: number, entry: AuditEntry): void =>
    append(sql, 'account_audit', mac, account, entry)

/** By whoever has the machine, inside the transaction of what it is about; `after`: what comes of it, in words. */
export const noteOperator = (sql: AccountSql, mac: Mac, entry: Pick<AuditEntry, 'at' | 'action' | 'subject' | 'after'>): void =>
  append(sql, 'account_audit', mac, 0, { ...entry, by: null, before: null, why: null, request: null })

/** Tells one text from another and nothing of either, to whoever has not the key: the key's id and twelve hexadecimal digits. */
export const fingerprintOf = (mac: Mac, text: string): string => mac.of(text).slice(0, mac.id.length + 13)

export const createAuditLog = (sql: RepositorySql, mac: Mac): AuditLog => ({
  note: (repository, entry) => sql.transaction(() => appendRepository(sql, mac)(repository, entry)),
})

/** At start: whoever has the machine may have written another operator file. `fingerprint`: of its text, the same under every key. */
export const noteOperatorFile = (sql: AccountSql, mac: Mac, fingerprint: string, at: number): void =>
  sql.transaction(() => {
    const before =
      sql.all<{ after: string | null }>(`select after from account_audit where action = 'operator file changed' order by number desc limit 1`)[0]
        ?.after ?? null
    if (before === fingerprint) return
    append(sql, 'account_audit', mac, 0, {
      ...{ at, by: null, action: 'operator file changed', subject: 'gantry.yml', before, after: fingerprint, why: null, request: null },
    })
  })

/** A backup was made or restored; `after` is the SHA-256 of its manifest. */
export const noteBackup = (sql: AccountSql, mac: Mac, entry: BackupEntry): void =>
  append(sql, 'account_audit', mac, 0, { ...entry, by: null, before: null, request: null })

/** The same in the log of the repositories. Both are called inside a transaction. */
export const noteBackupOfRepositories = (sql: RepositorySql, mac: Mac, entry: BackupEntry): void =>
  append(sql, 'repository_audit', mac, 0, { ...entry, by: null, before: null, request: null })

export interface BackupEntry extends Pick<AuditEntry, 'at' | 'after' | 'why'> {
  readonly action: 'backup made' | 'backup restored'
  /** The backup's name as Gantry gives it. */
  readonly subject: string
}

/** Inside a transaction. Whoever moves a log elsewhere gives it its records one after the other, so that they get another number and MAC and nothing else. */
export function append(sql: Sql, table: AuditTable, mac: Mac, repository: number, entry: AuditEntry): void {
  const last = auditHead(sql, table)
  const number = last.number + 1
  const { at, by, action, subject, before, after, why, request } = entry
  sql.all(
    `insert into ${table} (number, at, repository, person, login, action, subject, before, after, why, request, mac)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[number, at, repository, by?.id ?? null, by?.login ?? null, action, subject, before, after, why, request],
    mac.of(text({ ...entry, number, repository }, last.mac)),
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

/** One repository's, or one account's, the newest first: those before the record of this number; null: from the newest on. */
export const auditPage = (sql: Sql, table: AuditTable, whose: number, before: number | null, limit: number): readonly AuditRecord[] =>
  sql
    .all<AuditRow>(
      `select * from ${table} where repository = ? and number < ? order by number desc limit ?`,
      ...[whose, before ?? Number.MAX_SAFE_INTEGER, limit],
    )
    .map(recordOf)

const recordOf = ({ person, login, ...row }: AuditRow): AuditRecord => ({
  ...(row as Omit<AuditRecord, 'by'>),
  by: person === null && login === null ? null : ({ id: person, login } as AuditRecord['by']),
})

/** `unkeyed`: how many records, at its beginning, were written before there was a key. */
export type Verified =
  | { readonly head: AuditHead; readonly unkeyed: number }
  /** `isUnproved`: nothing is known to be wrong, and from there on the key is not here that could prove it. */
  | { readonly brokenAt: number; readonly sentence: string; readonly isUnproved?: true }

/** Records whose key is not here; only that none is missing, and what follows them or is known from elsewhere, bears witness to them. */
interface Unproved {
  readonly from: number
  readonly key: string
  readonly count: number
}

/** Whether every record is as it was written, and whether the log still holds the heads that somebody knows from elsewhere. */
export function verifyAudit(sql: Sql, table: AuditTable, macs: readonly Mac[], known: readonly AuditHead[] = []): Verified {
  let [last, unkeyed] = [NOTHING_YET, 0]
  let unproved: Unproved | null = null
  for (const record of auditRecords(sql, table)) {
    const { number } = record
    if (number !== last.number + 1) return broken(last.number + 1, `Record ${last.number + 1} is missing.`, unproved)
    const [id = ''] = record.mac.split(':')
    const mac = macs.find((one) => one.id === id)
    if (id === UNKEYED && unkeyed < last.number)
      return broken(number, `Record ${number} was written without the key, after others that have it.`, unproved)
    if (mac === undefined) unproved = oneMore(unproved, { from: number, key: id, count: 1 })
    else if (record.mac !== mac.of(text(record, last.mac))) return broken(number, `Record ${number} is not as it was written.`, unproved)
    if (known.some((head) => head.number === number && head.mac !== record.mac))
      return broken(number, `Record ${number} is another one than was known elsewhere.`, unproved)
    last = { number, mac: record.mac }
    if (id === UNKEYED) unkeyed = number
  }
  const longest = known.reduce((most, head) => Math.max(most, head.number), 0)
  if (longest > last.number)
    return broken(last.number + 1, `The log ends with record ${last.number}, and record ${longest} was known elsewhere.`, unproved)
  if (unproved !== null) return { brokenAt: unproved.from, sentence: unprovedWords(unproved), isUnproved: true }
  return { head: last, unkeyed }
}

const oneMore = (before: Unproved | null, one: Unproved): Unproved => (before === null ? one : { ...before, count: before.count + 1 })

/** What is not proved stands before it, and may be where it began. */
const broken = (number: number, sentence: string, unproved: Unproved | null): Verified =>
  unproved === null ? { brokenAt: number, sentence } : { brokenAt: unproved.from, sentence: `${unprovedWords(unproved)} ${sentence}` }

const unprovedWords = ({ from, key, count }: Unproved): string =>
  count === 1
    ? `Record ${from} was written under the key ${quoted(key)}, which is not here.`
    : `${count} records, the first of them ${from}, were written under the key ${quoted(key)} or another one that is not here.`
