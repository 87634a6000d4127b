import { Failure } from '../errors.ts'
import { createBreaker } from './breaker.ts'
import type { Credential } from './credential.ts'
import { waitFor } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import type { Minted } from './exchange.ts'
import { registryFailure } from './failure.ts'

/** Where a credential comes from: stored as it is, or minted from a cloud's identity when it is needed. */
export interface CredentialSource {
  /** One that lasts at least so many milliseconds. Throws CREDENTIAL_EXPIRED, CREDENTIAL_LIFETIME_TOO_SHORT, or why none could be minted. */
  lend(atLeast: number, operation: Operation): Promise<Lent>
  /** What was lent is refused: another one, or null where there is none. */
  renew(refused: Lent, operation: Operation): Promise<Lent | null>
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
  }
}

/** How a fresh credential is made, and for how many milliseconds from now. */
export type Mint = (operation: Operation) => Promise<Minted>

/** Minted credentials that live for hours: kept, made anew at half of their life, one question at a time (registry.md, R31). */
export interface MintedSource extends CredentialSource {
  /** Makes a new one now; `idle`: nobody has used the one of before, so none was made. */
  refresh(operation: Operation): Promise<'made' | 'idle'>
}

interface Held {
  readonly credential: Credential
  readonly lifetime: number
  readonly until: number
}

const FLIGHT = 30_000 // ms: a question has a deadline of its own, because it may serve several callers
const IN_PASSING = 3_000 // ms that a caller waits for a new one while the old one still lives

/** `name` tells it from every other source of this process. */
export function mintedSource(mint: Mint, doors: Doors, onMinted: (minted: Minted) => void = () => {}, name = 'minted'): MintedSource {
  let held: Held | null = null
  let isUsed = false
  let flight: Promise<Held> | null = null
  const breaker = createBreaker(doors)

  function fly(operation: Operation): Promise<Held> {
    const askedAt = doors.now()
    const own = { ...operation, deadline: askedAt + FLIGHT, signal: undefined }
    // What is stored for the cloud is a login too: refused once, it is not shown again for a while.
    flight ??= breaker
      .guard({ key: name, repository: '', isRenewable: false }, own, () => mint(own))
      .then((minted) => {
        const { credential, lifetime } = minted
        held = { credential, lifetime, until: askedAt + lifetime - marginOf(lifetime) }
        isUsed = false
        onMinted(minted)
        return held
      })
      .finally(() => (flight = null)) // a failure is never remembered, but for a refused login
    return flight
  }
  const mintNow = (operation: Operation, within = FLIGHT): Promise<Held> => waitFor(async () => fly(operation), within, doors, operation)

  function lent({ credential, until }: Held, isHeld: boolean): Lent {
    isUsed = true
    return { credential, until, isHeld, login: name }
  }

  /** Past half of its life a new one is made; where that fails or takes long, the old one serves as long as it really lives. */
  async function current(atLeast: number, operation: Operation): Promise<Lent> {
    const old = held
    const left = old === null ? 0 : old.until - doors.now()
    if (old === null || left <= atLeast) return lent(await mintNow(operation), false)
    if (left >= old.lifetime / 2) return lent(old, true)
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
      return lent(await mintNow(operation), false)
    },
    async refresh(operation) {
      if (held !== null && !isUsed) return 'idle'
      await mintNow(operation)
      return 'made'
    },
  }
}

/** How long before its end something stops being used (registry.md, R29): a tenth, 5 to 30 s. */
export const marginOf = (lifetime: number): number => Math.min(30_000, Math.max(5_000, lifetime * 0.1))

const tooShort = (left: number, atLeast: number, where: Operation['where']): Failure =>
  registryFailure('CREDENTIAL_LIFETIME_TOO_SHORT', where, {
    found: `it lives for another ${minutes(left)}`,
    wanted: `at least ${minutes(atLeast)}, the longest that a pull is expected to take`,
  })

const minutes = (ms: number): string => `${Math.max(0, Math.floor(ms / 6_000) / 10)} min`
