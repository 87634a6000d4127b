import { readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Clock } from '../deploy/clock.ts'
import type { BackupSettings } from '../settings.ts'
import { timeInName } from '../store/backup/manifest.ts'
import { fileMade, WHOLE_BUT } from './backup-commands.ts'
import { peek, type Peeked } from './backup-file.ts'
import type { Log } from './log.ts'
import type { Ended } from './own-process.ts'

export interface ScheduleDoors {
  readonly settings: BackupSettings & { readonly every: number }
  readonly clock: Clock
  readonly log: Pick<Log, 'info' | 'error'>
  /** `gantry WORDS…` in a process of its own; ended where the signal is. */
  readonly run: (words: readonly string[], signal: AbortSignal) => Promise<Ended>
  /** For the audit log. */
  readonly note: (name: string, made: Peeked) => Promise<void>
}

/** A start has other things to do first. */
const AFTER_START = 5_000
const AGAIN_AFTER_FAILURE = 3_600_000
/** What is older was left by a process that died. */
const STALE = 24 * 3_600_000

/** Makes a backup every so often, restores each for a trial, and deletes those of before only then. Returns what ends it. */
export function keepBackups(doors: ScheduleDoors): () => Promise<void> {
  const { settings, clock, log } = doors
  const stopping = new AbortController()
  let turn: Promise<void> = Promise.resolve()
  let forget = (): void => {}

  const next = (wait: number): void => {
    forget = clock.after(wait, () => {
      turn = backUp(doors, stopping.signal)
        .catch((error: unknown) => (log.error({ err: error }, NOT_MADE), false))
        .then((isGood) => {
          if (!stopping.signal.aborted) next(isGood ? settings.every : Math.min(settings.every, AGAIN_AFTER_FAILURE))
        })
    })
  }
  next(Math.max(AFTER_START, dueIn(doors)))
  return () => {
    stopping.abort()
    forget()
    return turn
  }
}

const NOT_MADE = 'no backup was made'

/** Whether there is one more that can be restored. */
async function backUp(doors: ScheduleDoors, signal: AbortSignal): Promise<boolean> {
  const { settings, log, run, note } = doors
  const made = await run(['backup'], signal)
  if (signal.aborted) return false
  const file = made.code === 0 ? fileMade(made.said) : null
  if (file === null) return failed(doors, NOT_MADE, made)
  const checked = await run(['restore', file, '--check'], signal)
  if (signal.aborted) return false
  const peeked = await peek(file)
  if (peeked === null || (checked.code !== 0 && checked.code !== WHOLE_BUT)) {
    setAside(settings.folder, file)
    return failed(doors, 'a backup cannot be restored', checked)
  }
  if (checked.code === WHOLE_BUT) log.error({ file, said: checked.said }, 'a backup is whole, and something that is in it cannot be read')
  const name = basename(file)
  await note(name, peeked)
  const deleted = await deleteOlder(doors, name, peeked)
  log.info({ file, deployments: peeked.manifest.deployments, bytes: peeked.manifest.bytes, deleted }, 'a backup was made')
  return true
}

function failed({ log }: ScheduleDoors, what: string, { said }: Ended): false {
  log.error({ said, fix: 'docs/operating.md' }, what)
  return false
}

/** One of them is enough to find out why. */
function setAside(folder: string, file: string): void {
  for (const name of readdirSync(folder)) if (name.endsWith('.backup.broken')) rmSync(join(folder, name), { force: true })
  renameSync(file, `${file}.broken`)
}

/** Of this installation alone: others may have theirs in the same folder. Never the one that was made just now, whatever the clock did. */
async function deleteOlder({ settings: { folder, keep }, clock }: ScheduleDoors, made: string, { manifest }: Peeked): Promise<number> {
  const others: string[] = []
  for (const name of namesIn(folder)) {
    if (name !== made && (await peek(join(folder, name)))?.manifest.instance === manifest.instance) others.push(name)
  }
  const older = others.slice(keep - 1)
  for (const name of older) rmSync(join(folder, name), { force: true })
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    if (/^gantry-.*\.backup\.part$/.test(name) && clock.now() - statSync(path).mtimeMs > STALE) rmSync(path, { force: true })
  }
  return older.length
}

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
function dueIn({ settings: { folder, every }, clock }: ScheduleDoors): number {
  const newest = namesIn(folder)[0]
  return newest === undefined ? 0 : Math.min(every, (timeInName(newest) ?? 0) + every - clock.now())
}
