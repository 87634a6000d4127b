import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Row, Value } from '../../src/store/sql.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import type { Disk } from './host.ts'

/** Its content is the whole database, for `memorySql` of another one. */
export type MemorySql = Disk

/** SQLite itself, without a file: for tests that need its statements and indexes, and hundreds of fresh ones. */
export function memorySql(content?: Uint8Array): MemorySql {
  const database = new DatabaseSync(':memory:', { enableForeignKeyConstraints: true })
  if (content !== undefined) database.deserialize(content)
  const statements = new Map<string, StatementSync>()
  const prepared = (query: string): StatementSync => {
    const known = statements.get(query) ?? database.prepare(query)
    statements.set(query, known)
    return known
  }
  return {
    all: <R extends Row>(query: string, ...params: Value[]) => prepared(query).all(...params) as R[],
    transaction(work) {
      if (database.isTransaction) throw new Error('a transaction inside a transaction')
      database.exec('begin immediate')
      try {
        const result = work()
        if (result instanceof Promise) throw new TypeError('a transaction cannot wait: its work returned a promise')
        database.exec('commit')
        return result
      } catch (error) {
        if (database.isTransaction) database.exec('rollback')
        throw error
      }
    },
    content: () => database.serialize(),
    close: () => database.close(),
  }
}

/** The same with every table that there is. */
export function memoryDatabase(): MemorySql {
  template ??= migrated()
  return memorySql(template)
}

// Copied, because making the tables takes longer than most of what is tested in them.
let template: Uint8Array | undefined

function migrated(): Uint8Array {
  const sql = memorySql()
  migrateRepositories(sql)
  migrateAccounts(sql)
  return sql.content()
}
