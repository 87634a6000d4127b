import { hasEnded, type Deployment } from '../../../src/deploy/deployment.ts'
import type { Digest } from '../../../src/registry/reference.ts'
import type { Found } from '../finding.ts'
import type { Play } from './play.ts'
import type { Environment } from './scenario.ts'
import { ENVIRONMENTS, workloadsOf } from './surroundings.ts'
import type { EngineWorld } from './world.ts'

/** What must hold once everything has come to rest. */
export function judge(world: EngineWorld, play: Play): void {
  const { journal, disk } = world
  const { found } = world.watcher
  const deployments = disk.all<{ id: string }>('select id from deployment order by sequence').flatMap(({ id }) => journal.find(id) ?? [])
  asked(play, world.scenario.contract === 'readable', deployments, found)
  for (const one of deployments) {
    if (!hasEnded(one.state)) found('lost', `${one.id} stays ${one.state}`)
    took(world, one)
    putBack(world, one, deployments)
    moved(world, one)
    approved(world, one)
  }
  for (const environment of ENVIRONMENTS) rests(world, environment, deployments)
  cancelled(world, play, deployments)
  for (const { state, problem, alreadyRunning, steps } of deployments) {
    world.reached.note(`${alreadyRunning ? 'already running' : state} ${problem?.code ?? ''}`.trim())
    if (steps.some(({ name }) => name === 'restore')) world.reached.note(/runs again/.test(problem?.sentence ?? '') ? 'put back' : 'not put back')
  }
}

/** Each command is one deployment, and no deployment is nobody's. */
function asked({ inbox, asked: commands }: Play, isReadable: boolean, deployments: readonly Deployment[], found: Found): void {
  for (const { request, isHandled } of inbox) if (!isHandled) found('lost', `${request.key} was never dealt with`)
  const keys = new Set(commands.map(({ request }) => request.key))
  for (const key of keys) {
    const rows = deployments.filter(({ request }) => request.key === key).length
    if (rows !== 1) found(rows === 0 ? 'lost' : 'doubled', `${rows} deployments for ${key}`)
  }
  for (const { request } of deployments)
    if (!keys.has(request.key) && !(isReadable && request.door === 'watch')) found('doubled', `nobody asked for ${request.key}`)
}

/** A success took effect once on each workload, or had to do nothing; what never had its turn took none. */
function took(world: EngineWorld, { id, state, fence, plan, alreadyRunning, environment }: Deployment): void {
  const { found, effects } = world.watcher
  const own = effects.filter(({ operation, isUndone }) => operation === id && !isUndone)
  // Once for each workload: what took effect again was found out when it did.
  const mine = own.filter(({ workload }, index) => own.findIndex((one) => one.workload === workload) === index)
  if (fence === null && mine.length > 0) found('broken', `${id} (${state}) never had its turn and took effect`)
  const workloads = environment === null ? [] : workloadsOf(environment.split(':').at(-1) as Environment, world.scenario)
  if (world.scenario.contract === 'readable') return
  if (state === 'success' && mine.length !== (alreadyRunning ? 0 : workloads.length))
    found(alreadyRunning ? 'doubled' : 'lost', `${id} succeeded and took effect on ${mine.length} of ${workloads.length} workloads`)
  if (state === 'success' && plan?.artifacts.some(({ digest }) => digest === null)) found('broken', `${id} succeeded without a digest`)
}

/** Nobody is said to have moved a target that nobody moved; what comes late at one is as good as a hand. */
function moved({ watcher, reached, scenario }: EngineWorld, { id, problem }: Deployment): void {
  if (problem?.code !== 'TARGET_MOVED' || scenario.contract === 'readable') return
  const isMoved = watcher.effects.some(({ operation, isUndone }) => operation === null || isUndone) || reached.all.has('target: late')
  if (!isMoved) watcher.found('broken', `${id} says that somebody moved the target, and nobody did`)
}

/** Whoever had every approval that it needed did not end because they never came. */
function approved({ watcher, surroundings }: EngineWorld, { id, problem, rules, approvals, planHash, request }: Deployment): void {
  const wanted = rules?.approvals ?? null
  if (wanted === null || problem?.code !== 'WAIT_EXPIRED' || !problem.sentence.includes('approve')) return
  const isOwn = (person: number): boolean => wanted.not.includes('requester') && person === request.actor.id
  const counting = approvals.filter((one) => one.isApproval && one.planHash === planHash && !isOwn(one.by.id) && !surroundings.demoted.has(one.by.id))
  if (counting.length >= wanted.count) watcher.found('lost', `${id} had ${counting.length} approvals and ended because they never came`)
}

/** Where the rules want back what ran before, and it was known what that was, it was put back or tried to. */
function putBack(world: EngineWorld, { id, rules, problem, steps, environment, sequence }: Deployment, deployments: readonly Deployment[]): void {
  const isWanted = rules?.onFailure !== 'keep' && problem?.code === 'TARGET_UNHEALTHY' && steps.at(-1)?.name === 'observe'
  if (!isWanted || world.scenario.contract === 'blind') return
  const former = deployments.findLast((one) => one.environment === environment && one.sequence < sequence && one.state === 'success')
  const seen = world.journal.before(id)
  if (seen.length > 0 && seen.every(({ digest }) => digest !== null && digest === former?.plan?.artifacts[0]?.digest))
    world.watcher.found('broken', `${id} failed after it had taken the place of ${former?.id}, which was not put back`)
}

/** Nobody occupies the environment, and it runs what succeeded last, or what is said about it. */
function rests(world: EngineWorld, environment: Environment, deployments: readonly Deployment[]): void {
  const key = `42:shop:${environment}`
  const { found, effects } = world.watcher
  const occupant = world.journal.occupant(key)
  if (occupant !== null) found('lost', `${environment} stays occupied by ${occupant.id} (${occupant.state})`)
  const turns = deployments.filter((one) => one.environment === key && one.fence !== null).toSorted((a, b) => a.fence! - b.fence!)
  const newest = turns.findLast(({ state }) => state === 'success')
  // Of a blind target nobody ever knows what runs.
  if (world.scenario.contract === 'blind') return
  for (const workload of workloadsOf(environment, world.scenario)) {
    const its = effects.filter((effect) => effect.workload === workload)
    const runs = world.target.runs(workload)
    if (its.at(-1)?.operation === null) {
      isSaid(world, key, newest, turns)
      continue
    }
    const may = wantedOf(world, turns, newest)
    if (!may.includes(runs)) {
      if (world.scenario.contract === 'readable') isSaid(world, key, newest, turns)
      else found('stale', `${workload} runs ${runs?.slice(0, 40)}, not ${may.map((one) => one?.slice(0, 40)).join(' or ')}`)
    }
  }
  const left = world.target.pending.filter((operation) => turns.at(-1)?.id === operation && turns.at(-1)?.state === 'success')
  if (left.length > 0) found('doubled', `${left.join()} is still pending at the target`)
}

/** What succeeded last; what failed after it may have stayed where the rules keep it, and of an unknown outcome nobody knows. */
function wantedOf(world: EngineWorld, turns: readonly Deployment[], newest: Deployment | undefined): (Digest | null)[] {
  const later = newest === undefined ? turns : turns.slice(turns.indexOf(newest) + 1)
  const digest = (one: Deployment | undefined): Digest | null => one?.plan?.artifacts[0]?.digest ?? null
  const hands = world.watcher.effects.filter(({ operation }) => operation === null).map((effect) => effect.digest)
  const stayed = later.filter((one) => one.state !== 'success' && one.problem !== null && !isPutBack(one))
  return [digest(newest), ...stayed.map(digest), ...(later.length > 0 ? hands : [])]
}

const isPutBack = ({ steps, problem }: Deployment): boolean =>
  steps.some(({ name }) => name === 'restore') && /runs again/.test(problem?.sentence ?? '')

/** Something else runs than what was deployed: whoever looks is told, within the five minutes of the watch. */
function isSaid(world: EngineWorld, key: string, newest: Deployment | undefined, turns: readonly Deployment[]): void {
  if (newest === undefined || turns.at(-1) !== newest) return
  const wanted = newest.plan?.artifacts[0]?.digest
  const environment = key.split(':').at(-1) as Environment
  if (workloadsOf(environment, world.scenario).every((workload) => world.target.runs(workload) === wanted)) return
  if (world.journal.recent({ environment: key }, 1)[0]?.id !== newest.id) return
  const isTold = world.notices.some((notice) => notice.kind === 'drift' && notice.deployment.id === newest.id)
  if (isTold) world.reached.note('drift was said')
  else world.watcher.found('stale', `${environment} runs something else than ${newest.id}, and nobody was told`)
}

/** Cancelled in time is without effect, or put back; too late is said. */
function cancelled({ watcher, reached }: EngineWorld, play: Play, deployments: readonly Deployment[]): void {
  for (const { id, state, problem, steps } of deployments) {
    const own = watcher.effects.filter(({ operation }) => operation === id)
    const took = own.filter(({ isUndone }) => !isUndone).length - own.filter(({ isUndone }) => isUndone).length
    if (play.cancelled.get(id) === 'cancelled' && (state !== 'cancelled' || took > 0))
      watcher.found('broken', `${id} was cancelled before its turn, took effect ${took} times and is ${state}`)
    if (state !== 'cancelled' || took === 0) continue
    const isTold = problem !== null || steps.some(({ name }) => name === 'restore')
    reached.note('cancelled after an effect')
    if (!isTold) watcher.found('broken', `${id} is cancelled without a word, and took effect`)
  }
}
