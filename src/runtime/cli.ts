import { readFileSync } from 'node:fs'
import { Failure } from '../errors.ts'
import type { Problem } from '../errors.ts'
import type { AppSettings, Settings } from '../settings.ts'
import { audit } from './audit.ts'
import { backup, restore } from './backup-commands.ts'
import { worker } from './cloudflare/build.ts'
import { config } from './config-check.ts'
import { doctor } from './doctor.ts'
import { keys } from './keys.ts'
import { counting, createLog } from './log.ts'
import { move } from './move-command.ts'
import { start } from './node.ts'
import { preflight } from './preflight.ts'
import { createRedactor, secretsOf } from './redact.ts'
import { startSetup } from './setup.ts'
import { ENVIRONMENT_FILE, environmentNow, problemLines, runCommand, settingsIn, type CliCommand } from './terminal.ts'
import { vault } from './vault.ts'

const COMMANDS: readonly CliCommand[] = [doctor, preflight, config, keys, vault, audit, backup, restore, move, worker]

const HELP = `gantry start   runs the bot; with no App set it offers to register one
${COMMANDS.map(({ help }) => help).join('\n')}
gantry help    this text

Settings are environment variables, or lines of the file .env; .env.example describes them all.`

/** `gantry WORDS…`. Ends the process: 0 done, 1 a problem outside, 2 a command that there is not. */
export async function main(words: readonly string[]): Promise<void> {
  const [word = 'help', ...rest] = words
  if (word === 'start' && rest.length === 0) return startCommand()
  const command = COMMANDS.find(({ name }) => name === word)
  if (command !== undefined) return runCommand(command, rest)
  if (['help', '--help', '-h'].includes(word)) return console.log(HELP)
  console.error(`There is no command "gantry ${words.join(' ')}".\n\n${HELP}`)
  process.exitCode = 2
}

async function startCommand(): Promise<void> {
  // Nobody else reads what we write, whatever the shell's own mask is.
  process.umask(0o077)
  const environment = environmentNow()
  const read = settingsIn(environment)
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

async function run(settings: Settings & { readonly app: AppSettings }, environment: Readonly<Record<string, string | undefined>>): Promise<void> {
  const redactor = createRedactor()
  for (const secret of secretsOf(settings)) redactor.register(secret.reveal())
  const lines = { warn: 0, error: 0, fatal: 0 }
  const log = createLog(settings.logLevel, redactor, counting(lines))
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'a mistake of our own; the process ends, and takes up its work at the next start')
    process.exit(1)
  })
  const running = start(settings, { environment, redactor, log, lines })
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
