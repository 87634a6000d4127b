import type { Activity } from '../deploy/activity.ts'
import { sha256 } from '../deploy/plan.ts'
import { Secret } from '../secret.ts'
import type { RecordName } from './vault/record.ts'
import type { Vault } from './vault.ts'

/** What is kept of one token, or of one password that a cloud made; see the registry client's `TokenStore`, which this is. */
interface Kept {
  /** The fingerprint of what it was asked for with. */
  readonly source: string
  /** Milliseconds since 1970. */
  readonly until: number
  readonly value: Secret
}

/** What registries and clouds hand out, in the vault: so a restart asks for nothing that still lives. Nothing ever fails for what cannot be kept. */
export interface KeptTokens {
  find(key: string): Promise<Secret | null>
  keep(key: string, token: Kept): Promise<void>
  drop(key: string): Promise<void>
  /** At start: throws away what is over, and what was asked for with anything else than these. */
  recover(sources: ReadonlySet<string>): Promise<void>
}

export interface KeptTokenDoors {
  /** Wall clock, milliseconds since 1970. */
  now(): number
  readonly activity: Activity
  /** Whose records they are; the operator's where nobody says it. */
  readonly account?: number
  trouble(error: unknown): void
}

/** On one machine all of them are the operator's: one registry client is everybody's. */
const OPERATOR = 0
const KIND = 'registry-token'
const FIELD = 'token'
const MOST = 500

export function createKeptTokens(vault: Vault, { now, activity, account = OPERATOR, trouble }: KeptTokenDoors): KeptTokens {
  const ends = new Map<string, number>()
  const recordOf = (id: string): RecordName => ({ account, kind: KIND, id, field: FIELD })

  async function forget(id: string): Promise<void> {
    ends.delete(id)
    await vault.forget(recordOf(id))
  }

  const safely = <T>(work: () => Promise<T>): Promise<T | null> =>
    activity.run(work).catch((error: unknown) => {
      trouble(error)
      return null
    })

  return {
    find: (key) => safely(async () => readKept(await vault.open(recordOf(await sha256(key))))?.value ?? null),
    async keep(key, { source, until, value }) {
      await safely(async () => {
        for (const [id, end] of ends) if (end <= now()) await forget(id)
        const id = await sha256(key)
        if (ends.size >= MOST && !ends.has(id)) return
        ends.set(id, until)
        await vault.seal(recordOf(id), new Secret(JSON.stringify([source, until, value.reveal()])))
      })
    },
    async drop(key) {
      await safely(async () => forget(await sha256(key)))
    },
    async recover(sources) {
      const ids = await safely(async () => (await vault.list(account, KIND)).map(({ id }) => id))
      for (const id of ids ?? []) {
        const kept = await safely(async () => readKept(await vault.open(recordOf(id))))
        if (kept !== null && kept.until > now() && sources.has(kept.source)) ends.set(id, kept.until)
        else await safely(() => forget(id))
      }
    },
  }
}

/** All of the operator's, where a database moves: they are asked for again. Throws VAULT_RECORD_BROKEN, VAULT_KEY_MISSING. */
export async function dropKeptTokens(vault: Vault): Promise<void> {
  const kept = await vault.list(OPERATOR, KIND)
  const record = (id: string): RecordName => ({ account: OPERATOR, kind: KIND, id, field: FIELD })
  if (kept.length > 0)
    await vault.sealAll(
      OPERATOR,
      kept.map(({ id }) => ({ record: record(id), value: null })),
    )
}

function readKept(secret: Secret | null): Kept | null {
  if (secret === null) return null
  const [source, until, value] = JSON.parse(secret.reveal()) as [string, number, string]
  return { source, until, value: new Secret(value) }
}
