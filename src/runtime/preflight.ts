import { parseArgs } from 'node:util'
import { sourceOf } from '../accounts/placing.ts'
import type { PreflightRow } from '../deploy/images.ts'
import { rowMark, rowWords } from '../deploy/preflight-words.ts'
import { WHO, type Mark } from '../deploy/words.ts'
import { Failure, Refusal } from '../errors.ts'
import { isFor, PULL_WITHIN } from '../images.ts'
import { createRegistryClient } from '../registry/client.ts'
import { anonymous } from '../registry/credential.ts'
import { preflight as look } from '../registry/preflight.ts'
import type { Preflight, PreflightAsking } from '../registry/preflight.ts'
import { canonicalRepository, parseReference } from '../registry/reference.ts'
import { Secret } from '../secret.ts'
import { operatorFilePath } from '../settings.ts'
import { dockerCredential } from './docker-config.ts'
import { loadOperatorFile } from './operator-file.ts'
import { NO_OPERATOR } from '../config/operator.ts'
import type { Operator } from '../config/operator.ts'
import type { Machine } from './operator-text.ts'
import { hiding } from './redact.ts'
import { registryDoors } from './registry-doors.ts'
import type { CliCommand } from './terminal.ts'

const PREFLIGHT_HELP = `gantry preflight IMAGE [--username NAME --password-stdin | --credential NAME] [--platform OS/ARCH] [--json]
               whether the image can be pulled, row by row; ends with 0 only if it can`

export const preflight: CliCommand = {
  name: 'preflight',
  help: PREFLIGHT_HELP,
  run: (words, terminal) => preflightCommand(words, { ...terminal, warn: terminal.say, config: operatorFilePath(terminal.environment) }),
}

/** What of this machine the command needs; the settings' file for `--credential` and for what registries it lists. */
interface PreflightMachine extends Machine {
  /** The operator file. */
  readonly config: string
  readStandardInput(): Promise<string>
  print(text: string): void
  /** Beside the answer: on standard error. */
  warn(text: string): void
}

/** `gantry preflight …`: needs neither App nor database. Answers with the exit code: 0 it can be pulled, 1 it cannot, 2 the words are wrong. */
async function preflightCommand(words: readonly string[], machine: PreflightMachine): Promise<0 | 1 | 2> {
  const asked = readWords(words)
  if ('wrong' in asked) {
    machine.print(`${asked.wrong}\n\n${PREFLIGHT_HELP}`)
    return 2
  }
  const reference = parseReference(asked.image, { tag: 'latest' })
  if (reference instanceof Refusal) {
    machine.print(asked.json ? JSON.stringify({ image: asked.image, isPullable: false, problem: reference.problem }) : problemText(reference.problem))
    return 1
  }
  const operator = readOperator(asked.credential !== null, machine)
  const doors = registryDoors(machine.log, keepAlive)
  const client = createRegistryClient(doors, operator)
  const declared = asked.credential === null ? undefined : operator.credentials.get(asked.credential)
  if (asked.credential !== null && declared === undefined) {
    const known = [...operator.credentials.keys()].join(', ') || 'none'
    machine.print(`${machine.config} has no credential ${asked.credential}; it has: ${known}.`)
    return 2
  }
  if (declared !== undefined && !isFor(declared, reference)) {
    machine.print(
      `The credential ${declared.name} is for ${declared.registry} (${declared.repositories.join(', ')}), and not for ${canonicalRepository(reference)}: nothing was sent.`,
    )
    return 2
  }
  const typed = asked.username === null ? anonymous : await typedCredential(asked.username, machine)
  const asking: PreflightAsking = {
    credential:
      declared === undefined
        ? typed
        : sourceOf(declared, client, { dockerConfig: dockerCredential, hide: (secret) => hiding(machine.redactor, secret) }),
    family: declared?.family ?? null,
    as: declared === undefined ? (asked.username === null ? 'anonymous' : `user ${asked.username}`) : `credential ${declared.name}`,
    platform: asked.platform,
    pullWithin: PULL_WITHIN,
  }
  const found = await look(client, doors, reference, asking)
  machine.print(asked.json ? JSON.stringify(found) : reportText(found))
  return found.isPullable ? 0 : 1
}

/** For `--credential` it must be right; otherwise only its lists of registries and realms are of use, and it may be missing. */
function readOperator(isNeeded: boolean, machine: PreflightMachine): Operator {
  try {
    return loadOperatorFile(machine.config, machine)
  } catch (error) {
    if (isNeeded || !(error instanceof Failure)) throw error
    machine.warn(`${machine.config} cannot be read, so its lists of registries and realms are not used: ${error.problem.sentence}`)
    return NO_OPERATOR
  }
}

function keepAlive(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}

interface Words {
  readonly image: string
  readonly username: string | null
  readonly credential: string | null
  readonly platform: string | null
  readonly json: boolean
}

const OPTIONS = {
  username: { type: 'string' },
  'password-stdin': { type: 'boolean' },
  credential: { type: 'string' },
  platform: { type: 'string' },
  json: { type: 'boolean' },
} as const

function readWords(words: readonly string[]): Words | { readonly wrong: string } {
  try {
    const { values, positionals } = parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true })
    const { username = null, credential = null, platform = null, json = false } = values
    const [image, ...more] = positionals
    if (image === undefined || more.length > 0) return { wrong: 'gantry preflight takes one image.' }
    if ((username !== null) !== (values['password-stdin'] === true))
      return { wrong: 'A user name needs --password-stdin: a password on the command line can be seen by everybody on this machine.' }
    if (username !== null && credential !== null) return { wrong: 'Either a user name or a stored credential, not both.' }
    if (platform !== null && !/^[a-z0-9]+\/[a-z0-9]+(\/[a-z0-9]+)?$/.test(platform))
      return { wrong: `A platform is written as linux/amd64, not ${platform}.` }
    return { image, username, credential, platform, json }
  } catch (error) {
    return { wrong: error instanceof Error ? error.message : String(error) }
  }
}

async function typedCredential(username: string, { readStandardInput, redactor }: PreflightMachine) {
  // One line's end belongs to `echo`; any other white space is the secret's, and found out by the first row.
  const password = (await readStandardInput()).replace(/\r?\n$/, '')
  redactor.register(password)
  return { kind: 'basic' as const, username, password: new Secret(password) }
}

const SIGNS: Readonly<Record<Mark, string>> = { running: '..', waiting: '!!', done: 'ok', failed: 'NO', refused: 'NO', skipped: '--', unknown: '??' }

export function reportText({ image, rows, isPullable }: Preflight): string {
  const lines = rows.flatMap((row) => [rowText(row), ...(row.problem === null ? [] : [problemText(row.problem).replace(/^/gm, '     ')])])
  return [image, ...lines, '', isPullable ? 'It can be pulled.' : 'It cannot be pulled.'].join('\n')
}

const rowText = (row: PreflightRow): string =>
  `  ${SIGNS[rowMark(row)]} ${rowWords(row)}${row.note === '' || row.outcome === 'failed' ? '' : `: ${row.note}`}`

export function problemText({ code, sentence, found, wanted, next, who }: Failure['problem']): string {
  const facts = [...(found === undefined ? [] : [`found:  ${found}`]), ...(wanted === undefined ? [] : [`wanted: ${wanted}`])]
  return [`${code}: ${sentence}`, ...facts, `next:   ${next}`, `who:    ${WHO[who]}`].join('\n')
}
