import { Secret } from '../secret.ts'
import { fingerprint, hashOf, secretOf } from './credential.ts'
import type { Credential } from './credential.ts'
import type { Doors } from './doors.ts'
import type { Given, Minted } from './exchange.ts'
import type { TokenStore } from './token-store.ts'

export interface Held extends Minted {
  /** By `Doors.now`: before 0 where an earlier process asked. */
  readonly askedAt: number
}

/** Keeps what one source has minted for longer than a process lives. Its methods never throw: what cannot be kept or found is minted again. */
export interface MintedStore {
  /** Null where none is kept that lives. */
  find(): Promise<Held | null>
  keep(held: Held): Promise<void>
  drop(): Promise<void>
  /** Of the source, and of the credential that is kept. */
  fingerprints(): Promise<readonly string[]>
}

/** All that decides what the cloud makes: where one of these is another, so is the source, and what was kept before is never found. */
export interface MadeOf {
  /** The exchange's. */
  readonly key: string
  readonly given: Given
  readonly registry: string
}

export function createMintedStore(store: TokenStore, madeOf: MadeOf, doors: Doors): MintedStore {
  // Made by the first `find`: `keep` and `drop` then begin while whoever asked still counts as running.
  let known: Promise<string> | undefined
  const source = () => (known ??= sourceOf(madeOf))
  const key = async () => JSON.stringify(['minted', await source()])

  async function find(): Promise<Held | null> {
    const kept = await store.find(await key())
    return kept && heldIn(kept, doors)
  }

  return {
    find,
    async keep({ credential, lifetime, askedAt }) {
      const at = askedAt + doors.date() - doors.now() // by the wall clock, because the monotonic one begins anew with the process
      const username = credential.kind === 'basic' ? credential.username : null
      const value = new Secret(JSON.stringify([username, secretOf(credential), at, lifetime]))
      await store.keep(await key(), { source: await source(), until: at + lifetime, value })
    },
    drop: async () => store.drop(await key()),
    async fingerprints() {
      const kept = await find()
      return kept === null ? [await source()] : [await source(), await fingerprint(kept.credential)]
    },
  }
}

/** Null where its time is over. Where the clock was put back it is taken for new: it never lives longer than it does in all. */
function heldIn(kept: Secret, doors: Doors): Held | null {
  const [username, secret, at, lifetime] = JSON.parse(kept.reveal()) as [string | null, string, number, number]
  const age = Math.max(0, doors.date() - at)
  if (age >= lifetime) return null
  const password = new Secret(secret)
  const credential: Credential = username === null ? { kind: 'identity', token: password } : { kind: 'basic', username, password }
  return { credential, lifetime, askedAt: doors.now() - age }
}

/** In whatever order it was given. */
function sourceOf({ key, given, registry }: MadeOf): Promise<string> {
  const values = Object.entries(given).map(([name, value]) => [name, value instanceof Secret ? value.reveal() : value])
  return hashOf(JSON.stringify([key, registry, values.toSorted(([one = ''], [other = '']) => (one < other ? -1 : 1))]))
}
