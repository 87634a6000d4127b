import { hasEnded, type Deployment, type Repository } from '../../../deploy/deployment.ts'
import { deep, maskedDeployment, maskedProblem, maskFor, type Mask } from '../../../deploy/mask.ts'
import type { EnvironmentRecord } from '../../../deploy/overview.ts'
import type { EnvironmentStanding } from '../../../deploy/standings.ts'
import type { Problem } from '../../../errors.ts'
import { requestOf } from '../../asking.ts'
import { Recent } from '../../recent.ts'
import type { Visiting, Visitor } from '../../visit.ts'

/** What every card of the page needs to know. */
export interface Around {
  readonly repository: Repository
  readonly visitor: Visitor
  readonly doors: Visiting
  readonly records: Stood['records']
  /** Whether names of apps would only repeat the repository's. */
  readonly isOnlyApp: boolean
}

/** With the newest deployment there, whatever became of it; null where there is none on record. */
export interface PlaceStanding extends EnvironmentStanding {
  readonly newest: Deployment | null
}

/** What a visitor is shown of a repository's environments. */
export interface Standings {
  /** Masked. Throws what `Service.standings` throws. */
  of(repository: Repository, visitor: Visitor): Promise<Stood>
  /** What was said of it a moment ago does not count any more. */
  changed(repository: number): void
}

export interface Stood {
  /** As the configuration declares them; the problem where there is none to go by. */
  readonly places: readonly PlaceStanding[] | { readonly problem: Problem }
  /** Whether the configuration declares them or not. */
  readonly records: readonly EnvironmentRecord[]
  /** Those that nothing but the records know. */
  readonly former: readonly EnvironmentRecord[]
  readonly isAtWork: boolean
}

/** Milliseconds. A page asks every few seconds, and costs GitHub a question and each target another: while something is at work the records tell enough. */
const AT_REST = 10_000
const AT_WORK = 30_000

/** What GitHub and the targets say is kept for a moment, for each visitor apart; what our own records say is of now. */
export function createStandings(doors: Visiting): Standings {
  const { service, overview, clock, random, mask } = doors
  const recent = new Recent<Awaited<ReturnType<typeof service.standings>>>(clock)
  const changes = new Map<number, number>()
  const changed = (repository: number): void => void changes.set(repository, (changes.get(repository) ?? 0) + 1)
  service.onChange(({ state, request }) => {
    if (hasEnded(state)) changed(request.repository.id)
  })
  const isAtWork = (records: readonly EnvironmentRecord[]): boolean =>
    records.some(({ occupant, queue, waiting }) => occupant !== null || queue.length > 0 || waiting.length > 0)

  return {
    changed,
    async of(repository, { caller }) {
      const records = await overview.environments(repository.id)
      const key = `${caller.key}:${repository.id}:${changes.get(repository.id) ?? 0}`
      const request = requestOf({ caller, repository, key: `look:${random()}`, door: 'page' }, doors)
      const ask = () => service.standings(request)
      const found = await recent.get(key, ask, () => (isAtWork(records) ? AT_WORK : AT_REST))
      const kept = { records, isAtWork: isAtWork(records) }
      if ('problem' in found) return { places: { problem: maskedProblem(found.problem, maskFor(mask, repository)) }, former: records, ...kept }
      const now = found.map((one) => masked(asRecorded(one, records, repository, doors), maskFor(mask, repository), mask))
      const declared = new Set(now.map(({ app, rules }) => `${app.name}/${rules.name}`))
      return { places: now, former: records.filter(({ app, environment }) => !declared.has(`${app}/${environment}`)), ...kept }
    },
  }
}

/** Whoever may not deploy there is shown nothing of what a target runs, drift among it. */
export const isUnseen = ({ status: { observed } }: EnvironmentStanding): boolean => !('problem' in observed) && observed.length === 0

function asRecorded(standing: EnvironmentStanding, records: readonly EnvironmentRecord[], { id }: Repository, { service }: Visiting): PlaceStanding {
  const { app, rules, status } = standing
  const record = records.find((one) => one.app === app.name && one.environment === rules.name)
  const { newest, last, occupant, queue, waiting } = record ?? { newest: null, last: null, occupant: null, queue: [], waiting: [] }
  const { locks, drift } = service.held(id, app.name, rules.name)
  return { ...standing, newest, status: { ...status, last, occupant, queue, waiting, locks, drift: isUnseen(standing) ? null : drift } }
}

function masked({ app, rules, status, decision, newest }: PlaceStanding, own: Mask, everybodys: Mask): PlaceStanding {
  const one = (deployment: Deployment): Deployment => maskedDeployment(deployment, everybodys)
  const orNone = (deployment: Deployment | null): Deployment | null => deployment && one(deployment)
  const { observed, last, occupant, queue, waiting, locks, drift, url } = status
  return {
    app: { ...app, images: new Map([...app.images].map(([name, image]) => [name, deep(image, own)])) },
    rules: deep(rules, own),
    newest: orNone(newest),
    decision: deep(decision, own),
    status: {
      ...{ app: status.app, environment: status.environment, url: url === null ? null : own(url) },
      ...{ observed: deep(observed, own), last: orNone(last), occupant: orNone(occupant), queue: queue.map(one), waiting: waiting.map(one) },
      ...{ locks: deep(locks, own), drift: deep(drift, own) },
    },
  }
}
