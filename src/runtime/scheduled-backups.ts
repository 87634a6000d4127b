import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Clock } from '../deploy/clock.ts'
import type { BackupSettings } from '../settings.ts'
import { backupName, timeInName } from '../store/backup/manifest.ts'
import { BROKEN, WHOLE_BUT } from './backup-commands.ts'
import { peek, type Peeked } from './backup-file.ts'
import type { Log } from './log.ts'
import type { Ended } from './own-process.ts'

export interface ScheduleDoors {
  readonly settings: BackupSettings & { readonly every: number }
  /** This installation. */
  readonly instance: string
  readonly clock: Clock
  readonly log: Pick<Log, 'info' | 'error'>
  /** `gantry WORDS…` in a process of its own; ended where the signal is. */
  readonly run: (words: readonly string[], signal: AbortSignal) => Promise<Ended>
  /** For the audit log. */
  readonly note: (name: string, made: Peeked) => void
  /** Told what became of each. */
  readonly tried?: (how: Tried) => void
}

/** `damaged`: it is whole, and something in it was broken already when it was made. */
export const TRIED = ['whole', 'damaged', 'broken', 'untried', 'none'] as const
export type Tried = (typeof TRIED)[number]

/** A start has other things to do first. */
const AFTER_START = 5_000
const AGAIN_AFTER_FAILURE = 3_600_000
/** What is older was left by a process that died. */
const STALE = 24 * 3_600_000

/** Makes a backup every so often, restores each for a trial, and deletes those of before only then. Returns what ends it. */
export function keepBackups(doors: ScheduleDoors): () => Promise<void> {
  const { settings, clock, log } = doors
  const stopping = new AbortController()
  let forget = (): void => {}
  let untried: string | null = null

  const next = (wait: number): void => {
    if (stopping.signal.aborted) return
    forget = clock.after(wait, () => {
      turn = backUp(doors, untried, stopping.signal)
        .catch((error: unknown) => (log.error({ err: error }, NOT_MADE), NONE))
        .then((done) => {
          untried = done.untried
          next(done.isGood ? settings.every : Math.min(settings.every, AGAIN_AFTER_FAILURE))
        })
    })
  }
  let turn = dueIn(doors).then((due) => next(Math.max(AFTER_START, due)))
  return () => {
    stopping.abort()
    forget()
    return turn
  }
}

interface Turn {
  /** Whether there is one more that can be restored. */
  readonly isGood: boolean
  /** It is there, and nobody could say whether it is whole: the next turn asks again. */
  readonly untried: string | null
}

const NOT_MADE = 'no backup was made'
const NONE: Turn = { isGood: false, untried: null }

async function backUp(doors: ScheduleDoors, untried: string | null, signal: AbortSignal): Promise<Turn> {
  const { log, run, tried = () => {} } = doors
  const file = untried !== null && isRecent(untried, doors) ? untried : await make(doors, signal)
  if (file === null) {
    if (!signal.aborted) tried('none')
    return NONE
  }
  const checked = await run(['restore', file, '--check'], signal)
  if (signal.aborted) return NONE
  if (checked.code === BROKEN) {
    tried('broken')
    await setAside(doors, file)
    return failed(doors, 'a backup cannot be restored', checked)
  }
  const peeked = await peek(file)
  if (peeked === null || (checked.code !== 0 && checked.code !== WHOLE_BUT)) {
    tried('untried')
    return { ...failed(doors, 'a backup could not be tried out', checked), untried: file }
  }
  if (checked.code === WHOLE_BUT) log.error({ file, said: checked.said }, 'a backup is whole, and something that is in it cannot be read')
  tried(checked.code === WHOLE_BUT ? 'damaged' : 'whole')
  await count(doors, file, peeked)
  return { isGood: true, untried: null }
}

const isRecent = (file: string, { settings, clock }: ScheduleDoors): boolean =>
  existsSync(file) && clock.now() - (timeInName(basename(file)) ?? 0) < settings.every

/** Null where there is none. */
async function make(doors: ScheduleDoors, signal: AbortSignal): Promise<string | null> {
  const file = join(doors.settings.folder, backupName(doors.clock.now()))
  const made = await doors.run(['backup', file], signal)
  if (made.code === 0) return signal.aborted ? null : file
  if (!signal.aborted) failed(doors, NOT_MADE, made)
  return null
}

function failed({ log }: ScheduleDoors, what: string, { said }: Ended): Turn {
  log.error({ said, fix: 'docs/operating.md' }, what)
  return NONE
}

/** It is there and whole, whatever becomes of the rest. */
async function count(doors: ScheduleDoors, file: string, peeked: Peeked): Promise<void> {
  const { log, note } = doors
  const { deployments, bytes } = peeked.manifest
  const name = basename(file)
  try {
    note(name, peeked)
  } catch (error) {
    log.error({ err: error, file }, 'a backup is not in the audit log')
  }
  const deleted = await deleteOlder(doors, name).catch((error: unknown) => (log.error({ err: error }, 'older backups could not be deleted'), 0))
  log.info({ file, deployments, bytes, deleted }, 'a backup was made')
}

/** One of them is enough to find out why. */
async function setAside(doors: ScheduleDoors, file: string): Promise<void> {
  const { folder } = doors.settings
  for (const name of readdirSync(folder)) {
    if (name.endsWith('.backup.broken') && (await isOwn(doors, name))) rmSync(join(folder, name), { force: true })
  }
  renameSync(file, `${file}.broken`)
}

/** Never the one that was made just now, whatever the clock did. */
async function deleteOlder(doors: ScheduleDoors, made: string): Promise<number> {
  const { folder, keep } = doors.settings
  const others: string[] = []
  for (const name of namesIn(folder)) if (name !== made && (await isOwn(doors, name))) others.push(name)
  const older = others.slice(keep - 1)
  for (const name of older) rmSync(join(folder, name), { force: true })
  for (const name of readdirSync(folder)) {
    if (/^gantry-.*\.backup\.part$/.test(name) && isStale(doors, name) && (await isOwn(doors, name))) rmSync(join(folder, name), { force: true })
  }
  return older.length
}

const isStale = ({ settings, clock }: ScheduleDoors, name: string): boolean =>
  clock.now() - (statSync(join(settings.folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > STALE

/** Others may have theirs in the same folder. */
const isOwn = async ({ settings, instance }: ScheduleDoors, name: string): Promise<boolean> =>
  (await peek(join(settings.folder, name)))?.manifest.instance === instance

/** The newest first. */
function namesIn(folder: string): readonly string[] {
  try {
    const named = readdirSync(folder).flatMap((name) => {
      const at = timeInName(name)
      return at === null ? [] : [{ name, at }]
    })
    return named.toSorted((a, b) => b.at - a.at).map(({ name }) => name)
  } catch {
    // Nothing was ever backed up there.
    return []
  }
}

/** Milliseconds; no longer than the interval, though the newest may be of a time when the clock was wrong. */
async function dueIn(doors: ScheduleDoors): Promise<number> {
  const { settings, clock } = doors
  for (const name of namesIn(settings.folder)) {
    if (await isOwn(doors, name)) return Math.min(settings.every, (timeInName(name) ?? 0) + settings.every - clock.now())
  }
  return 0
}
