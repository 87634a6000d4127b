import { problem, type Problem } from '../errors.ts'
import { hasEnded, type Deployment, type Lock, type Repository } from './deployment.ts'
import { environmentKey, isAdmitted, type App, type Configuration, type EnvironmentRules } from './environment.ts'
import type { Drifts } from './journal.ts'
import { findTarget } from './proposal.ts'
import { problemOf, within, type RolloutDoors } from './step.ts'
import type { Observation } from './target.ts'
import type { PlaceAsked } from './wishes.ts'

/** What runs in an environment, and who waits for it. */
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
  /** For something else than its turn, newest first. */
  readonly waiting: readonly Deployment[]
  /** What holds it: its own lock, and that of the whole repository. */
  readonly locks: readonly Lock[]
  /** Something runs that nobody deployed. */
  readonly drift: ReturnType<Drifts['find']>
}

const RECENT = 50

/** An environment as the configuration declares it. */
export interface Place {
  readonly app: App
  readonly rules: EnvironmentRules
}

/** Null means any. */
export const placesIn = ({ apps }: Configuration, { app: name, environment }: PlaceAsked): readonly Place[] =>
  [...apps.values()]
    .filter((app) => name === null || app.name === name)
    .flatMap((app) => [...app.environments.values()].map((rules) => ({ app, rules })))
    .filter(({ rules }) => environment === null || rules.name === environment)

/** How the target is asked. */
export interface Looking {
  /** Whose turn it is after an `unknown` outcome was settled. */
  readonly wakeNext: (environment: string) => void
  /** Whether an `unknown` outcome is over once its target could be observed. */
  readonly settles: boolean
  /** Milliseconds that it has for each answer; null: as long as it takes. */
  readonly patience: number | null
}

export async function statusOf(repository: Repository, { app, rules }: Place, doors: RolloutDoors, looking: Looking): Promise<EnvironmentStatus> {
  const key = environmentKey(repository.id, app.name, rules.name)
  const { journal, clock } = doors
  const occupant = journal.occupant(key)
  const observed = await look(repository, rules, doors, looking)
  const isUnsettled = looking.settles && occupant !== null && hasEnded(occupant.state)
  if (isUnsettled && (await canBeSeen(occupant, doors, looking)) && journal.occupant(key)?.id === occupant.id) {
    journal.settle(key, clock.now())
    looking.wakeNext(key)
  }
  return { ...recordedOf(repository, { app, rules }, doors), observed }
}

/** What is on record, and nothing of what the target says. */
export function recordedOf(
  { id }: Repository,
  { app, rules }: Place,
  { journal, locks, drifts, clock }: RolloutDoors,
): Omit<EnvironmentStatus, 'observed'> {
  const key = environmentKey(id, app.name, rules.name)
  return {
    app: app.name,
    environment: rules.name,
    url: rules.url,
    last: journal.lastSuccess(key),
    occupant: journal.occupant(key),
    queue: journal.queued(key),
    waiting: journal.recent({ environment: key }, RECENT).filter(({ state }) => state === 'waiting'),
    locks: locks.holding(id, `${app.name}/${rules.name}`, clock.now()),
    drift: drifts.find(key),
  }
}

async function look(
  repository: Repository,
  rules: EnvironmentRules,
  doors: RolloutDoors,
  { patience }: Looking,
): Promise<EnvironmentStatus['observed']> {
  const placed = findTarget(doors.targets, repository, rules.target)
  // What runs on a target that this repository may not use is none of its business.
  if (placed === undefined || !placed.bounds.some((bound) => isAdmitted(bound, repository))) return []
  const parsed = placed.target.parse(rules.settings)
  if ('problem' in parsed) return parsed
  try {
    return (await within(patience, () => placed.target.observe(parsed.settings), doors.clock)) ?? tooSlow(placed.name, patience)
  } catch (error) {
    return { problem: problemOf(error, rules.name, doors) }
  }
}

const tooSlow = (target: string, patience: number | null) => ({
  problem: problem('TARGET_UNAVAILABLE', {
    sentence: `Target ${target} has not said within ${(patience ?? 0) / 1000} seconds what runs there.`,
    found: 'no answer yet',
    wanted: 'what runs there',
    next: 'Look again in a minute; /status waits for it longer.',
  }),
})

/** By the plan's own target and settings: the configuration may name others by now. A target that is gone has nothing left to see. */
async function canBeSeen({ id, plan }: Deployment, doors: RolloutDoors, { patience }: Looking): Promise<boolean> {
  const placed = plan === null ? undefined : doors.targets.get(plan.target)
  if (plan === null || placed === undefined) return true
  try {
    return (await within(patience, () => placed.target.observe(plan.settings), doors.clock)) !== null
  } catch (error) {
    problemOf(error, id, doors)
    return false
  }
}
