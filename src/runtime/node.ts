import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assemble, noteOperator, openSecrets } from '../assemble.ts'
import type { Gantry, Outside } from '../assemble.ts'
import { EVENTS } from '../bot/intake.ts'
import type { Operator } from '../config/operator.ts'
import { Failure } from '../errors.ts'
import { declarationWords } from '../deploy/declaration.ts'
import type { AppSettings, Settings } from '../settings.ts'
import { noteBackup, type Mac } from '../store/audit.ts'
import { instanceId } from '../store/instance.ts'
import type { Vault } from '../store/vault.ts'
import { systemClock } from './clock.ts'
import { dockerCredential } from './docker-config.ts'
import { readAssets } from './assets.ts'
import { docsRoutes } from './docs.ts'
import { siteFetch } from './egress.ts'
import { entropy, newId } from './entropy.ts'
import { keepBackups } from './scheduled-backups.ts'
import { runGantry } from './own-process.ts'
import { createFront } from './front.ts'
import { watchGitHub, type GitHubWatch } from './github-watch.ts'
import type { LineCounts, Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { loadOperatorFile, loadTrustedRoots } from './operator-file.ts'
import type { Machine } from './operator-text.ts'
import { notingRotation } from './keys.ts'
import { hmac, remembered } from './mac.ts'
import { serveSites } from './sites.ts'
import { createReadiness, readyz, type Readiness } from './readiness.ts'
import { hiding } from './redact.ts'
import { registryDoors } from './registry-doors.ts'
import { openSqlite } from './sqlite.ts'
import type { SqliteDatabase } from './sqlite.ts'
import { targetDoors } from './target-doors.ts'
import { NOBODY_LISTENS, type Told } from './told.ts'
import { webHandler } from './web.ts'
import { listenToProxy } from './webhook-proxy.ts'

/** What a running Gantry hands out. */
export interface Running {
  /** Where the front listens. */
  readonly url: string
  /** Takes nothing new, waits up to 8 seconds for what is being done, and closes; what was left is taken up at the next start. */
  stop(): Promise<void>
}

/** Container engines kill ten seconds after SIGTERM. */
const MOST_IDLE = 8_000

/** Starts everything on this machine. Throws a `Failure` whose problem says what to put right. `lines`: what the log counts. */
export async function start(settings: Settings & { readonly app: AppSettings }, machine: Machine & { readonly lines: LineCounts }): Promise<Running> {
  const { log } = machine
  const closers: (() => unknown)[] = []
  const close = async () => {
    for (const closer of closers.toReversed()) await closer()
  }
  try {
    const sql = openSqlite(databaseIn(settings))
    closers.push(() => sql.close())
    // Its library is read only where somebody wants it.
    const metrics = settings.metrics === null ? null : (await import('./metrics.ts')).createMetrics(systemClock.now)
    const told: Told = metrics ?? NOBODY_LISTENS
    const github = watchGitHub(globalThis.fetch, systemClock, told.github)
    const doors = outside(settings, sql, machine, github)
    const secrets = await openSecrets(settings, doors)
    const operator = loadOperatorFile(settings.config, machine, await secrets.declarations.all())
    for (const one of operator.unused)
      log.error({ declaration: declarationWords(one) }, `the ${declarationWords(one)} in the vault is not used: ${one.why}`)
    noteOperator(operator, secrets, doors)
    const gantry = assemble(settings, operator, secrets, { ...doors, ...rootsOf(operator) })
    closers.push(await serveSites(gantry, log))
    const readiness = readinessOf(sql, secrets.vault, github)
    const front = createFront({
      intake: { events: new Set(EVENTS), read: gantry.bot.readDelivery, store: gantry.inbox.store, kick: () => gantry.bot.work() },
      webhookSecrets: settings.app.webhookSecrets,
      isHealthy: () => sql.isHealthy(),
      clock: systemClock,
      log,
      ...(metrics !== null && { answered: metrics.webhook }),
      routes: new Map([
        ...docsRoutes(fileURLToPath(new URL('../../docs', import.meta.url)), { hasApi: gantry.web !== null }),
        ['GET /readyz', readyz(readiness)],
      ]),
      rest: gantry.web === null ? undefined : webHandler(gantry.web.fetch, settings.trustedProxies, log),
    })
    // Before anything has begun that would have to be ended where its port is taken.
    if (metrics !== null) closers.push(await serveMetrics(metrics, sql, readiness, settings, machine))
    recover(gantry)
    const url = await listen(front, settings, 'HOST', 'PORT')
    closers.push(() => front.closeAllConnections())
    if (settings.webhookProxyUrl !== null) closers.push(await listenToProxy(settings.webhookProxyUrl, url, log))
    log.info({ url }, 'listening')
    closers.push(keepRotating(gantry.vault, log, notingRotation(sql, secrets.mac, systemClock.now)))
    closers.push(backingUp(settings, sql, secrets.mac, machine, told.backup))
    // Not before: what finds nobody in between would not be in GitHub's list yet.
    gantry.bot.catchUp()
    const stopping = () => {
      readiness.stopping()
      return stop(front, gantry, close, log)
    }
    return { url, stop: stopping }
  } catch (error) {
    await close()
    throw error
  }
}

function rootsOf(operator: Operator): Pick<Outside, 'roots'> {
  const roots = loadTrustedRoots(operator)
  return roots === undefined ? {} : { roots }
}

const readinessOf = (sql: SqliteDatabase, vault: Vault, { isReachable }: GitHubWatch): Readiness =>
  createReadiness({ isWritable: () => sql.isWritable(), checkKeys: () => vault.check(), isGitHubReachable: isReachable, clock: systemClock })

async function serveMetrics(
  metrics: Metrics,
  sql: SqliteDatabase,
  readiness: Readiness,
  settings: Settings,
  { lines, log }: Machine & { readonly lines: LineCounts },
): Promise<() => void> {
  const sources = {
    ...{ repositories: sql, accounts: sql, database: databaseIn(settings), backupEvery: settings.backups.every },
    ...{ events: EVENTS, readiness, clock: systemClock },
  }
  const server = metrics.server(sources, lines, log)
  const url = await listen(server, settings.metrics ?? settings, 'METRICS_HOST', 'METRICS_PORT')
  log.info({ url: `${url}/metrics` }, 'serving metrics')
  return () => {
    server.close()
    server.closeAllConnections()
  }
}

const databaseIn = ({ data }: Settings): string => join(data, 'gantry.db')

function outside(settings: Settings, sql: SqliteDatabase, { redactor, log }: Machine, { fetch }: GitHubWatch): Outside {
  return {
    repositories: sql,
    accounts: sql,
    fetch,
    registry: registryDoors(log),
    siteFetch: siteFetch(),
    dockerConfig: dockerCredential,
    hide: (secret, whose) => hiding(redactor, secret, whose),
    targets: targetDoors(settings),
    clock: systemClock,
    log,
    mask: (text, account) => redactor.clean(text, account),
    hmac,
    hash: remembered,
    random: newId,
    entropy,
    assets: readAssets(),
  }
}

/** Credentials that were in use are made meanwhile; deployments before deliveries, whose answers then find them as they are. */
function recover({ service, bot, renewals, recoverTokens, expiries }: Gantry): void {
  expiries()
  void recoverTokens()
  renewals.recover()
  service.recover()
  bot.announcer.recover()
  bot.work()
}

/** A new key in front of `GANTRY_KEYS` is taken up beside everything else, and a rotation that was broken off goes on. */
function keepRotating(vault: Vault, log: Log, note: ReturnType<typeof notingRotation>): () => Promise<void> {
  const stopping = new AbortController()
  const done = vault.rotate({ signal: stopping.signal, note }).then(
    ({ rewrapped, records, unneeded, problems }) => {
      if (rewrapped + records > 0) log.info({ rewrapped, records, unneeded }, 'the vault took up a new key')
      for (const problem of problems) log.error({ problem }, 'the vault cannot read a part of what it keeps')
    },
    (error: unknown) => log.error({ err: error }, 'the vault could not take up a new key; the next start tries again'),
  )
  return () => (stopping.abort(), done)
}

function backingUp({ backups }: Settings, sql: SqliteDatabase, mac: Mac, { environment, log }: Machine, tried: Told['backup']): () => unknown {
  const { every } = backups
  if (every === null) return () => {}
  return keepBackups({
    settings: { ...backups, every },
    instance: instanceId(sql, newId),
    clock: systemClock,
    log,
    tried,
    run: (words, signal) => runGantry(words, environment, signal),
    note: (name, { fingerprint }) => {
      const entry = { at: systemClock.now(), action: 'backup made', subject: name, after: `sha256:${fingerprint}`, why: null } as const
      sql.transaction(() => noteBackup(sql, mac, entry))
    },
  })
}

async function listen(server: Server, { host, port }: { readonly host: string; readonly port: number }, ...names: [string, string]): Promise<string> {
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    const details = {
      sentence: `Gantry cannot listen on ${names[0]} ${host}, ${names[1]} ${port}.`,
      next: `Set ${names.join(' and ')} to an address that is free on this machine.`,
    }
    throw new Failure('SETTING_INVALID', details, error)
  }
  const { address, family, port: taken } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`
}

async function stop(front: Server, { bot, service, web, limits }: Gantry, close: () => Promise<void>, log: Log): Promise<void> {
  const closed = once(front, 'close')
  front.close()
  web?.close()
  front.closeIdleConnections()
  service.stop()
  const idle = Promise.all([closed, bot.idle(), service.idle()]).then(() => true)
  const late = new Promise<false>((resolve) => setTimeout(resolve, MOST_IDLE, false).unref())
  if (!(await Promise.race([idle, late]))) log.warn('stopped in the middle of something; it is taken up at the next start')
  limits.keep()
  await close()
}
