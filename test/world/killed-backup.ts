import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { GantryProcess } from './gantry-process.ts'
import type { Random } from './random.ts'

/** Something of a backup or a restore that can be seen from outside while it is under way. */
export type Moment = (folder: string) => boolean

const has =
  (path: string): Moment =>
  (folder) =>
    existsSync(join(folder, path))
const hasOne =
  (pattern: RegExp): Moment =>
  (folder) =>
    readdirSync(join(folder, 'data')).some((name) => pattern.test(name))

export const BACKUP_MOMENTS: Readonly<Record<string, Moment>> = {
  'it has begun': has('data/backup.work'),
  'the copy is being made': has('data/backup.work/snapshot.db'),
  'the file is being written': has('new.backup.part'),
  'the file is there': has('new.backup'),
}

export const RESTORE_MOMENTS: Readonly<Record<string, Moment>> = {
  'it has begun': has('data/backup.work'),
  'the database is being taken out': has('data/backup.work/restored.db'),
  'it is being prepared': has('data/backup.work/restored.db-journal'),
  'the generation is being written': hasOne(/^gantry\.restored/),
  'the old one has its second name': hasOne(/before-restore/),
}

/** `gantry WORDS…`, killed (SIGKILL) a few milliseconds after it came to that. False where it had ended by then. */
export async function killedOnce(
  moment: Moment,
  random: Random,
  {
    folder,
    words,
    environment,
  }: { readonly folder: string; readonly words: readonly string[]; readonly environment: Readonly<Record<string, string>> },
): Promise<boolean> {
  const typed = new GantryProcess({ folder, words, environment })
  const isRunning = (): boolean => typed.child.exitCode === null && typed.child.signalCode === null
  while (isRunning() && !moment(folder)) await new Promise((resolve) => setImmediate(resolve))
  const until = performance.now() + random.below(12)
  while (isRunning() && performance.now() < until) await new Promise((resolve) => setImmediate(resolve))
  typed.child.kill('SIGKILL')
  return (await typed.ended) === 137
}
