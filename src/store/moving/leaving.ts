import { auditHead, verifyAudit, type AuditTable, type Mac } from '../audit.ts'
import { accountMigrations, repositoryMigrations } from '../migrations.ts'
import type { Row, Sql, Value } from '../sql.ts'
import { partName, tablesOf, type Part } from './parts.ts'

/** What a part says of itself before its rows. */
export interface About {
  readonly part: string
  /** Numbers of the newest migrations: rows of another version are not taken. */
  readonly schema: Schema
  /** The lowest generation that fences may have where it arrives (`deploy/fence.ts`). */
  readonly generation: number
  readonly audit: Readonly<Record<AuditTable, Chain>>
}

export interface Schema {
  readonly repositories: number
  readonly accounts: number
}

export const SCHEMA: Schema = { repositories: repositoryMigrations.length, accounts: accountMigrations.length }

/** The audit log that a part's records come from. */
export interface Chain {
  /** Its last record, 0 and nothing where it has none. */
  readonly number: number
  readonly mac: string
  /** How many records, at its beginning, had no key. */
  readonly unkeyed: number
  /** What is wrong with it; null where it is as it was written. */
  readonly finding: string | null
}

/** Reads all of it: once for all parts of a database. */
export function chainsOf(sql: Sql, macs: readonly Mac[]): About['audit'] {
  const chainOf = (table: AuditTable): Chain => {
    const verified = verifyAudit(sql, table, macs)
    const isBroken = 'sentence' in verified
    return { ...auditHead(sql, table), unkeyed: isBroken ? 0 : verified.unkeyed, finding: isBroken ? verified.sentence : null }
  }
  return { repository_audit: chainOf('repository_audit'), account_audit: chainOf('account_audit') }
}

export interface Leaving {
  readonly part: Part
  /** Where its rows are: in a database with everybody's, or in an object of their own. */
  readonly from: 'whole' | 'object'
  readonly generation: number
  readonly audit: About['audit']
  /** Never used before: tells this reading from another one of the same part. */
  readonly nonce: string
}

/** Rows that are held at once: the longest are secrets of 64 KiB. */
const PAGE = 100

/** Rows as they are written: `{"table":"deployment","row":{…}}`. */
const lineOf = (table: string, row: Row): string =>
  `${JSON.stringify({ table, row: Object.fromEntries(Object.entries(row).map(([column, value]) => [column, written(value)])) })}\n`

/** Bytes as `{"base64":"…"}`. */
function written(value: Value): string | number | null | { readonly base64: string } {
  if (!(value instanceof Uint8Array)) return value
  let text = ''
  for (let at = 0; at < value.length; at += 8_192) text += String.fromCharCode(...value.subarray(at, at + 8_192))
  return { base64: btoa(text) }
}

/**
 * A part as lines of JSON: what it says of itself, a line for each row, and last how many they were. All of it is as it was when the first
 * line was asked for, however long the reader takes: copied in one transaction, and read from there. Throws where another reading of the same database has begun.
 */
export function* linesOf(sql: Sql, { part, from, generation, audit, nonce }: Leaving): Generator<string> {
  const tables = tablesOf(part)
  sql.transaction(() => {
    forgetCopy(sql)
    sql.all('create table leaving (nonce text primary key) strict')
    sql.all('insert into leaving (nonce) values (?)', nonce)
    for (const { name, inWhole, inObject } of tables) {
      sql.all(`create table leaving_${name} as select * from ${name} limit 0`)
      const select = from === 'whole' ? inWhole : inObject
      sql.all(`insert into leaving_${name} ${select}`, ...(select.includes('?1') ? [part.id] : []))
    }
    // Nobody handles those where they arrive, as after every restore; and one of 25 MB would fit into no object.
    if (tables.some(({ name }) => name === 'delivery')) sql.all(`update leaving_delivery set payload = ''`)
  })
  try {
    yield `${JSON.stringify({ part: partName(part), schema: SCHEMA, generation, audit } satisfies About)}\n`
    let rows = 0
    for (const { name } of tables)
      for (const page of pagesOf(sql, name, nonce)) {
        rows += page.length
        for (const row of page) yield lineOf(name, row)
      }
    yield `${JSON.stringify({ rows })}\n`
  } finally {
    sql.transaction(() => {
      if (isOurs(sql, nonce)) forgetCopy(sql)
    })
  }
}

function* pagesOf(sql: Sql, table: string, nonce: string): Generator<readonly Row[]> {
  for (let after = 0; ;) {
    if (!isOurs(sql, nonce)) throw new Error('another reading of the same part has begun')
    const page = sql.all<Row & { place_of_it: number }>(
      `select rowid as place_of_it, * from leaving_${table} where rowid > ? order by rowid limit ?`,
      ...[after, PAGE],
    )
    yield page.map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => column !== 'place_of_it')))
    if (page.length < PAGE) return
    after = page.at(-1)?.place_of_it ?? after
  }
}

const isOurs = (sql: Sql, nonce: string): boolean =>
  sql.all(`select 1 from sqlite_schema where name = 'leaving'`).length > 0 && sql.all('select 1 from leaving where nonce = ?', nonce).length > 0

/** What a reading left that nobody ended. */
function forgetCopy(sql: Sql): void {
  for (const { name } of sql.all<{ name: string }>(
    `select name from sqlite_schema where type = 'table' and (name = 'leaving' or name glob 'leaving_*')`,
  ))
    sql.all(`drop table ${name}`)
}
