import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { Failure } from '../errors.ts'
import type { Row, Sql, Value } from '../store/sql.ts'

/** "GANT": says in the file's header whose database it is. */
const APPLICATION_ID = 0x47414e54

export interface SqliteDatabase extends Sql {
  /** Whether it can be read and, where the last write failed, written again: that is tried. */
  isHealthy(): boolean
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

/** Beside whoever writes in it, for commands that only look. Throws SETTING_INVALID where there is none. */
export function readSqlite(path: string): Sql & { close(): void } {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
    const all = <R extends Row = Row>(query: string, ...params: Value[]): R[] => database.prepare(query).all(...params) as R[]
    return { all, transaction: (work) => work(), close: () => database.close() }
  } catch (error) {
    throw unusable(`The database ${path} cannot be read.`, error)
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
  // What is deleted is overwritten where its page is written anyway: an account's destroyed key among it.
  database.exec('PRAGMA secure_delete = FAST')
  return database
}

function sqlOver(database: DatabaseSync, lock: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, StatementSync>()
  const prepared = (query: string): StatementSync => {
    let statement = statements.get(query)
    if (!statement) statements.set(query, (statement = database.prepare(query)))
    return statement
  }
  const health = new Health(database)
  return {
    isHealthy: () => health.isGood(),
    all: <R extends Row>(query: string, ...params: Value[]) => health.notes(() => prepared(query).all(...params) as R[]),
    transaction: (work) => health.notes(() => transact(database, prepared, work)),
    close() {
      database.close()
      lock.close()
    },
  }
}

function transact<T>(database: DatabaseSync, prepared: (query: string) => StatementSync, work: () => T): T {
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
}

/** SQLite's SQLITE_READONLY, SQLITE_IOERR and SQLITE_FULL (https://www.sqlite.org/rescode.html), which all have extended codes above them. */
const DISK = new Set([8, 10, 13])

/** A full disk can be read from as if nothing were wrong, so the last write is what tells. */
class Health {
  readonly #database: DatabaseSync
  #hasFailed = false
  #probes = 0

  constructor(database: DatabaseSync) {
    this.#database = database
  }

  notes<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) : 0
      this.#hasFailed ||= DISK.has(code & 0xff)
      throw error
    }
  }

  isGood(): boolean {
    try {
      if (this.#database.prepare('SELECT 1').all().length !== 1) return false
      // A number in its header that means nothing to us: a write that changes nothing else.
      if (this.#hasFailed) this.#database.exec(`PRAGMA user_version = ${(this.#probes = (this.#probes + 1) % 1_000)}`)
      this.#hasFailed = false
      return true
    } catch {
      return false
    }
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
