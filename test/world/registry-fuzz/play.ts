import { createHash } from 'node:crypto'
import { inject } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { createRegistryClient } from '../../../src/registry/client.ts'
import type { Asking, RegistryClient } from '../../../src/registry/client.ts'
import type { Doors, FailureEvent } from '../../../src/registry/doors.ts'
import { canonicalRepository } from '../../../src/registry/reference.ts'
import type { Reference } from '../../../src/registry/reference.ts'
import { Random } from '../random.ts'
import { JumpingClock } from './clock.ts'
import { broken } from './rules.ts'
import { credentials, HostileWorld, image } from './world.ts'
import type { Manners } from './world.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** How many cases in all, and the seed of the first. */
    fuzz: { readonly cases: number; readonly seed: number }
  }
}

/** How much has been met, so that a test can tell that its cases are worth something. */
export type Tally = Map<string, number>

export const count = (tally: Tally, what: string): void => void tally.set(what, (tally.get(what) ?? 0) + 1)

/** A case and its seed; says which rules it broke. */
export type Case = (random: Random, tally: Tally) => Promise<readonly string[]>

const AT_ONCE = 64

/** Plays a share of all cases. What breaks a rule is thrown with the seed that plays it again, first and alone. */
export async function playAll(share: number, play: Case): Promise<Tally> {
  const { cases, seed } = inject('fuzz')
  const tally: Tally = new Map()
  const number = Math.ceil(cases * share)
  for (let first = 0; first < number; first += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, number - first) }, (_, index) => seed + first + index)
    await Promise.all(batch.map((own) => playOne(own, play, tally)))
  }
  tally.set('cases', number)
  return tally
}

async function playOne(seed: number, play: Case, tally: Tally): Promise<void> {
  const said = await play(new Random(seed), tally).catch((error: unknown) => [`thrown: ${error instanceof Error ? error.stack : String(error)}`])
  if (said.length > 0) throw new Error(`GANTRY_FUZZ=1 GANTRY_FUZZ_SEED=${seed} plays this again:\n${said.join('\n')}`)
}

/** One or two wishes of one client in one world, and which rules were broken. */
export async function playWorld(random: Random, manners: Manners, tally: Tally, wanted = shopAt(manners)): Promise<readonly string[]> {
  const { place } = manners
  const world = new HostileWorld(random, manners)
  const clock = new JumpingClock()
  const told: (FailureEvent | string)[] = []
  const client = createRegistryClient(doorsOf(world, clock, random, told), place.rules)
  const asking = { credential: random.pick(credentials), onStep: (line: string) => void told.push(line) }
  const ends: unknown[] = []
  for (let left = random.pick([1, 1, 2]); left > 0; left -= 1) {
    const end = await clock.settle(wish(random, client, wanted, asking).catch((error: unknown) => error))
    count(tally, end instanceof Failure ? end.problem.code : 'read')
    ends.push(end)
  }
  if (world.sent.some(({ url }) => url.origin !== place.origin && !place.tokenServers.includes(url.origin))) count(tally, 'foreign host asked')
  if (world.sent.some(({ authorization }) => authorization !== null)) count(tally, 'secret shown')
  return broken({ place, world, ends, told })
}

const shopAt = ({ place: { registry } }: Manners): Reference => ({ registry, repository: 'acme/shop', tag: '1', digest: null })

const doorsOf = (world: HostileWorld, clock: JumpingClock, random: Random, told: (FailureEvent | string)[]): Doors => ({
  now: clock.now,
  after: clock.after,
  date: () => Date.UTC(2026, 10, 23, 12),
  random: () => random.next(),
  hash: createHash,
  report: (event) => void told.push(event),
  fetch: world.door(false),
  publicFetch: world.door(true),
})

function wish(random: Random, client: RegistryClient, wanted: Reference, asking: Asking): Promise<unknown> {
  const kind = random.next()
  if (kind < 0.75) return client.resolve(wanted, asking)
  if (kind < 0.85) return client.resolve({ ...wanted, digest: image.digest }, asking)
  if (kind < 0.95) return client.resolve(wanted, { ...asking, platform: 'linux/amd64', labels: true })
  const layers = client.layers(canonicalRepository(wanted), image.digest, { ...asking, platform: null })
  return layers.then(([layer]) => layer?.open()).then((stream) => new Response(stream).arrayBuffer())
}
