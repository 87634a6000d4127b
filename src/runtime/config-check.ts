import { basename } from 'node:path'
import { parseArgs } from 'node:util'
import { compareConfigurations } from '../config/repository-file.ts'
import type { ConfigurationFile, ConfigurationVerdict } from '../deploy/configuration-check.ts'
import type { CliCommand } from './terminal.ts'

const CONFIG_CHECK_HELP = `gantry config check FILE [--against FILE] [--defaults]
               whether a .github/deploy.yml is valid, line by line, and whom it lets do more or less than the other one; - is the
               standard input; a file called deploy-defaults.yml, or with --defaults any, is the account's; ends with 0 only if it
               is valid`

export const config: CliCommand = {
  name: 'config',
  help: CONFIG_CHECK_HELP,
  run: (words, { readFile, readStandardInput, print }) =>
    configCheckCommand(words, { repository: basename(process.cwd()), readFile: (path) => readFile(path) ?? null, readStandardInput, print }),
}

/** What of this machine the command needs. */
interface ConfigCheckMachine {
  /** The name of the repository: where a file names no app. */
  readonly repository: string
  /** Null where it cannot be read. */
  readFile(path: string): string | null
  readStandardInput(): Promise<string>
  print(text: string): void
}

/** `gantry config check …`: says what the check on a pull request says. Answers with the exit code: 0 valid, 1 not valid or not readable, 2 the words are wrong. */
export async function configCheckCommand(words: readonly string[], machine: ConfigCheckMachine): Promise<0 | 1 | 2> {
  const asked = readWords(words)
  if ('wrong' in asked) {
    machine.print(`${asked.wrong}\n\n${CONFIG_CHECK_HELP}`)
    return 2
  }
  const { file, against, kind } = asked
  const input = file === '-' || against === '-' ? await machine.readStandardInput() : ''
  const read = (path: string): string | null => (path === '-' ? input : machine.readFile(path))
  const [after, before] = [read(file), against === null ? null : read(against)]
  const unreadable = after === null ? file : against !== null && before === null ? against : null
  if (after === null || unreadable !== null) {
    machine.print(`${unreadable} cannot be read.`)
    return 1
  }
  const verdict = compareConfigurations(before, after, machine.repository, kind)
  const changes = against === null || verdict.findings.length > 0 ? [] : changeLines(called(against), verdict)
  machine.print([...findingLines(called(file), verdict), ...changes].join('\n'))
  return verdict.findings.length === 0 ? 0 : 1
}

const called = (path: string): string => (path === '-' ? 'stdin' : path)

interface Words {
  readonly file: string
  readonly against: string | null
  readonly kind: ConfigurationFile
}

const OPTIONS = { against: { type: 'string' }, defaults: { type: 'boolean', default: false } } as const

function readWords(words: readonly string[]): Words | { readonly wrong: string } {
  try {
    const { values, positionals } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true })
    const [verb, file, ...more] = positionals
    if (verb !== 'check') return { wrong: 'gantry config knows one word: check.' }
    if (file === undefined || more.length > 0) return { wrong: 'gantry config check takes one file.' }
    const { against = null, defaults } = values
    if (file === '-' && against === '-') return { wrong: 'Only one of the two can be the standard input.' }
    const isAccounts = defaults || basename(file === '-' ? (against ?? '') : file) === 'deploy-defaults.yml'
    return { file, against, kind: isAccounts ? '.github/deploy-defaults.yml' : '.github/deploy.yml' }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}

/** As compilers write them, so that editors can follow. */
function findingLines(file: string, { findings, more }: ConfigurationVerdict): readonly string[] {
  if (findings.length === 0) return [`${file} is valid.`]
  const count = findings.length + more
  return [
    ...findings.map(({ line, column, message }) => `${file}:${line}:${column}: ${message}`),
    ...(more === 0 ? [] : [`and ${more} more`]),
    `${file} is not valid: ${count === 1 ? '1 problem' : `${count} problems`}.`,
  ]
}

function changeLines(against: string, { changes, former }: ConfigurationVerdict): readonly string[] {
  const note = former === 'invalid' ? [`${against} is not valid, so all of it is new.`] : []
  if (changes.length === 0) return [...note, `Against ${against} it changes nobody's permissions.`]
  return [...note, '', ...changes.map(({ direction, sentence }) => `${direction.padEnd(10)} ${sentence}`)]
}
