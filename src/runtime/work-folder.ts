import { closeSync, fsyncSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../errors.ts'
import { lockDatabase } from './sqlite.ts'

/**
 * A folder in the data folder that only its owner can look into, for databases that are not encrypted yet or not any more. One process
 * has it at a time; what a killed one left is removed before and after.
 */
export async function withWorkFolder<T>(data: string, work: (folder: string) => Promise<T>): Promise<T> {
  const lock = lockDatabase(join(data, 'backup'), { sentence: 'Another process makes a backup or restores one.', next: 'Wait until it is done.' })
  const folder = join(data, 'backup.work')
  try {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { mode: 0o700 })
    return await work(folder)
  } catch (error) {
    throw asFailure(error)
  } finally {
    rmSync(folder, { recursive: true, force: true })
    lock.close()
  }
}

/** On the disk, whatever happens next: a file, or what names stand in a folder. */
export function sync(path: string): void {
  // Windows neither opens folders nor needs to: its journal orders renames.
  const file = ((): number | null => {
    try {
      return openSync(path, 'r')
    } catch (error) {
      if (process.platform === 'win32') return null
      throw error
    }
  })()
  if (file === null) return
  fsyncSync(file)
  closeSync(file)
}

/** What the system or SQLite says of the disk; anything else is a mistake of our own. */
function asFailure(error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof Failure || typeof code !== 'string' || !/^E[A-Z]+$|^ERR_SQLITE_ERROR$/.test(code)) return error
  const sentence = 'A file of the backup or of the database could not be read or written.'
  return new Failure(
    'BACKUP_FAILED',
    { sentence, found: message, next: 'See that there is room and that the folder is yours, then try again.' },
    error,
  )
}
