import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqlite } from '../../src/runtime/sqlite.ts'
import { memorySql } from '../world/memory-sql.ts'
import { describeJournal } from './journal.contract.ts'

describeJournal('SQLite in memory', () => {
  const sql = memorySql()
  return { sql, close: () => sql.close() }
})

describeJournal('SQLite in one file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-journal-'))
  const sql = openSqlite(join(folder, 'gantry.db'))
  return {
    sql,
    close() {
      sql.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})
