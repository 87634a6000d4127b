import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import * as z from 'zod'
import { placeTargets } from '../accounts/placing.ts'
import { diagnoseApp, type Finding, type Wanted } from '../bot/diagnosis.ts'
import { createProbot } from '../bot/probot.ts'
import { Failure, type Problem } from '../errors.ts'
import type { AppSettings, Settings } from '../settings.ts'
import { localKeys } from '../store/vault/local-keys.ts'
import { createVault } from '../store/vault.ts'
import { systemClock } from './clock.ts'
import { entropy } from './entropy.ts'
import { WEBHOOK_PATH } from './front.ts'
import { loadOperatorFile } from './operator-file.ts'
import { secretsIn } from './secrets.ts'
import { readSqlite } from './sqlite.ts'
import { targetDoors } from './target-doors.ts'
import { problemLines, type CliCommand, type Terminal } from './terminal.ts'

const DOCTOR_HELP = `gantry doctor  looks at everything that has to be right, beside a Gantry that runs or without one, and changes nothing:
               settings, database, keys, operator file, targets, the App on GitHub; ends with 1 where something is wrong`

export const doctor: CliCommand = {
  name: 'doctor',
  help: DOCTOR_HELP,
  run: async (words, terminal) => {
    if (words.length > 0) {
      terminal.print(DOCTOR_HELP)
      return 2
    }
    const settings = terminal.settings()
    const found = [...(await ofMachine(settings, terminal)), ...(await ofGitHub(settings, terminal))]
    for (const finding of found) for (const line of linesOf(finding)) terminal.print(line)
    return found.some(({ problem, isWarning }) => problem !== null && isWarning !== true) ? 1 : 0
  },
}

function linesOf({ what, note, problem, isWarning }: Finding): readonly string[] {
  if (problem === null) return [`  ok ${what}${note === '' ? '' : `: ${note}`}`]
  return [`  ${isWarning === true ? '!!' : 'NO'} ${what}`, ...problemLines([problem]).map((line) => `     ${line.trimStart()}`)]
}

/** What a start would look at before it listens. */
async function ofMachine(settings: Settings, terminal: Terminal): Promise<readonly Finding[]> {
  const database = join(settings.data, 'gantry.db')
  const start = { sentence: `There is no database ${database} yet.`, next: 'Start Gantry once, or set GANTRY_DATA to the folder that it runs with.' }
  if (!existsSync(database))
    return [failed('The database can be read', new Failure('SETTING_INVALID', start).problem), ...(await ofOperator(settings, terminal, []))]
  const opened = await attempt('The database can be read', () => readSqlite(database))
  if (!('value' in opened)) return [opened]
  const sql = opened.value
  try {
    const keys = await attempt('The keys are those that the vault was written with', () =>
      createVault(sql, localKeys(settings.keys, entropy), entropy).check(),
    )
    const kept = 'value' in keys ? await (await secretsIn(sql, settings)).declarations.all() : []
    return [ok('The database can be read', database), 'value' in keys ? ok(keys.what, '') : keys, ...(await ofOperator(settings, terminal, kept))]
  } finally {
    sql.close()
  }
}

async function ofOperator(settings: Settings, terminal: Terminal, kept: Parameters<typeof loadOperatorFile>[2]): Promise<readonly Finding[]> {
  const read = await attempt('The operator file is right', () => loadOperatorFile(settings.config, terminal, kept))
  if (!('value' in read)) return [read]
  const targets = [...placeTargets(read.value, targetDoors(settings)).values()]
  const reached = await Promise.all(
    targets.map(async ({ key, target }) => {
      const found = await attempt(`The target ${key} is there`, () => target.reach())
      return 'value' in found ? ok(found.what, found.value) : found
    }),
  )
  return [ok(read.what, settings.config), ...reached]
}

async function ofGitHub(settings: Settings, { log }: Terminal): Promise<readonly Finding[]> {
  const { app, githubApiUrl: apiUrl } = settings
  const none = { sentence: 'No App is set.', next: 'Run npm start: it offers to register one.' }
  if (app === null) return [failed('An App is set', new Failure('SETTING_INVALID', none).problem)]
  const probot = createProbot({ appId: app.id, privateKey: app.privateKey, webhookSecret: secretOf(app), apiUrl, fetch: globalThis.fetch, log })
  return diagnoseApp(probot, systemClock, wantedBy(settings))
}

const secretOf = ({ webhookSecrets: [newest] }: AppSettings): AppSettings['privateKey'] => newest as AppSettings['privateKey']

const declared = z.object({ default_permissions: z.record(z.string(), z.string()), default_events: z.array(z.string()) })

function wantedBy({ url, webhookProxyUrl }: Settings): Wanted {
  const { default_permissions: permissions, default_events: events } = declared.parse(
    parse(readFileSync(new URL('../../app.yml', import.meta.url), 'utf8')),
  )
  return { permissions, events, webhooks: webhookProxyUrl ?? (url === null ? null : `${url}${WEBHOOK_PATH}`) }
}

const ok = (what: string, note: string): Finding => ({ what, note, problem: null })
const failed = (what: string, problem: Problem): Finding => ({ what, note: '', problem })

async function attempt<T>(what: string, work: () => T | Promise<T>): Promise<{ readonly what: string; readonly value: T } | Finding> {
  try {
    return { what, value: await work() }
  } catch (error) {
    if (error instanceof Failure) return failed(what, error.problem)
    throw error
  }
}
