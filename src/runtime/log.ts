import { pino } from 'pino'
import type { Logger } from 'pino'
import type { LogLevel } from '../settings.ts'
import type { Redactor } from './redact.ts'
import { bounded } from '../deploy/mask.ts'
import { cleanLine, describe, LONGEST_TEXT } from './log-line.ts'

export type Log = Logger

/**
 * JSON lines on standard output. What secrets the redactor knows are taken out of every text of the finished line, which stays JSON
 * whatever they are: pino's own `redact` works by path and misses those inside messages, stacks and causes.
 */
export function createLog(level: LogLevel, redactor: Redactor, write: (line: string) => void = writeOut): Log {
  const clean = bounded((text) => redactor.cleanLogged(text), LONGEST_TEXT)
  const serializers = { err: describe, error: describe }
  return pino({ level, base: null, serializers }, { write: (line: string) => write(`${cleanLine(line, clean)}\n`) })
}

export const LEVELS_TO_READ = ['warn', 'error', 'fatal'] as const

/** How many lines of each of these levels there were. */
export type LineCounts = Record<(typeof LEVELS_TO_READ)[number], number>

/** For `createLog`: writes each line, and counts those that somebody should read. */
export const counting =
  (counts: LineCounts): ((line: string) => void) =>
  (line) => {
    // As pino writes every line, and as none inside it can begin.
    const level = LEVELS_TO_READ.find((name) => line.startsWith(`{"level":${pino.levels.values[name]},`))
    if (level !== undefined) counts[level] += 1
    writeOut(line)
  }

function writeOut(line: string): void {
  process.stdout.write(line)
}
