import { pino } from 'pino'
import type { Logger } from 'pino'
import type { LogLevel } from '../settings.ts'
import type { Redactor } from './redact.ts'
import { bounded, type Mask } from '../deploy/mask.ts'

export type Log = Logger

const DEEPEST_CAUSE = 5
/** Characters of one text. */
const LONGEST = 10_000

/**
 * JSON lines on standard output. What secrets the redactor knows are taken out of every text of the finished line, which stays JSON
 * whatever they are: pino's own `redact` works by path and misses those inside messages, stacks and causes.
 */
export function createLog(level: LogLevel, redactor: Redactor, write: (line: string) => void = writeOut): Log {
  const clean = bounded((text) => redactor.cleanLogged(text), LONGEST)
  const serializers = { err: describe, error: describe }
  return pino({ level, base: null, serializers }, { write: (line: string) => write(`${JSON.stringify(JSON.parse(line, cleaning(clean)))}\n`) })
}

/** For `JSON.parse`: names too, for some are foreign. */
const cleaning =
  (clean: Mask) =>
  (_key: string, value: unknown): unknown => {
    if (typeof value === 'string') return clean(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [clean(name), inner]))
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

/** Named fields only: clients hang whole requests, with their bodies, on errors. */
function describe(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const { code, status, problem } = error as { code?: unknown; status?: unknown; problem?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(typeof status === 'number' && { status }),
    ...(problem !== undefined && { problem }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < DEEPEST_CAUSE && { cause: describe(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && depth < DEEPEST_CAUSE && { errors: error.errors.slice(0, 10).map((one) => describe(one, depth + 1)) }),
  }
}
