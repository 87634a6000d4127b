import type { Logger } from 'pino'
import { bounded } from '../../deploy/mask.ts'
import type { LogLevel } from '../../settings.ts'
import { cleanLine, describe, LONGEST_TEXT } from '../log-line.ts'
import type { Redactor } from '../redact.ts'

/** As pino numbers them. */
const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const

/**
 * The log's lines as on Node, by `console`, from where Workers Logs and `wrangler tail` take them. pino itself writes to a file descriptor, which
 * a Worker has not.
 */
export function createConsoleLog(level: LogLevel, redactor: Redactor, write: (line: string) => void = (line) => console.log(line)): Logger {
  const clean = bounded((text) => redactor.cleanLogged(text), LONGEST_TEXT)
  const least = level === 'silent' ? Infinity : LEVELS[level]
  const say =
    (its: number) =>
    (facts: object | string, message?: string): void => {
      if (its < least) return
      const about = typeof facts === 'string' ? { msg: facts } : { ...described(facts), ...(message !== undefined && { msg: message }) }
      write(cleanLine(JSON.stringify({ level: its, time: Date.now(), ...about }), clean))
    }
  const words = Object.fromEntries(Object.entries(LEVELS).map(([name, its]) => [name, say(its)]))
  const log = { ...words, level, silent: () => {}, child: () => log }
  return log as unknown as Logger // as much of it as Probot and Gantry use
}

const described = (facts: object): object => {
  if (facts instanceof Error) return { err: describe(facts) }
  const found: Record<string, unknown> = { ...facts }
  for (const name of ['err', 'error']) if (name in found) found[name] = describe(found[name])
  return found
}
