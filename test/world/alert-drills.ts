import { eventually, type Grounds } from './grounds.ts'
import type { Alert, Alerting } from './prometheus.ts'

/** A fault that has to be noticed, and its end. */
export interface Drill {
  readonly alert: string
  readonly what: string
  readonly fault: (grounds: Grounds, environment: Environment) => unknown
  /** Where it is not over by itself. */
  readonly end?: (grounds: Grounds, environment: Environment) => unknown
}

/** What somebody was told first, and what in the end; a drill that went well ends with `resolved`. */
export async function drilled(
  { alert, fault, end }: Drill,
  grounds: Grounds,
  environment: Environment,
  alerting: Alerting,
): Promise<{ readonly first: Alert | undefined; readonly last: Alert | undefined }> {
  const before = alerting.arrived.length
  const fires = () => alerting.arrived.slice(before).find(({ status, labels }) => status === 'firing' && labels['alertname'] === alert)
  await fault(grounds, environment)
  await eventually(() => fires() !== undefined, 30)
  const first = fires()
  await end?.(grounds, environment)
  if (first !== undefined) await alerting.until(alert, 'resolved', 90)
  return { first, last: alerting.said(alert) }
}

type Environment = Readonly<Record<string, string>>

const WRONG = { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
const DAY = 24 * 3_600_000

async function says(grounds: Grounds, ...texts: string[]): Promise<void> {
  for (const text of texts) grounds.github.people.ada.comments(grounds.pull, text)
  await grounds.delivers()
}

const hasSucceeded = (grounds: Grounds): boolean => grounds.rows(`select 1 from deployment where state = 'success'`).length > 0

async function deploys(grounds: Grounds): Promise<void> {
  if (hasSucceeded(grounds)) return
  await says(grounds, '/deploy staging')
  if (!(await eventually(() => hasSucceeded(grounds)))) throw new Error(`nothing was deployed:\n${grounds.gantry.output}`)
}

/** A past that would take too long to live through. */
async function rewrites(grounds: Grounds, environment: Environment, query: string, ...values: (string | number)[]): Promise<void> {
  await grounds.gantry.stops()
  grounds.rewrites(query, ...values)
  await grounds.starts(environment)
}

const held = new WeakMap<Grounds, { close(): void }>()

/** Those that are over soon: a test goes through them. */
export const QUICK: readonly Drill[] = [
  {
    ...{ alert: 'GantryRegistryFailing', what: 'deployments fail because the registry is away' },
    fault: async (grounds) => {
      await grounds.registry.goesDown()
      await says(grounds, ...['1', '2', '3'].map((tag) => `/deploy staging :${tag}`))
    },
    end: (grounds) => grounds.registry.comesBack(),
  },
  {
    ...{ alert: 'GantryNotReady', what: 'the database cannot be written' },
    fault: (grounds) => held.set(grounds, grounds.holdsDatabase()),
    end: (grounds) => held.get(grounds)?.close(),
  },
  {
    ...{ alert: 'GantrySignatureFailures', what: 'signatures are wrong' },
    fault: (grounds) => {
      const sent = { body: '{}', headers: { 'x-github-event': 'push', 'x-github-delivery': 'g', 'content-type': 'application/json' } }
      return Promise.all(Array.from({ length: 40 }, () => grounds.sends(sent, WRONG)))
    },
  },
  {
    ...{ alert: 'GantryDown', what: 'the process is gone' },
    fault: (grounds) => grounds.gantry.stops('SIGKILL'),
    end: (grounds, environment) => grounds.starts(environment),
  },
]

export const SLOW: readonly Drill[] = [
  {
    ...{ alert: 'GantryRestarting', what: 'the process dies and is started, again and again' },
    fault: async (grounds, environment) => {
      for (let times = 0; times < 5; times += 1) {
        await grounds.gantry.stops('SIGKILL')
        await grounds.starts(environment)
        // Each has to be seen by Prometheus, which looks once a second.
        const since = Date.now()
        await eventually(() => Date.now() - since > 1_500)
      }
    },
  },
  {
    ...{ alert: 'GantryErrors', what: 'a delivery cannot be stored' },
    fault: async (grounds) => {
      const other = grounds.holdsDatabase()
      await says(grounds, '/deploy help')
      other.close()
    },
  },
  {
    ...{ alert: 'GantryOutcomeUnknown', what: 'a deployment of unknown outcome, until somebody looks' },
    fault: async (grounds, environment) => {
      await deploys(grounds)
      await rewrites(grounds, environment, `update deployment set state = 'unknown' where state = 'success'`)
    },
    end: (grounds) => says(grounds, '/status staging'),
  },
  {
    ...{ alert: 'GantryDrift', what: 'a target runs something else, until the watch sees it right' },
    fault: async (grounds, environment) => {
      await says(grounds, '/deploy staging')
      await eventually(() => hasSucceeded(grounds))
      const drifted = `insert into drift (environment, deployment, seen, at) select environment, id, 'something', 0 from deployment where state = 'success' limit 1`
      await rewrites(grounds, environment, drifted)
    },
  },
  {
    ...{ alert: 'GantryLockedByItself', what: 'a lock of its own is two days old' },
    fault: async (grounds, environment) => {
      await says(grounds, '/lock staging an outage')
      await eventually(() => grounds.rows('select 1 from lock').length > 0)
      await rewrites(grounds, environment, `update lock set lock = json_set(lock, '$.owner', null, '$.since', ?)`, Date.now() - 2 * DAY)
    },
    end: (grounds) => says(grounds, '/unlock staging'),
  },
  {
    ...{ alert: 'GantryDeliveriesMissed', what: 'a webhook finds nobody, and is fetched back at the next start' },
    fault: async (grounds, environment) => {
      await grounds.gantry.stops()
      await says(grounds, '/deploy help')
      await grounds.starts(environment)
    },
  },
  {
    ...{ alert: 'GantryGitHubLimited', what: 'GitHub wants no calls for fifteen seconds' },
    fault: (grounds, environment) => {
      const { id } = grounds.github.repository
      return rewrites(grounds, environment, 'insert into github_window (installation, until) values (?, ?)', id, Date.now() + 15_000)
    },
  },
  {
    ...{ alert: 'GantryIntegrity', what: 'a record of the audit log was changed, which the next backup finds' },
    fault: async (grounds, environment) => {
      await grounds.gantry.stops()
      grounds.rewrites('update repository_audit set at = at + 1 where number = 1')
      grounds.losesBackups()
      await grounds.starts(environment)
    },
    end: (grounds, environment) => rewrites(grounds, environment, 'update repository_audit set at = at - 1 where number = 1'),
  },
  {
    ...{ alert: 'GantryDeploymentStuck', what: 'a deployment has been resolved for two hours' },
    fault: async (grounds, environment) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      grounds.registry.quirks.pause = () => promise
      held.set(grounds, { close: resolve })
      await says(grounds, '/deploy staging :4')
      await eventually(() => grounds.rows(`select 1 from deployment where state = 'resolving'`).length > 0)
      await grounds.gantry.stops('SIGKILL')
      grounds.rewrites('update step set started_at = started_at - 7200000 where ended_at is null')
      await grounds.starts(environment)
    },
    end: (grounds) => {
      grounds.registry.quirks.pause = () => grounds.isLookedAt()
      held.get(grounds)?.close()
    },
  },
]
