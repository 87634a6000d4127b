import { Failure } from '../errors.ts'
import { registryOrigin } from './address.ts'
import { createBreaker, isRepeated } from './breaker.ts'
import { fingerprint, lintCredential } from './credential.ts'
import type { Credential } from './credential.ts'
import type { Doors, Operation, Trail } from './doors.ts'
import type { Where } from './failure.ts'
import type { Visit } from './image.ts'
import type { Keychain } from './keychain.ts'
import { keychainFor } from './keychains/index.ts'
import { formatReference } from './reference.ts'
import type { Reference } from './reference.ts'
import { openSession } from './session.ts'
import type { Offer } from './session.ts'
import { storedSource } from './source.ts'
import type { CredentialSource, Lent, MintedSource, Refreshed } from './source.ts'
import type { TokenStore } from './token-store.ts'
import { createTokens } from './token.ts'
import type { Transport } from './transport.ts'

/** What an administrator allows beyond the defaults. */
export interface RegistryRules {
  /** Registries (`host` or `host:port`) that are spoken to in plain HTTP; loopback always is. */
  readonly plainHttp?: readonly string[]
  /** Origins that credentials may be sent to when a registry names them as its token server. */
  readonly trustedRealms?: readonly string[]
  /** Origins on private addresses that a registry may redirect downloads to. */
  readonly trustedStorage?: readonly string[]
}

export interface Asking {
  readonly credential: Credential | CredentialSource
  /** The name of a keychain, where the registry's host does not tell whose software it is. */
  readonly family?: string | null
  /** Whose credential it is; tokens are not shared between tenants. */
  readonly tenant?: string
  readonly signal?: AbortSignal
  /** Told of each thing that was found out, in words, without secrets. */
  readonly onStep?: (line: string) => void
  /** Named in the log with a failure: a deployment's id. */
  readonly correlation?: string
  /** The image was pushed, or the permission given, a moment ago: a no is asked about again for up to half a minute (registry.md, R54). */
  readonly isFresh?: boolean
  /** Milliseconds for all of it; 30 s where it is left out. */
  readonly within?: number
  /** Only a question of ours: a no is not written into the log. */
  readonly isProbe?: boolean
  /** Written on as it goes, for whoever wants to know how far it came. */
  readonly trail?: Trail
}

/** Goes to registries in somebody's name: chooses the keychain, borrows the credential, and gives another one where a held one was refused. */
export interface Visitor {
  visit<T>(reference: Reference, asking: Asking, work: (here: Visit, lent: Lent) => Promise<T>): Promise<T>
  lend(reference: Reference, asking: Asking, atLeast: number): Promise<Lent>
  refresh(source: MintedSource, registry: string): Promise<Refreshed>
}

const WITHIN = 30_000 // ms, for everything but the bytes of a layer, which only must not stand still

export function createVisitor(doors: Doors, rules: RegistryRules, transport: Transport, store?: TokenStore): Visitor {
  const shared = { transport, tokens: createTokens(transport, doors, store), offers: new Map<string, Offer>(), doors }
  const breaker = createBreaker(doors)
  const report = createReport(doors)

  /** One attempt with one credential. */
  async function once<T>(lent: Lent, arrival: Arrival, work: (here: Visit, lent: Lent) => Promise<T>): Promise<T> {
    const { reference, asking, keychain, operation } = arrival
    const { credential } = lent
    const { registry, repository } = reference
    const origin = registryOrigin(registry, rules.plainHttp ?? [])
    const refusal = lintCredential(registry, credential) ?? keychain.lint(registry, credential)
    if (refusal) throw new Failure(refusal.problem.code, refusal.problem)
    const trustedRealms = [...(keychain.realms?.(registry) ?? []), ...(rules.trustedRealms ?? [])]
    const parts = { ...shared, origin, repository, credential, tenant: asking.tenant ?? '', keychain, trustedRealms }
    const go = (accepted: () => void): Promise<T> => {
      const session = openSession({ ...parts, accepted }, operation)
      const say = asking.onStep ?? (() => {})
      return work({ reference, operation, session, keychain, doors, say, report: (error) => report(error, arrival, lent) }, lent)
    }
    if (credential.kind === 'anonymous') return go(() => {})
    const key = `${origin} ${lent.login ?? (await fingerprint(credential))}`
    return breaker.guard({ key, repository, isRenewable: lent.isHeld }, operation, go).catch((error: unknown) => {
      throw suspecting(error, keychain.suspect?.(registry, credential) ?? null)
    })
  }

  /** With what the source lends; once more with another one where a held one may have been revoked. */
  async function visit<T>(reference: Reference, asking: Asking, work: (here: Visit, lent: Lent) => Promise<T>): Promise<T> {
    const arrival = arrive(reference, asking, doors)
    const source = sourceOf(asking.credential)
    let lent: Lent | null = null
    try {
      lent = await source.lend(0, arrival.operation)
      return await once(lent, arrival, work).catch(async (error: unknown) => {
        const another = mayBeRevoked(error, lent!) ? await renewed(source, lent!, arrival.operation) : null
        if (another === null) throw error
        return once((lent = another), arrival, work)
      })
    } catch (error) {
      await report(error, arrival, lent)
      throw error
    }
  }

  const sourceOf = (credential: Asking['credential']): CredentialSource => ('kind' in credential ? storedSource(credential, null, doors) : credential)

  return {
    visit,

    async lend(reference, asking, atLeast) {
      const arrival = arrive(reference, asking, doors)
      return sourceOf(asking.credential)
        .lend(atLeast, arrival.operation)
        .catch(async (error: unknown) => {
          await report(error, arrival, null)
          throw error
        })
    },

    async refresh(source, registry) {
      const operation = operationFor({ registry, image: registry, grant: keychainFor(registry).grant }, {}, doors)
      return source.refresh(operation).catch(async (error: unknown) => {
        await report(error, { asking: { credential: source }, operation }, null)
        throw error
      })
    },
  }
}

/** One event for each failure; the same one passes by twice where it comes from a stream that the visit itself reads. */
function createReport(doors: Doors) {
  const reported = new WeakSet<Failure>()
  return async (error: unknown, { asking, operation }: Pick<Arrival, 'asking' | 'operation'>, lent: Lent | null): Promise<void> => {
    if (!(error instanceof Failure) || asking.isProbe === true || reported.has(error)) return
    reported.add(error)
    const { code, retryAfter = null } = error.problem
    const shown = lent === null || lent.credential.kind === 'anonymous' ? null : await fingerprint(lent.credential)
    const { registry, image } = operation.where
    doors.report({ code, ...operation.trail, registry, image, retryAfter, fingerprint: shown, correlation: asking.correlation ?? null })
  }
}

/** Whom we are about to ask, and how long we may. */
interface Arrival {
  readonly reference: Reference
  readonly asking: Asking
  readonly keychain: Keychain
  readonly operation: Operation
}

function arrive(reference: Reference, asking: Asking, doors: Doors): Arrival {
  const keychain = keychainFor(reference.registry, asking.family)
  const where = { registry: reference.registry, image: formatReference(reference), grant: keychain.grant }
  return { reference, asking, keychain, operation: operationFor(where, asking, doors) }
}

function operationFor(where: Where, asking: Pick<Asking, 'signal' | 'trail' | 'within'>, doors: Doors): Operation {
  const { signal, within = WITHIN, trail = { phase: 'credential', attempts: 0 } } = asking
  return { where, deadline: doors.now() + within, signal, trail }
}

/** Where the registry refuses a credential that looked odd before: what looked odd about it. */
function suspecting(error: unknown, suspicion: string | null): unknown {
  if (suspicion === null || !(error instanceof Failure) || !['CREDENTIALS_INVALID', 'PERMISSION_DENIED'].includes(error.problem.code)) return error
  const { code, ...problem } = error.problem
  return new Failure(code, { ...problem, next: `${suspicion} ${problem.next}` }, error.cause)
}

/** Null where the source has no other one at the moment: then what the registry said is what is told. */
const renewed = (source: CredentialSource, refused: Lent, operation: Operation): Promise<Lent | null> =>
  source.renew(refused, operation).catch((error: unknown) => {
    if (error instanceof Failure && error.problem.retryable) return null
    throw error
  })

/** ECR says an expired login with 403 and GHCR with 403 at its token server: whatever was held is worth one new try (registry.md, 1.7). */
const mayBeRevoked = (error: unknown, lent: Lent): boolean =>
  lent.isHeld &&
  error instanceof Failure &&
  !isRepeated(error) &&
  ['CREDENTIAL_EXPIRED', 'CREDENTIALS_INVALID', 'PERMISSION_DENIED'].includes(error.problem.code)
