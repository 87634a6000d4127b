import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { Failure } from '../errors.ts'
import type { Row, Sql, Value } from '../store/sql.ts'

/** "GANT": says in the file's header whose database it is. */
const APPLICATION_ID = 0x47414e54
/** Milliseconds for which another program that writes is waited for. */
const BUSY = 5_000

export interface SqliteDatabase extends Sql {
  /** Whether it can be read and, where the last write failed, written again: that is tried. */
  isHealthy(): boolean
  /** Tries it: one small write, synced to the disk. */
  isWritable(): boolean
  close(): void
}

/**
 * Opens (or makes) the database in one file: WAL, every commit synced to the disk. Throws SETTING_INVALID where the file
 * is in use by another process, is not ours, or cannot be opened.
 */
export function openSqlite(path: string): SqliteDatabase {
  const lock = lockDatabase(path)
  try {
    makeFile(path)
    return sqlOver(openDatabase(path), lock)
  } catch (error) {
    lock.close()
    if (error instanceof Failure) throw error
    throw unusable(`The database ${path} cannot be opened.`, error)
  }
}

/** As it is at this moment, beside whoever writes in it, for commands that only look. Throws SETTING_INVALID where there is none. */
export function readSqlite(path: string): Sql & { close(): void } {
  try {
    const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
    // One moment for all that is read: rows of two would not fit together, and read as if somebody had forged them.
    database.exec('BEGIN')
    database.prepare('select 1 from sqlite_schema').all()
    return { all: allOver(database), transaction: (work) => work(), close: () => database.close() }
  } catch (error) {
    throw unusable(`The database ${path} cannot be read.`, error)
  }
}

/** The database as it is at one moment, in a new file without side files, beside whoever writes in it. Throws what SQLite throws. */
export function snapshotInto(path: string, to: string): void {
  closeSync(openSync(to, 'wx', 0o600))
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
  try {
    // Not SQLite's own copying of pages, which begins anew whenever another process has written.
    database.prepare('VACUUM INTO ?').run(to)
  } finally {
    database.close()
  }
}

/** Changes a file that nobody else uses, all of it or nothing; transactions in `work` are parts of the one. */
export function rewriteSqlite<T>(path: string, work: (sql: Sql) => T): T {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true })
  try {
    database.exec('BEGIN IMMEDIATE')
    const result = work({ all: allOver(database), transaction: (part) => part() })
    database.exec('COMMIT')
    return result
  } finally {
    database.close()
  }
}

/** Brings what stands beside the file into it. False where somebody else has it open. Throws what SQLite throws. */
export function settleSqlite(path: string): boolean {
  const database = new DatabaseSync(path, { timeout: 1000 })
  try {
    return database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.['busy'] === 0
  } finally {
    database.close()
  }
}

/** Created by us and not by SQLite, so that nobody else can read it; `-wal` and `-shm` take over its mode. */
function makeFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    throw unusable(`The database ${path} cannot be written.`, error)
  }
}

/** The right to write in the database, until it is closed. Throws SETTING_INVALID where another process has it, in the words of `taken`. */
export function lockDatabase(path: string, taken: Taken = { sentence: `Another Gantry process is using the database ${path}.` }): { close(): void } {
  makeFile(`${path}.lock`)
  return takeLock(path, taken)
}

/**
 * The lock is a second, empty database held in an exclusive transaction: the system lets go of it when the process dies,
 * however it dies, and readers (backups, `sqlite3`) can still open the real one, which `locking_mode=EXCLUSIVE` forbids.
 */
function takeLock(path: string, taken: Taken): DatabaseSync {
  const lock = new DatabaseSync(`${path}.lock`, { timeout: 0 })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    throw unusable(taken, error)
  }
}

function openDatabase(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: BUSY, enableForeignKeyConstraints: true })
  const found = database.prepare('PRAGMA application_id').get()?.['application_id']
  if (found !== 0 && found !== APPLICATION_ID) throw unusable(`The file ${path} is another program's database.`)
  // A checkpoint every 16 MB and not every 4: a twentieth more deliveries a second (npm run bench -- intake).
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000`)
  // What is deleted is overwritten where its page is written anyway: an account's destroyed key among it.
  database.exec('PRAGMA secure_delete = FAST')
  return database
}

function preparing(database: DatabaseSync): (query: string) => StatementSync {
  const statements = new Map<string, StatementSync>()
  return (query) => {
    let statement = statements.get(query)
    if (!statement) statements.set(query, (statement = database.prepare(query)))
    return statement
  }
}

function allOver(database: DatabaseSync): Sql['all'] {
  const prepared = preparing(database)
  return <R extends Row>(query: string, ...params: Value[]) => prepared(query).all(...params) as R[]
}

function sqlOver(database: DatabaseSync, lock: { close(): void }): SqliteDatabase {
  const prepared = preparing(database)
  const health = new Health(database)
  return {
    isHealthy: () => health.isGood(),
    isWritable: () => health.isGood('writable'),
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

  isGood(as: 'readable' | 'writable' = 'readable'): boolean {
    try {
      if (this.#database.prepare('SELECT 1').all().length !== 1) return false
      if (this.#hasFailed || as === 'writable') this.#writes()
      this.#hasFailed = false
      return true
    } catch {
      return false
    }
  }

  /** A number in its header that means nothing to us: a write that changes nothing else. Everything stands still meanwhile, so it is not waited for long. */
  #writes(): void {
    this.#database.exec('PRAGMA busy_timeout = 200')
    try {
      this.#database.exec(`PRAGMA user_version = ${(this.#probes = (this.#probes + 1) % 1_000)}`)
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY}`)
    }
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

interface Taken {
  readonly sentence: string
  readonly next?: string
}

function unusable(what: string | Taken, cause?: unknown): Failure {
  const next = 'Point GANTRY_DATA at a folder of its own, or stop the other process, and start again.'
  return new Failure('SETTING_INVALID', { next, ...(typeof what === 'string' ? { sentence: what } : what) }, cause)
}
