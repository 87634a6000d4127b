import { readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Failure } from '../errors.ts'
import type { Problem } from '../errors.ts'
import { operatorFilePath, readSettings } from '../settings.ts'
import type { AppSettings, Settings } from '../settings.ts'
import { readAuditMac } from '../store/audit-key.ts'
import { macUnder } from '../store/audit.ts'
import { localKeys } from '../store/vault/local-keys.ts'
import { createVault } from '../store/vault.ts'
import { entropy } from './entropy.ts'
import { CONFIG_CHECK_HELP, configCheckCommand } from './config-check.ts'
import { readEnvironmentFile } from './environment-file.ts'
import { AUDIT_HELP, auditCommand } from './audit.ts'
import { BACKUP_HELP, backupCommand, restoreCommand, type BackupMachine } from './backup-commands.ts'
import { KEYS_HELP, keysCommand } from './keys.ts'
import { createLog } from './log.ts'
import { hmac } from './mac.ts'
import { start } from './node.ts'
import { PREFLIGHT_HELP, preflightCommand } from './preflight.ts'
import { toPkcs8 } from './private-key.ts'
import { createRedactor, secretsOf } from './redact.ts'
import { readIfThere, withReadable, withWritable } from './secrets.ts'
import { VAULT_HELP, vaultCommand, type VaultMachine } from './vault.ts'
import { startSetup } from './setup.ts'
import { readSqlite } from './sqlite.ts'

const ENVIRONMENT_FILE = '.env'

const HELP = `gantry start   runs the bot; with no App set it offers to register one
${PREFLIGHT_HELP}
${KEYS_HELP}
${VAULT_HELP}
${AUDIT_HELP}
${CONFIG_CHECK_HELP}
${BACKUP_HELP}
gantry help    this text

Settings are environment variables, or lines of the file .env; .env.example describes them all.`

/** `gantry WORDS…`. Ends the process: 0 done, 1 a problem outside, 2 a command that there is not. */
export async function main(words: readonly string[]): Promise<void> {
  const [command = 'help', ...rest] = words
  if (command === 'start' && rest.length === 0) return startCommand()
  if (command === 'preflight') return checkImage(rest)
  if (command === 'keys') return keys(rest)
  if (command === 'audit') return checkAudit(rest)
  if (command === 'vault') return useVault(rest)
  if (command === 'config') return checkConfiguration(rest)
  if (command === 'backup') return backups(backupCommand, rest)
  if (command === 'restore') return backups(restoreCommand, rest)
  if (['help', '--help', '-h'].includes(command)) return console.log(HELP)
  console.error(`There is no command "gantry ${words.join(' ')}".\n\n${HELP}`)
  process.exitCode = 2
}

async function startCommand(): Promise<void> {
  // Nobody else reads what we write, whatever the shell's own mask is.
  process.umask(0o077)
  const environment = { ...readEnvironmentFile(ENVIRONMENT_FILE), ...process.env }
  const read = readSettings(environment, { readFile: (path) => readFileSync(path, 'utf8'), toPkcs8 })
  if ('problems' in read) return refuseToStart(read.problems)
  const { settings } = read
  try {
    if (settings.app === null) await setUp(settings)
    else await run({ ...settings, app: settings.app }, environment)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    refuseToStart([error.problem])
  }
}

async function keys(words: readonly string[]): Promise<void> {
  process.umask(0o077)
  const environment = { ...readEnvironmentFile(ENVIRONMENT_FILE), ...process.env }
  const say = (text: string): void => console.error(text)
  const settings = (): Settings => settingsIn(environment)
  try {
    process.exitCode = await keysCommand(words, { settings, print: (text) => console.log(text), say })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    process.exitCode = 1
    for (const line of problemLines([error.problem])) say(line)
  }
}

async function checkImage(words: readonly string[]): Promise<void> {
  const environment = { ...readEnvironmentFile(ENVIRONMENT_FILE), ...process.env }
  const redactor = createRedactor()
  // What failed is on the screen; the log's lines would only stand between it.
  const log = createLog('error', redactor, (line) => process.stderr.write(line))
  const machine = { environment, redactor, log, config: operatorFilePath(environment) }
  const say = (text: string): void => console.error(redactor.clean(text))
  try {
    const print = (text: string): void => console.log(redactor.clean(text))
    process.exitCode = await preflightCommand(words, { ...machine, print, warn: say, readStandardInput: () => text(process.stdin) })
  } catch (error) {
    process.exitCode = 1
    // Whatever it is, it may show what it was given.
    if (error instanceof Failure) for (const line of problemLines([error.problem])) say(line)
    else say(`A mistake of our own: ${error instanceof Error ? error.stack : String(error)}`)
  }
}

async function useVault(words: readonly string[]): Promise<void> {
  process.umask(0o077)
  const environment = { ...readEnvironmentFile(ENVIRONMENT_FILE), ...process.env }
  const redactor = createRedactor()
  const log = createLog('error', redactor, (line) => process.stderr.write(line))
  const withSecrets: VaultMachine['withSecrets'] = async (isWritten, work) => {
    const settings = settingsIn(environment)
    for (const secret of secretsOf(settings)) redactor.register(secret.reveal())
    return isWritten ? withWritable(settings, work) : withReadable(settings, work)
  }
  const machine = {
    environment,
    redactor,
    log,
    withSecrets,
    readText: readIfThere,
    now: Date.now,
    print: (line: string) => console.log(redactor.clean(line)),
  }
  try {
    process.exitCode = await vaultCommand(words, machine)
  } catch (error) {
    process.exitCode = 1
    if (error instanceof Failure) for (const line of problemLines([error.problem])) console.error(redactor.clean(line))
    else console.error(redactor.clean(`A mistake of our own: ${error instanceof Error ? error.stack : String(error)}`))
  }
}

async function checkAudit(words: readonly string[]): Promise<void> {
  const environment = { ...readEnvironmentFile(ENVIRONMENT_FILE), ...process.env }
  try {
    const { data, keys } = settingsIn(environment)
    const sql = readSqlite(join(data, 'gantry.db'))
    const kept = await readAuditMac(createVault(sql, localKeys(keys, entropy), entropy), hmac)
    process.exitCode = auditCommand(words, { sql, macs: [kept, macUnder(hmac, null)], print: (line) => console.log(line) })
    sql.close()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    for (const line of problemLines([error.problem])) console.error(line)
    process.exitCode = 1
  }
}

async function backups(command: (words: readonly string[], machine: BackupMachine) => Promise<number>, words: readonly string[]): Promise<void> {
  process.umask(0o077)
  const environment = { ...readEnvironmentFile(ENVIRONMENT_FILE), ...process.env }
  const redactor = createRedactor()
  const log = createLog('error', redactor, (line) => process.stderr.write(line))
  const print = (text: string): void => console.log(redactor.clean(text))
  const say = (text: string): void => console.error(redactor.clean(text))
  try {
    process.exitCode = await command(words, { settings: () => settingsIn(environment), machine: { environment, redactor, log }, print, say })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    process.exitCode = 1
    for (const line of problemLines([error.problem])) say(line)
  }
}

/** Throws the first thing that is wrong with them. */
function settingsIn(environment: Readonly<Record<string, string | undefined>>): Settings {
  const read = readSettings(environment, { readFile: (path) => readFileSync(path, 'utf8'), toPkcs8 })
  if ('problems' in read) throw new Failure(read.problems[0]!.code, read.problems[0]!)
  return read.settings
}

async function checkConfiguration(words: readonly string[]): Promise<void> {
  process.exitCode = await configCheckCommand(words, {
    repository: basename(process.cwd()),
    readFile: fileOrNull,
    readStandardInput: () => text(process.stdin),
    print: (lines) => console.log(lines),
  })
}

function fileOrNull(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

async function run(settings: Settings & { readonly app: AppSettings }, environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const redactor = createRedactor()
  for (const secret of secretsOf(settings)) redactor.register(secret.reveal())
  const log = createLog(settings.logLevel, redactor)
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a mistake of our own; the process ends, and takes up its work at the next start')
    process.exit(1)
  })
  const running = start(settings, { environment, redactor, log })
  onceAskedToStop(async () => {
    log.info('stopping')
    // Where it did not start there is nothing to stop.
    await running.then(({ stop }) => stop()).catch(() => {})
    process.exit(0)
  })
  await running
}

async function setUp(settings: Settings): Promise<void> {
  const appYml = readFileSync(new URL('../../app.yml', import.meta.url), 'utf8')
  const setup = await startSetup({ settings, appYml, fetch: globalThis.fetch, environmentFile: ENVIRONMENT_FILE, say: (line) => console.log(line) })
  onceAskedToStop(() => process.exit(0))
  await setup.done
  await setup.close()
}

/** A second signal does not wait: a crash loses nothing either. */
function onceAskedToStop(stop: () => unknown): void {
  let isStopping = false
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (isStopping) process.exit(1)
      isStopping = true
      void stop()
    })
  }
}

function refuseToStart(problems: readonly Problem[]): void {
  console.error('Gantry did not start.')
  for (const line of problemLines(problems)) console.error(line)
  process.exitCode = 1
}

const problemLines = (problems: readonly Problem[]): readonly string[] =>
  problems.flatMap(({ sentence, found, wanted, next }) => [
    `\n${sentence}`,
    ...(found === undefined ? [] : [`  found:  ${found}`]),
    ...(wanted === undefined ? [] : [`  wanted: ${wanted}`]),
    `  next:   ${next}`,
  ])
