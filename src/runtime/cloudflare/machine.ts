import { createHash } from 'node:crypto'
import type { Clock } from '../../deploy/clock.ts'
import type { Doors as TargetDoors, Endpoint, Files } from '../../deploy/target.ts'
import { Failure } from '../../errors.ts'
import { isReserved } from '../../registry/address.ts'
import type { Doors as RegistryDoors } from '../../registry/doors.ts'
import { RESERVED_ADDRESS } from '../../registry/network.ts'
import type { Log } from '../log.ts'
import { durableClock, type ObjectClock } from './durable-clock.ts'

type Fetch = typeof globalThis.fetch

/** The outside of every object: Cloudflare's network, or a test's world. */
export interface Machine {
  /** A new one for each life of an object. */
  clock(): ObjectClock
  /** When the object is to be woken (milliseconds since 1970); null: not at all. Written with whatever the same turn writes. */
  wakes(storage: DurableObjectStorage, at: number | null): void
  /** For GitHub. */
  readonly fetch: Fetch
  /** For environments' own addresses. */
  readonly siteFetch: Fetch
  registry(clock: Clock, log: Log): RegistryDoors
  targets(clock: Clock): TargetDoors
  /** Takes the log's lines; without it they go to the console. */
  readonly write?: (line: string) => void
}

/** Follows no redirect that nobody has looked at; a Worker knows no `redirect: 'error'`, so that it is one here. */
const open: Fetch = async (input, init) => {
  const answer = await fetch(input, { ...init, redirect: init?.redirect === 'follow' ? 'follow' : 'manual' })
  if (init?.redirect !== 'error' || answer.status < 300 || answer.status > 399 || answer.status === 304) return answer
  await answer.body?.cancel()
  throw new TypeError('an answer that leads elsewhere')
}

/** A Worker has no way to look a name up, so that only what is an address already is refused (registry.md, R12); behind Cloudflare nothing private answers. */
const toPublic: Fetch = async (input, init) => {
  if (isReserved(new URL(input instanceof Request ? input.url : String(input)).hostname))
    throw Object.assign(new Error('a private address'), { code: RESERVED_ADDRESS })
  return open(input, init)
}

export const cloudflare: Machine = {
  clock: durableClock,
  wakes: (storage, at) => void (at === null ? storage.deleteAlarm() : storage.setAlarm(at)),
  fetch: open,
  siteFetch: toPublic,
  registry: (clock, log) => ({
    ...{ fetch: open, publicFetch: toPublic, now: () => performance.now(), date: clock.now, random: Math.random, hash: createHash },
    after: (ms, work) => {
      const timer = setTimeout(work, ms)
      return () => clearTimeout(timer)
    },
    report: (event) => log.warn({ event: 'registry.failure', ...event }, 'a registry did not give what was asked of it'),
  }),
  targets: (clock) => ({ clock, fetch: endpointFetch, files: () => noFiles }),
}

/** What a target can be reached by from here: by its address alone. */
export function endpointFetch({ socketPath, isPublic, tls }: Endpoint): Fetch {
  if (socketPath !== undefined) return () => Promise.reject(needsNode('a unix socket'))
  if (tls?.ca !== undefined || tls?.cert !== undefined || tls?.key !== undefined)
    return () => Promise.reject(needsNode('TLS with a certificate of its own'))
  return isPublic === true ? toPublic : open
}

const withoutFiles = (): Promise<never> => Promise.reject(needsNode('files on a machine'))
const noFiles: Files = {
  ...{ read: withoutFiles, open: withoutFiles, write: withoutFiles, list: withoutFiles },
  ...{ move: withoutFiles, remove: withoutFiles, check: withoutFiles },
}

/** What `docker login` left on a machine. */
export const noDockerConfig = (_where: string, registry: string): Promise<never> =>
  Promise.reject(
    new Failure('CREDENTIAL_SOURCE_FAILED', {
      sentence: `The credential for ${registry} is in Docker's configuration on a machine, which a Gantry on Cloudflare Workers has not.`,
      wanted: 'a credential that is kept in the vault, or referred to by `{ env: NAME }`',
      next: 'Declare another credential, or run this Gantry on Node: docs/workers.md says what needs it.',
      retryable: false,
    }),
  )

export const needsNode = (found: string): Failure =>
  new Failure('TARGET_REFUSED', {
    sentence: 'This target cannot be used by a Gantry on Cloudflare Workers: it needs one that runs on Node.',
    found,
    wanted: 'a target that is reached over HTTP by its address alone',
    who: 'account',
    next: 'Declare another target, or run this Gantry on Node: docs/workers.md says which targets need it.',
    retryable: false,
  })
