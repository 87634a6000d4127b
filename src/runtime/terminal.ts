import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { Failure, type Problem } from '../errors.ts'
import { readSettings, type Settings } from '../settings.ts'
import { readEnvironmentFile } from './environment-file.ts'
import { createLog } from './log.ts'
import type { Machine } from './operator-text.ts'
import { toPkcs8 } from './private-key.ts'
import { createRedactor, secretsOf } from './redact.ts'

export const ENVIRONMENT_FILE = '.env'

/** What a command of `gantry` is given of this machine. */
export interface Terminal extends Machine {
  /** From then on what is secret in them is hidden. Throws a `Failure` with the first thing that is wrong with them. */
  settings(): Settings
  /** On standard output. */
  print(text: string): void
  /** Beside the answer: on standard error. */
  say(text: string): void
  readStandardInput(): Promise<string>
  /** Undefined where there is no such file, or it cannot be read. */
  readFile(path: string): string | undefined
}

/** A word after `gantry`: one file, and one line in cli.ts. */
export interface CliCommand {
  readonly name: string
  readonly help: string
  /** Answers with the exit code: 0 done, 1 a problem outside, 2 the words are wrong. Throws a `Failure`. */
  run(words: readonly string[], terminal: Terminal): Promise<number> | number
}

type Environment = Readonly<Record<string, string | undefined>>

export const environmentNow = (): Environment => ({ ...readEnvironmentFile(ENVIRONMENT_FILE), ...process.env })

/** Settings, or all that is wrong with them. */
export const settingsIn = (environment: Environment): ReturnType<typeof readSettings> =>
  readSettings(environment, { readFile: (path) => readFileSync(path, 'utf8'), toPkcs8 })

/** Ends with the command's exit code; whatever goes wrong is said without secrets, and may show what the command was given. */
export async function runCommand({ run }: CliCommand, words: readonly string[]): Promise<void> {
  // Nobody else reads what we write, whatever the shell's own mask is.
  process.umask(0o077)
  const terminal = openTerminal(environmentNow())
  try {
    process.exitCode = await run(words, terminal)
  } catch (error) {
    process.exitCode = 1
    if (error instanceof Failure) for (const line of problemLines([error.problem])) terminal.say(line)
    else terminal.say(`A mistake of our own: ${error instanceof Error ? error.stack : String(error)}`)
  }
}

function openTerminal(environment: Environment): Terminal {
  const redactor = createRedactor()
  // What failed is on the screen; the log's lines would only stand between it.
  const log = createLog('error', redactor, (line) => process.stderr.write(line))
  return {
    ...{ environment, redactor, log },
    settings() {
      const read = settingsIn(environment)
      if ('problems' in read) throw new Failure(read.problems[0]!.code, read.problems[0]!)
      for (const secret of secretsOf(read.settings)) redactor.register(secret.reveal())
      return read.settings
    },
    print: (line) => console.log(redactor.clean(line)),
    say: (line) => console.error(redactor.clean(line)),
    readStandardInput: () => text(process.stdin),
    readFile(path) {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        return undefined
      }
    },
  }
}

export const problemLines = (problems: readonly Problem[]): readonly string[] =>
  problems.flatMap(({ code, sentence, found, wanted, next }) => [
    `\n${code}: ${sentence}`,
    ...(found === undefined ? [] : [`  found:  ${found}`]),
    ...(wanted === undefined ? [] : [`  wanted: ${wanted}`]),
    `  next:   ${next}`,
  ])
