import { Failure } from '../errors.ts'
import { createBreaker } from './breaker.ts'
import { fingerprint } from './credential.ts'
import type { Credential } from './credential.ts'
import { waitFor } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import type { Minted } from './exchange.ts'
import { registryFailure } from './failure.ts'
import type { Held, MintedStore } from './minted-store.ts'

/** Where a credential comes from: stored as it is, or minted from a cloud's identity when it is needed. */
export interface CredentialSource {
  /** One that lasts at least so many milliseconds. Throws CREDENTIAL_EXPIRED, CREDENTIAL_LIFETIME_TOO_SHORT, or why none could be minted. */
  lend(atLeast: number, operation: Operation): Promise<Lent>
  /** What was lent is refused: another one, or null where there is none. */
  renew(refused: Lent, operation: Operation): Promise<Lent | null>
  /** Of whatever something may be kept for that was asked for with it: what is kept for anything else is thrown away at a start. */
  fingerprints(): Promise<readonly string[]>
}

export interface Lent {
  readonly credential: Credential
  /** By `Doors.now`; null where nobody knows an end. */
  readonly until: number | null
  /** Made for somebody earlier: it may have been revoked since. */
  readonly isHeld: boolean
  /** Whose login it is, where that stays while its value changes; null where the value itself tells. */
  readonly login: string | null
}

/** A credential as it was stored. `expires`: by the wall clock, milliseconds since 1970; null where it has no known end. */
export function storedSource(credential: Credential, expires: number | null, doors: Doors): CredentialSource {
  return {
    async lend(atLeast, { where }) {
      if (expires === null) return { credential, until: null, isHeld: false, login: null }
      const left = expires - doors.date()
      const day = new Date(expires).toISOString()
      if (left <= 0) throw registryFailure('CREDENTIAL_EXPIRED', where, { found: `it expired at ${day}` })
      if (left < atLeast) throw tooShort(left, atLeast, where)
      return { credential, until: doors.now() + left, isHeld: false, login: null }
    },
    renew: () => Promise.resolve(null),
    fingerprints: async () => [await fingerprint(credential)],
  }
}

/** A credential that is looked up each time, because somebody else keeps it: Docker's configuration and its helpers. */
export function foundSource(find: () => Promise<Credential | null>): CredentialSource {
  return {
    async lend(_atLeast, { where, trail }) {
      trail.phase = 'credential'
      const credential = await find()
      if (credential === null) throw registryFailure('CREDENTIAL_MISSING', where, { found: 'a Docker configuration that has none for it' })
      return { credential, until: null, isHeld: false, login: null }
    },
    renew: () => Promise.resolve(null),
    fingerprints: async () => [],
  }
}

/** How a fresh credential is made, and for how many milliseconds from now. */
export type Mint = (operation: Operation) => Promise<Minted>

/** Minted credentials that live for hours: kept, made anew at half of their life, one question at a time (registry.md, R31). */
export interface MintedSource extends CredentialSource {
  /** Makes a new one. None where the one of before is `young`, not yet at half of its life, or `idle`, because nobody has used it. */
  refresh(operation: Operation): Promise<Refreshed>
}

export type Refreshed = 'made' | 'young' | 'idle'

export interface MintedOptions {
  /** Told of each before it is used, made just now or `age` milliseconds ago by an earlier process; and again of one that `refresh` finds young. */
  readonly onHeld?: ((minted: Minted, age: number) => void) | undefined
  /** Tells it from every other source of this process. */
  readonly name?: string
  readonly store?: MintedStore | undefined
}

const FLIGHT = 30_000 // ms: a question has a deadline of its own, because it may serve several callers
const IN_PASSING = 3_000 // ms that a caller waits for a new one while the old one still lives

export function mintedSource(mint: Mint, doors: Doors, { onHeld = () => {}, name = 'minted', store }: MintedOptions = {}): MintedSource {
  let held: Held | null = null
  let isUsed = false
  let search: Promise<void> | null = null
  const tell = (one: Held): void => onHeld(one, doors.now() - one.askedAt)

  function hold(one: Held, isOfEarlier: boolean): void {
    tell(one)
    held = one
    isUsed = isOfEarlier // that process had it in use
  }
  const mintNow = oneAtATime(mint, name, doors, (made) => {
    hold(made, false)
    void store?.keep(made)
  })

  /** Before anything is minted, once: what an earlier process kept. */
  async function recall(operation: Operation): Promise<void> {
    if (held !== null || store === undefined) return
    const take = (kept: Held | null): void => void (kept && hold(kept, true))
    await waitFor(() => (search ??= store.find().then(take)), FLIGHT, doors, operation)
  }

  function lent(one: Held, isHeld: boolean): Lent {
    isUsed = true
    return { credential: one.credential, until: doors.now() + leftOf(one, doors), isHeld, login: name }
  }

  /** Past half of its life a new one is made; where that fails or takes long, the old one serves as long as it really lives. */
  async function current(atLeast: number, operation: Operation): Promise<Lent> {
    await recall(operation)
    const old = held
    if (old === null || leftOf(old, doors) <= atLeast) return lent(await mintNow(operation), false)
    if (isYoung(old, doors)) return lent(old, true)
    try {
      return lent(await mintNow(operation, IN_PASSING), false)
    } catch (error) {
      if (error instanceof Failure && error.problem.retryable) return lent(old, true)
      throw error
    }
  }

  return {
    async lend(atLeast, operation) {
      operation.trail.phase = 'credential'
      const borrowed = await current(atLeast, operation)
      const left = borrowed.until! - doors.now()
      if (left < atLeast) throw tooShort(left, atLeast, operation.where)
      return borrowed
    },
    async renew(refused, operation) {
      operation.trail.phase = 'credential'
      // Somebody else may have had the same answer, and has a new one already.
      if (held!.credential !== refused.credential) return lent(held!, false)
      void store?.drop()
      return lent(await mintNow(operation), false)
    },
    async refresh(operation) {
      await recall(operation)
      if (held !== null && isYoung(held, doors)) {
        tell(held)
        return 'young'
      }
      if (held !== null && !isUsed) return 'idle'
      await mintNow(operation)
      return 'made'
    },
    fingerprints: async () => store?.fingerprints() ?? [],
  }
}

/** Mints for all who ask at one time, and shows the cloud a login that it has refused no more for a while. */
function oneAtATime(mint: Mint, name: string, doors: Doors, onMade: (made: Held) => void) {
  const breaker = createBreaker(doors)
  let flight: Promise<Held> | null = null

  function fly(operation: Operation): Promise<Held> {
    const askedAt = doors.now()
    const own = { ...operation, deadline: askedAt + FLIGHT, signal: undefined }
    flight ??= breaker
      .guard({ key: name, repository: '', isRenewable: false }, own, () => mint(own))
      .then(({ credential, lifetime }) => {
        const made = { credential, lifetime, askedAt }
        onMade(made)
        return made
      })
      .finally(() => (flight = null)) // a failure is never remembered, but for a refused login
    return flight
  }
  return (operation: Operation, within = FLIGHT): Promise<Held> => waitFor(async () => fly(operation), within, doors, operation)
}

const leftOf = ({ askedAt, lifetime }: Held, doors: Doors): number => askedAt + lifetime - marginOf(lifetime) - doors.now()

const isYoung = (one: Held, doors: Doors): boolean => leftOf(one, doors) >= one.lifetime / 2

/** How long before its end something stops being used (registry.md, R29): a tenth, 5 to 30 s. */
export const marginOf = (lifetime: number): number => Math.min(30_000, Math.max(5_000, lifetime * 0.1))

const tooShort = (left: number, atLeast: number, where: Operation['where']): Failure =>
  registryFailure('CREDENTIAL_LIFETIME_TOO_SHORT', where, {
    found: `it lives for another ${minutes(left)}`,
    wanted: `at least ${minutes(atLeast)}, the longest that a pull is expected to take`,
  })

const minutes = (ms: number): string => `${Math.max(0, Math.floor(ms / 6_000) / 10)} min`
