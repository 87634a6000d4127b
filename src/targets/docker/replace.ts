import type { Clock } from '../../deploy/clock.ts'
import type { Artifact, Hands } from '../../deploy/target.ts'
import { Failure } from '../../errors.ts'
import { type Spec, calls } from './calls.ts'
import { type Container, containerOf, containersOf, inForce, isReachable, refuseForeign } from './containers.ts'
import { type Engine, messageOf } from './engine.ts'
import { logTail, untilHealthy } from './health.ts'
import { pullImage } from './pull.ts'

export interface Replacement {
  readonly engine: Engine
  readonly clock: Clock
  readonly hands: Hands
  readonly artifact: Artifact
  readonly spec: Spec
  /** How long the new container may take to become healthy. */
  readonly seconds: number
}

/**
 * Puts a new container in the old one's place. Each step looks before it acts, so the whole may be repeated from any point:
 *
 * 1. Refuse where a newer operation has been, or where a name is somebody else's. Remove what unfinished tries left.
 * 2. Pull the image, create the container under the operation's name.
 * 3. Start it beside the old one; where both publish host ports the old one is stopped first.
 * 4. Wait until it is healthy. If it is not: remove it, start the old one again, and say so.
 * 5. Give it the alias, take the old one off the network, remove the old one.
 *
 * Told to stop before 5, it takes back what it did, as after an unhealthy start; from then on it is too late, and it goes on to the end.
 */
export async function replace(replacement: Replacement): Promise<void> {
  const { engine, hands, spec } = replacement
  const containers = await containersOf(engine, spec.workload, hands.signal)
  refuseNewer(containers, spec)
  await refuseForeign(engine, [spec.name, spec.workload], spec.workload, hands.signal)
  if (spec.place) await findNetwork(engine, spec.place.network, hands.signal)

  const [mine, others] = [containers.find(isMine(spec)), containers.filter((container) => !isMine(spec)(container))]
  const old = oldOf(mine, others)
  for (const unfinished of others.filter((other) => other !== old)) await remove(replacement, unfinished.id)

  const steady = { ...replacement, hands: { ...hands, signal: new AbortController().signal } }
  try {
    const id = mine?.id ?? (await create(replacement))
    await start(replacement, id, old)
    await untilHealthy(engine, id, replacement.seconds, replacement.clock, hands.signal)
    hands.signal.throwIfAborted()
    await makeReachable(steady, id)
  } catch (error) {
    if (isAboutTheNewOne(error) || hands.signal.aborted) await putBack(steady, old)
    throw error
  }
  if (old) await retire(steady, old)
}

const isMine = (spec: Spec) => (container: Container) => container.operation === spec.operation

/** The one in force; or the one that an earlier try of this operation took off the network and had no time to remove. */
function oldOf(mine: Container | undefined, others: readonly Container[]): Container | null {
  return inForce(others) ?? (mine && isReachable(mine) ? others[0] : undefined) ?? null
}

function refuseNewer(containers: readonly Container[], spec: Spec): void {
  const newer = containers.find(({ fence, operation }) => fence > spec.fence || (fence === spec.fence && operation !== spec.operation))
  if (!newer) return
  throw new Failure('TARGET_MOVED', {
    sentence: 'A newer deployment has already been put on this target, so this one was not.',
    found: `container ${newer.name}, operation ${newer.operation}, fence ${newer.fence}`,
    wanted: `nothing newer than fence ${spec.fence}`,
    next: 'Run `/status` to see what is there, and deploy again if it is not what you want.',
  })
}

async function findNetwork(engine: Engine, network: string, signal: AbortSignal): Promise<void> {
  if ((await engine.find(calls.network(network), signal)) !== null) return
  const next = `Create it (\`docker network create ${network}\`) or correct \`settings.network\`.`
  throw new Failure('TARGET_REFUSED', {
    sentence: `The container engine has no network ${network}.`,
    found: network,
    wanted: 'an existing network',
    next,
  })
}

async function create({ engine, hands, artifact, spec }: Replacement): Promise<string> {
  await pullImage(engine, artifact, hands)
  // What changes something is never broken off half way: nobody could say whether the engine did it all the same, a moment later.
  hands.signal.throwIfAborted()
  await engine.ask(calls.create(spec), [201])
  hands.log(`created container ${spec.name}`)
  const created = await containerOf(engine, spec.name, hands.signal)
  if (created === null) throw new Failure('TARGET_MOVED', { sentence: 'The new container was removed by somebody else.', next: 'Deploy again.' })
  return created.id
}

async function start({ engine, hands, spec }: Replacement, id: string, old: Container | null): Promise<void> {
  const { signal } = hands
  if (old && old.hasPorts && spec.ports.length > 0 && old.state !== 'exited') {
    hands.log(`stopping ${old.name}: it holds the published port, so nothing answers there until the new one has started`)
    signal.throwIfAborted()
    await engine.ask(calls.stop(old.id), [204, 304])
  }
  signal.throwIfAborted()
  const answer = await engine.ask(calls.start(id), [204, 304, 400, 404, 409, 500])
  if (answer.status === 204 || answer.status === 304) return
  const found = messageOf(answer)
  const isTaken = /port is already allocated|address already in use/.test(found)
  if (isTaken)
    throw new Failure('TARGET_REFUSED', {
      sentence: 'A host port that the settings publish is taken.',
      found,
      next: 'Free the port, or publish another one.',
    })
  const next = 'Repair the image or its `command`, and deploy again.'
  throw new Failure('TARGET_UNHEALTHY', { sentence: 'The new container cannot be started.', found, next })
}

/** The engine gives aliases only to a container that joins, so it leaves for a moment; nobody could find it so far. */
async function makeReachable({ engine, hands }: Replacement, id: string): Promise<void> {
  const now = await containerOf(engine, id, hands.signal)
  if (!now?.place || isReachable(now)) return
  const { network, alias } = now.place
  if (now.aliases.has(network)) await engine.ask(calls.disconnect(network, id), [200], hands.signal)
  await engine.ask(calls.connect(now.place, id), [200], hands.signal)
  hands.log(`${alias} now leads to ${now.name}`)
}

async function retire(replacement: Replacement, old: Container): Promise<void> {
  const { engine, hands } = replacement
  if (old.place && old.aliases.has(old.place.network)) await engine.ask(calls.disconnect(old.place.network, old.id), [200, 404], hands.signal)
  await engine.ask(calls.stop(old.id), [204, 304, 404], hands.signal)
  await remove(replacement, old.id)
  hands.log(`removed ${old.name}`)
}

const isAboutTheNewOne = (error: unknown) => error instanceof Failure && ['TARGET_UNHEALTHY', 'TARGET_REFUSED'].includes(error.problem.code)

async function putBack(replacement: Replacement, old: Container | null): Promise<void> {
  const { engine, hands, spec } = replacement
  // The answer to its creation may not have been waited for.
  const mine = (await containersOf(engine, spec.workload, hands.signal)).find(isMine(spec))
  if (mine) {
    await logTail(engine, mine.id, hands)
    await remove(replacement, mine.id)
    hands.log(`removed ${spec.name}`)
  }
  if (old === null) return hands.log('there was nothing before it to put back')
  await engine.ask(calls.start(old.id), [204, 304], hands.signal)
  await makeReachable(replacement, old.id)
  hands.log(`${old.name} is in its place again`)
}

/** 409: a removal that an earlier try began is still going on. */
async function remove({ engine, hands }: Replacement, id: string): Promise<void> {
  await engine.ask(calls.remove(id), [204, 404, 409], hands.signal)
}
