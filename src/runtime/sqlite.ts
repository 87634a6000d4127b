import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { Failure } from '../errors.ts'
import type { Row, Sql, Value } from '../store/sql.ts'

/** "GANT": says in the file's header whose database it is. */
const APPLICATION_ID = 0x47414e54

export interface SqliteDatabase extends Sql {
  close(): void
}

/**
 * Opens (or makes) the database in one file: WAL, every commit synced to the disk. Throws SETTING_INVALID where the file
 * is in use by another process, is not ours, or cannot be opened.
 */
export function openSqlite(path: string): SqliteDatabase {
  makeFile(path)
  const lock = takeLock(path)
  try {
    return sqlOver(openDatabase(path), lock)
  } catch (error) {
    lock.close()
    if (error instanceof Failure) throw error
    throw unusable(`The database ${path} cannot be opened.`, error)
  }
}

/** Created by us and not by SQLite, so that nobody else can read it; `-wal` and `-shm` take over its mode. */
function makeFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
    closeSync(openSync(`${path}.lock`, 'a', 0o600))
  } catch (error) {
    throw unusable(`The database ${path} cannot be written.`, error)
  }
}

/**
 * The lock is a second, empty database held in an exclusive transaction: the system lets go of it when the process dies,
 * however it dies, and readers (backups, `sqlite3`) can still open the real one, which `locking_mode=EXCLUSIVE` forbids.
 */
function takeLock(path: string): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    throw unusable(`Another Gantry process is using the database ${path}.`, error)
  }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 5000, enableForeignKeyConstraints: true })
  const found = database.prepare('PRAGMA application_id').get()?.['application_id']
  if (found !== 0 && found !== APPLICATION_ID) throw unusable(`The file ${path} is another program's database.`)
  // A checkpoint every 16 MB and not every 4: a twentieth more deliveries a second (npm run bench -- intake).
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000`)
  return database
}

function sqlOver(database: DatabaseSync, lock: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, StatementSync>()
  const prepared = (query: string): StatementSync => {
    let statement = statements.get(query)
    if (!statement) statements.set(query, (statement = database.prepare(query)))
    return statement
  }
  return {
    all: <R extends Row>(query: string, ...params: Value[]) => prepared(query).all(...params) as R[],
    transaction(work) {
      if (database.isTransaction) throw new Error('a transaction inside a transaction')
      prepared('BEGIN IMMEDIATE').run()
      try {
        const result = work()
        if (isThenable(result)) throw new TypeError('a transaction cannot wait: its work returned a promise')
        prepared('COMMIT').run()
        return result
      } catch (error) {
        // A full disk has already rolled it back.
        if (database.isTransaction) prepared('ROLLBACK').run()
        throw error
      }
    },
    close() {
      database.close()
      lock.close()
    },
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function unusable(sentence: string, cause?: unknown): Failure {
  return new Failure(
    'SETTING_INVALID',
    { sentence, next: 'Point GANTRY_DATA at a folder of its own, or stop the other process, and start again.' },
    cause,
  )
}
