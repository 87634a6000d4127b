import { notOurs } from '../backup/manifest.ts'
import { Failure } from '../../errors.ts'
import type { Row, Sql, Value } from '../sql.ts'
import { SCHEMA, type About } from './leaving.ts'
import { partName, TABLES, tablesOf, type Part } from './parts.ts'

/**
 * Parts on their way in, in tables of their own beside those that they are for: nothing of them counts before all of it is there. One
 * database takes one part (an object) or all of them (a whole one) and then settles them, once.
 */
export interface Arrivals {
  /** All lines of a part, as `linesOf` gave them; a part that comes again takes the place of what came of it. Throws BACKUP_BROKEN, BACKUP_REFUSED. */
  take(part: Part, lines: AsyncIterable<string> | Iterable<string>): Promise<About>
  /** The vault's rows among them, to be read and not written: the audit logs' key is there before anything is settled. */
  readonly vault: Sql
  /** Nothing comes of it. */
  giveUp(): void
}

export const arriving = (table: string): string => `arriving_${table}`

/** Characters of lines that are written in one transaction. */
const AT_ONCE = 1024 * 1024

/** `nonce`: never used before. What another one had begun in the same database ends: it is told so by an error. */
export function openArrivals(sql: Sql, nonce: string): Arrivals {
  sql.transaction(() => {
    forgetArrivals(sql)
    sql.all('create table arriving (nonce text primary key) strict')
    sql.all('insert into arriving (nonce) values (?)', nonce)
    for (const { name } of TABLES) sql.all(`create table ${arriving(name)} as select '' as part, * from ${name} limit 0`)
  })
  const inOurTurn = (work: () => void): void =>
    sql.transaction(() => {
      if (!isOurTurn(sql, nonce)) throw new Error('another part is arriving at the same place')
      work()
    })
  const known = new Set<string>()
  return {
    async take(part, lines) {
      const isAgain = known.has(partName(part))
      known.add(partName(part))
      inOurTurn(() => {
        for (const { name } of isAgain ? TABLES : []) sql.all(`delete from ${arriving(name)} where part = ?`, partName(part))
      })
      const reader = readerOf(sql, part, inOurTurn)
      for await (const line of lines) reader.read(line)
      return reader.end()
    },
    giveUp: () => {
      sql.transaction(() => {
        if (isOurTurn(sql, nonce)) forgetArrivals(sql)
      })
    },
    vault: {
      all: (query, ...params) => sql.all(query.replaceAll(/\bvault_(?=key|account|inventory|record)/g, 'arriving_vault_'), ...params),
      transaction: (work) => sql.transaction(work),
    },
  }
}

/** Inside a transaction. */
export function forgetArrivals(sql: Sql): void {
  const tables = sql.all<{ name: string }>(`select name from sqlite_schema where type = 'table' and (name = 'arriving' or name glob 'arriving_*')`)
  for (const { name } of tables) sql.all(`drop table ${name}`)
}

export const isOurTurn = (sql: Sql, nonce: string): boolean =>
  sql.all(`select 1 from sqlite_schema where name = 'arriving'`).length > 0 && sql.all('select 1 from arriving where nonce = ?', nonce).length > 0

function readerOf(sql: Sql, part: Part, inOurTurn: (work: () => void) => void) {
  const known = new Set(tablesOf(part).map(({ name }) => name))
  let about: About | null = null
  let [rows, told, characters] = [0, null as number | null, 0]
  let held: (readonly [table: string, row: Row])[] = []
  const write = (): void => {
    const these = held
    held = []
    characters = 0
    inOurTurn(() => {
      for (const [table, row] of these) insert(sql, part, table, row)
    })
  }
  return {
    read(line: string): void {
      const found = parsed(line)
      if (told !== null) throw notOurs('something behind the end of a part')
      if (about === null) about = aboutIn(found, part)
      else if ('table' in found) {
        const { table, row } = rowIn(found)
        if (!known.has(table)) throw notOurs(`rows of ${table.slice(0, 40)} in ${partName(part)}`)
        held.push([table, row])
        rows += 1
        characters += line.length
        if (characters >= AT_ONCE) write()
      } else told = Number(found['rows'])
    },
    end(): About {
      write()
      if (about === null || told !== rows) throw notOurs(`${rows} rows of ${told ?? 'a part without an end'}`)
      return about
    },
  }
}

function insert(sql: Sql, part: Part, table: string, row: Row): void {
  const columns = Object.keys(row)
  // They become a part of a statement.
  if (!columns.every((column) => /^[a-z_]{1,40}$/.test(column))) throw notOurs(`a column of ${table} that there is not`)
  sql.all(
    `insert into ${arriving(table)} (part, ${columns.map((column) => `"${column}"`).join(', ')}) values (?${', ?'.repeat(columns.length)})`,
    ...[partName(part), ...Object.values(row)],
  )
}

type Found = Readonly<Record<string, unknown>>

function parsed(line: string): Found {
  try {
    const found: unknown = JSON.parse(line)
    if (typeof found === 'object' && found !== null) return found as Found
  } catch {
    // Said below.
  }
  throw notOurs('a line that is no JSON')
}

function aboutIn(found: Found, part: Part): About {
  // What is sealed comes from a Gantry, so its form is trusted; its version and whose it is are not.
  const about = found as unknown as About
  if (about.part !== partName(part)) throw notOurs(`${about.part} instead of ${partName(part)}`)
  const { repositories, accounts } = about.schema
  if (repositories === SCHEMA.repositories && accounts === SCHEMA.accounts) return about
  throw new Failure('BACKUP_REFUSED', {
    sentence: 'The two installations of Gantry are not of the same version.',
    found: `schema ${repositories} and ${accounts}`,
    wanted: `schema ${SCHEMA.repositories} and ${SCHEMA.accounts}`,
    next: 'Bring both to the same version, and ask again.',
  })
}

function rowIn({ table, row }: Found): { readonly table: string; readonly row: Row } {
  if (typeof table !== 'string' || typeof row !== 'object' || row === null) throw notOurs('a row that is none')
  return { table, row: Object.fromEntries(Object.entries(row).map(([column, value]) => [column, valueIn(value)])) }
}

function valueIn(value: unknown): Value {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  const { base64 } = value as { readonly base64?: unknown }
  if (typeof base64 === 'string') return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  throw notOurs('a value that SQLite does not have')
}
