import { existsSync, linkSync, copyFileSync, constants, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generationOf, isGeneration } from '../deploy/fence.ts'
import { Failure } from '../errors.ts'
import { generationIn, restoredAccounts, restoredRepositories, type Ended } from '../store/backup/restored.ts'
import type { Manifest } from '../store/backup/manifest.ts'
import { databaseIn, type Place } from './backup.ts'
import { lockDatabase, readSqlite, rewriteSqlite, settleSqlite } from './sqlite.ts'
import { verifyBackup, type Verified } from './verify-backup.ts'
import { sync, withWorkFolder } from './work-folder.ts'

export interface RestoreOptions {
  readonly now: number
  /** The database that is there is put aside. */
  readonly replace: boolean
  /** Shown what is in the backup before anything is changed: answers with the highest fence that targets remember. */
  readonly look: (verified: Verified) => Promise<number>
}

export interface Done extends Ended {
  readonly verified: Verified
  readonly generation: number
  /** Where the database that was there is now; null where there was none. */
  readonly kept: string | null
}

/** Files that SQLite would take for parts of the database of that name. */
const SIDE_FILES = ['-wal', '-shm', '-journal'] as const

/**
 * Puts a backup in the database's place: until the last step everything is as it was, and after it everything is as in the backup.
 * Only while Gantry does not run. Throws SETTING_INVALID where it does, BACKUP_REFUSED where something is there that must not be lost, and
 * what `verifyBackup` throws.
 */
export async function restore(path: string, place: Place, { now, replace, look }: RestoreOptions): Promise<Done> {
  const lock = lockDatabase(databaseIn(place), {
    sentence: 'Gantry runs. A backup is restored while it does not.',
    next: 'Stop Gantry, and ask again.',
  })
  try {
    const isThere = hasDatabase(place)
    if (isThere && !replace) throw inTheWay(databaseIn(place))
    return await withWorkFolder(place.data, async (folder) => {
      const verified = await verifyBackup(path, place, folder, (manifest) => refuseForeign(manifest, place))
      const generation = 1 + Math.max(markedGeneration(place), generationHere(place), generationOf(await look(verified)), ofBackup(verified))
      const ended = prepare(verified, generation, now)
      // First, so that the next restore rises above this one whatever becomes of it.
      writeMark(place, { instance: verified.manifest.instance, generation })
      return { verified, generation, kept: swap(verified.database, place, isThere, now), ...ended }
    })
  } finally {
    lock.close()
  }
}

/** One that was made and never written to is none. */
const hasDatabase = (place: Place): boolean => (statSync(databaseIn(place), { throwIfNoEntry: false })?.size ?? 0) > 0

function prepare({ database, manifest, name, fingerprint, mac }: Verified, generation: number, now: number): Ended {
  const entry = { subject: name, after: `sha256:${fingerprint}`, why: null }
  const restored = { now, madeAt: manifest.madeAt, generation, mac, entry }
  const ended = rewriteSqlite(database, (sql) => {
    restoredAccounts(sql, restored)
    return restoredRepositories(sql, restored)
  })
  sync(database)
  return ended
}

/** At each moment the name belongs to the old database or to the new one, with nothing of the other beside it. */
function swap(database: string, place: Place, isThere: boolean, now: number): string | null {
  const live = databaseIn(place)
  const kept = isThere ? `${live}.before-restore-${new Date(now).toISOString().replaceAll(':', '-')}` : null
  if (kept !== null) keep(live, kept)
  for (const side of SIDE_FILES) rmSync(`${live}${side}`, { force: true })
  sync(place.data)
  renameSync(database, live)
  sync(place.data)
  return kept
}

/** A second name for the old one. One that is damaged cannot take its side files in, and keeps them beside it. */
function keep(live: string, kept: string): void {
  let isWhole: boolean
  try {
    isWhole = settleSqlite(live)
  } catch {
    for (const side of SIDE_FILES) if (existsSync(`${live}${side}`)) twice(`${live}${side}`, `${kept}${side}`)
    return twice(live, kept)
  }
  if (!isWhole) throw inUse(live)
  twice(live, kept)
}

function twice(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch {
    // Some file systems have no second names.
    copyFileSync(from, to, constants.COPYFILE_EXCL)
    sync(to)
  }
}

/** What outlives the database: whose it was, and how often a backup was restored. */
interface Mark {
  readonly instance: string
  readonly generation: number
}

/** Of the last backup that was restored here; 0 where none was. */
export const markedGeneration = (place: Place): number => readMark(place)?.generation ?? 0

const markIn = ({ data }: Place): string => join(data, 'gantry.restored')

function readMark(place: Place): Mark | null {
  try {
    const { instance, generation } = JSON.parse(readFileSync(markIn(place), 'utf8')) as Partial<Mark>
    return typeof instance === 'string' && isGeneration(generation) ? { instance, generation } : null
  } catch {
    return null
  }
}

function writeMark(place: Place, mark: Mark): void {
  writeFileSync(`${markIn(place)}.part`, `${JSON.stringify(mark)}\n`, { mode: 0o600 })
  sync(`${markIn(place)}.part`)
  renameSync(`${markIn(place)}.part`, markIn(place))
  sync(place.data)
}

function ofBackup({ database }: Verified): number {
  const sql = readSqlite(database)
  try {
    return generationIn(sql)
  } finally {
    sql.close()
  }
}

const generationHere = (place: Place): number => ofDatabase(place, generationIn) ?? 0

/** Of the database that is there; null where there is none, or it can no longer be read: which is why somebody restores. */
function ofDatabase<T>(place: Place, read: (sql: ReturnType<typeof readSqlite>) => T): T | null {
  if (!hasDatabase(place)) return null
  try {
    const sql = readSqlite(databaseIn(place))
    try {
      return read(sql)
    } finally {
      sql.close()
    }
  } catch {
    return null
  }
}

function refuseForeign({ instance }: Manifest, place: Place): void {
  const here = ofDatabase(place, (sql) => sql.all<{ id: string }>('select id from instance')[0]?.id ?? null) ?? readMark(place)?.instance ?? null
  if (here === null || here === instance) return
  throw new Failure('BACKUP_REFUSED', {
    sentence: 'This is a backup of another installation of Gantry.',
    found: `installation ${instance}`,
    wanted: `installation ${here}, whose data folder this is`,
    next: 'To move that installation here, point GANTRY_DATA at an empty folder, and ask again.',
  })
}

const inTheWay = (path: string): Failure =>
  new Failure('BACKUP_REFUSED', {
    sentence: `There is a database ${path} already.`,
    next: 'If the backup is to take its place, add --replace: the database that is there is kept beside it.',
  })

const inUse = (path: string): Failure =>
  new Failure('BACKUP_REFUSED', {
    sentence: `Another program has the database ${path} open.`,
    next: 'Close whatever reads it, such as sqlite3, and ask again.',
  })
