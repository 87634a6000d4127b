import type { Problem } from '../errors.ts'
import { hasEnded, type Deployment, type DeployRequest, type Repository } from './deployment.ts'
import { environmentKey, type App, type Configuration, type EnvironmentRules } from './environment.ts'
import { decide } from './gates/index.ts'
import type { PreflightReport } from './images.ts'
import { maskedJournal, type Mask } from './mask.ts'
import { propose } from './proposal.ts'
import { drive } from './rollout.ts'
import type { Facts } from './source.ts'
import { access, problemOf, type RolloutDoors } from './step.ts'
import type { Observation } from './target.ts'

export interface EnvironmentStatus {
  readonly app: string
  readonly environment: string
  readonly url: string | null
  /** What the target says now; the problem where it cannot be asked. */
  readonly observed: readonly Observation[] | { readonly problem: Problem }
  /** The last deployment that succeeded here. */
  readonly last: Deployment | null
  readonly occupant: Deployment | null
  readonly queue: readonly Deployment[]
}

/** The one service behind every door. */
export interface Service {
  /** Writes the request down and starts it; the same key is the same deployment, once. */
  deploy(request: DeployRequest): Deployment
  find(id: string): Deployment | null
  /** What runs in the configuration's environments, or in those of the given name. Settles an `unknown` outcome where the target could be observed. */
  status(repository: Repository, facts: Facts, environment: string | null): Promise<readonly EnvironmentStatus[] | { readonly problem: Problem }>
  /** Whether the target of the request's environment could pull its images now. Passes the gates first, and changes nothing. */
  preflight(request: DeployRequest, facts: Facts): Promise<Preflights | { readonly problem: Problem }>
  /** The configuration that `facts` hold, parsed; null where the repository has none. */
  configuration(repository: Repository, facts: Facts): { readonly configuration: Configuration | null } | { readonly problem: Problem }
  /** Called after every change of a deployment, once it is on disk. */
  onChange(listener: (deployment: Deployment) => void): void
  /** At start: takes every open deployment up at its last step. */
  recover(): void
  /** Resolves when nothing runs; what waits for the clock goes on when its time comes. */
  idle(): Promise<void>
}

/** One report per image of the environment. */
export interface Preflights {
  readonly app: string
  readonly environment: string
  readonly reports: readonly PreflightReport[]
}

export interface ServiceDoors extends RolloutDoors {
  readonly mask: Mask
  /** Unguessable: at least 128 random bits, `[0-9a-z]`. */
  random(): string
}

const FULL_DISK = 60_000

export function createService(outside: ServiceDoors): Service {
  const doors = { ...outside, journal: maskedJournal(outside.journal, outside.mask) }
  const { journal, clock, activity } = doors
  const listeners: ((deployment: Deployment) => void)[] = []
  const driving = new Set<string>()

  const changed = (deployment: Deployment): void => {
    for (const listener of listeners) {
      try {
        listener(deployment)
      } catch (error) {
        doors.incident(error, deployment.id)
      }
    }
  }
  const go = (id: string): void => {
    if (driving.has(id)) return
    driving.add(id)
    void activity.run(async () => {
      try {
        await drive(id, doors, changed)
        driving.delete(id)
        wakeNext(journal.find(id)?.environment ?? null)
      } catch (error) {
        // Not even its end could be written (a full disk): it stays open until there is room.
        driving.delete(id)
        doors.incident(error, id)
        clock.after(FULL_DISK, () => go(id))
      }
    })
  }
  const wakeNext = (environment: string | null): void => {
    const next = environment === null ? null : journal.turn(environment)
    if (next !== null) go(next.id)
  }

  return {
    deploy: (request) => {
      const { deployment, isNew } = journal.request(newId(request.repository.id, doors.random()), request, clock.now())
      if (isNew) go(deployment.id)
      return deployment
    },
    find: (id) => journal.find(id),
    status: (repository, facts, environment) => status(repository, facts, environment, doors, wakeNext),
    preflight: (request, facts) => preflightOf(request, facts, doors),
    configuration: (repository, facts) => configurationOf(repository, facts, doors),
    onChange: (listener) => {
      listeners.push(listener)
    },
    recover: () => {
      for (const { id } of journal.open()) go(id)
    },
    idle: () => activity.idle(),
  }
}

const newId = (repositoryId: number, random: string): string => `${repositoryId.toString(36)}-${random}`

function configurationOf(repository: Repository, facts: Facts, doors: RolloutDoors): ReturnType<Service['configuration']> {
  return facts.configuration === null ? { configuration: null } : doors.readConfiguration(facts.configuration.text, repository.name)
}

async function preflightOf(request: DeployRequest, facts: Facts, doors: ServiceDoors): ReturnType<Service['preflight']> {
  const proposal = propose(request, facts, doors)
  if ('problem' in proposal) return { problem: proposal.problem }
  const decision = decide({ request, facts, proposal, plan: null })
  if ('refusal' in decision) return { problem: decision.refusal.problem }
  const { app, environment, placed, artifacts } = proposal
  const reports = await Promise.all(artifacts.map((artifact) => doors.images.preflight(artifact, access(placed))))
  return { app, environment, reports }
}

async function status(
  repository: Repository,
  facts: Facts,
  environment: string | null,
  doors: ServiceDoors,
  wakeNext: (environment: string) => void,
): ReturnType<Service['status']> {
  const read = configurationOf(repository, facts, doors)
  if ('problem' in read) return read
  const places = [...(read.configuration?.apps.values() ?? [])].flatMap((app) => [...app.environments.values()].map((rules) => ({ app, rules })))
  const wanted = places.filter(({ rules }) => environment === null || rules.name === environment)
  return Promise.all(wanted.map(({ app, rules }) => statusOf(repository, app, rules, doors, wakeNext)))
}

async function statusOf(repository: Repository, app: App, rules: EnvironmentRules, doors: ServiceDoors, wakeNext: (environment: string) => void) {
  const key = environmentKey(repository.id, app.name, rules.name)
  const { journal, clock } = doors
  const occupant = journal.occupant(key)
  const observed = await look(repository, rules, doors)
  if (occupant !== null && hasEnded(occupant.state) && (await canBeSeen(occupant, doors)) && journal.occupant(key)?.id === occupant.id) {
    journal.settle(key, clock.now())
    wakeNext(key)
  }
  return {
    app: app.name,
    environment: rules.name,
    url: rules.url,
    observed,
    last: journal.lastSuccess(key),
    occupant: journal.occupant(key),
    queue: journal.queued(key),
  }
}

async function look(repository: Repository, rules: EnvironmentRules, doors: ServiceDoors): Promise<EnvironmentStatus['observed']> {
  const placed = doors.targets.get(rules.target)
  // What runs on a target that this repository may not use is none of its business.
  if (placed === undefined || !placed.bounds.some(({ repositoryId }) => repositoryId === repository.id)) return []
  const parsed = placed.target.parse(rules.settings)
  if ('problem' in parsed) return parsed
  try {
    return await placed.target.observe(parsed.settings)
  } catch (error) {
    return { problem: problemOf(error, rules.name, doors) }
  }
}

/** By the plan's own target and settings: the configuration may name others by now. A target that is gone has nothing left to see. */
async function canBeSeen({ id, plan }: Deployment, doors: ServiceDoors): Promise<boolean> {
  const placed = plan === null ? undefined : doors.targets.get(plan.target)
  if (plan === null || placed === undefined) return true
  try {
    await placed.target.observe(plan.settings)
    return true
  } catch (error) {
    problemOf(error, id, doors)
    return false
  }
}
