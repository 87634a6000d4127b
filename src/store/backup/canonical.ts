import type { Row, Sql, Value } from '../sql.ts'

/** SHA-256 over texts in UTF-8, one after the other. Synchronous and in pieces, which WebCrypto's is not. */
export interface Hash {
  update(text: string): void
  /** As hex. */
  digest(): string
}

export interface Canonical {
  readonly hash: string
  readonly rows: number
}

/** Rows that are held at once. */
const PAGE = 50
/** `ANALYZE` makes tables `sqlite_stat1` to `sqlite_stat4`, which have no key. */
const IS_CONTENT = `name not like 'sqlite@_stat%' escape '@'`

/**
 * The same for the same content, however its pages lie in the file and whichever SQLite holds it: the schema, then every table in the order of
 * its name, every row in the order of its primary key, every value with its type and length. What SQLite counted for itself is no content.
 */
export function canonicalHash(sql: Sql, hash: Hash): Canonical {
  const schema = sql.all<{ name: string; sql: string }>(`select name, sql from sqlite_schema where sql is not null and ${IS_CONTENT} order by name`)
  hash.update(`gantry content 1;${values(schema.flatMap(({ name, sql: text }) => [name, text]))}`)
  const tables = sql.all<{ name: string }>(`select name from sqlite_schema where type = 'table' and ${IS_CONTENT} order by name`)
  let rows = 0
  for (const { name } of tables) {
    hash.update(`${values([name])}\n`)
    for (const page of pagesOf(sql, name)) {
      for (const row of page) hash.update(`${values(Object.values(row))}\n`)
      rows += page.length
    }
  }
  return { hash: hash.digest(), rows }
}

/** By the primary key; SQLite's own counters of `autoincrement`, which have none, by their name. */
function* pagesOf(sql: Sql, table: string): Generator<readonly Row[]> {
  const columns = sql.all<{ name: string; pk: number }>(`select name, pk from pragma_table_info(?)`, table)
  const key = columns.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk)
  const names = key.length > 0 ? key.map(({ name }) => name) : ['name']
  const list = names.map((name) => `"${name}"`).join(', ')
  for (let after: readonly Value[] | null = null; ;) {
    const where: string = after === null ? '' : `where (${list}) > (${names.map(() => '?').join(', ')})`
    const page: readonly Row[] = sql.all(`select * from "${table}" ${where} order by ${list} limit ${PAGE}`, ...(after ?? []))
    if (page.length > 0) yield page
    const last = page.at(-1)
    if (page.length < PAGE || last === undefined) return
    after = names.map((name) => last[name] ?? null)
  }
}

const values = (all: readonly Value[]): string => all.map(valueText).join('')

function valueText(value: Value): string {
  if (value === null) return 'n;'
  if (typeof value === 'number') return `i${value};`
  if (typeof value === 'string') return `t${value.length}:${value};`
  return `b${value.length}:${Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('')};`
}
