import { Failure, Refusal } from '../errors.ts'
import { registryOrigin } from './address.ts'
import { createBreaker } from './breaker.ts'
import { fingerprint, lintCredential } from './credential.ts'
import type { Credential } from './credential.ts'
import { pause } from './doors.ts'
import type { Doors, Operation } from './doors.ts'
import type { Given } from './exchange.ts'
import { getManifest, headManifest, imageManifest, inspect, openBlob } from './image.ts'
import type { Visit } from './image.ts'
import type { Keychain } from './keychain.ts'
import { keychainFor, keychains } from './keychains/index.ts'
import type { Descriptor, Platform } from './manifest.ts'
import { mintBy } from './minting.ts'
import { formatReference, parseReference } from './reference.ts'
import type { Digest, Reference } from './reference.ts'
import { openSession } from './session.ts'
import type { Offer } from './session.ts'
import { mintedSource, storedSource } from './source.ts'
import type { CredentialSource, Lent, MintedSource } from './source.ts'
import { createTokens } from './token.ts'
import { createTransport } from './transport.ts'

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
}

export interface Resolved {
  /** What the reference stands for; an index's own digest where it is one. */
  readonly digest: Digest
  readonly mediaType: string
  /** Of the manifest, in bytes; null where the registry does not say. */
  readonly size: number | null
  /** The image for the platform that was asked for, with its own digest; null where none was. */
  readonly platform: (Platform & { readonly digest: Digest }) | null
  /** The image's labels; null where they were not asked for. */
  readonly labels: Readonly<Record<string, string>> | null
}

interface RemoteLayer extends Descriptor {
  /** The bytes as stored; the stream errors with DIGEST_MISMATCH if they are not those of `digest`. */
  open(): Promise<ReadableStream<Uint8Array>>
}

/** Reads images from registries. Whatever does not work is thrown as a `Failure`. */
export interface RegistryClient {
  /**
   * Fixes a reference to its digest: one HEAD where a token is at hand, three requests where not. `platform` (`linux/amd64`) or
   * `labels` cost the manifests and the configuration as well.
   */
  resolve(reference: Reference, asking: Asking & { readonly platform?: string | null; readonly labels?: boolean }): Promise<Resolved>
  /** The layers of an image, bottom first. `platform` chooses from an index; null takes its first image. */
  layers(repository: string, digest: Digest, asking: Asking & { readonly platform: string | null }): Promise<readonly RemoteLayer[]>
  /** One that lasts at least so many milliseconds, to be handed to whoever pulls. */
  lend(reference: Reference, asking: Asking, atLeast: number): Promise<Lent>
  /** A credential with an end by the wall clock (milliseconds since 1970; null: none known). */
  stored(credential: Credential, expires: number | null): CredentialSource
  /** Credentials made by the exchange that has this key, for one registry; `onMinted` is told the life of each, in milliseconds. */
  minted(key: string, given: Given, registry: string, onMinted?: (lifetime: number) => void): MintedSource
  /** A visit for the preflight: one deadline for all that `work` asks. */
  visit<T>(reference: Reference, asking: Asking, work: (here: Visit, lent: Lent) => Promise<T>): Promise<T>
}

const WITHIN = 30_000 // ms, for everything but the bytes of a layer, which only must not stand still

export function createRegistryClient(doors: Doors, rules: RegistryRules = {}): RegistryClient {
  const transport = createTransport(doors, rules.trustedStorage ?? [])
  const shared = { transport, tokens: createTokens(transport, doors), offers: new Map<string, Offer>(), doors }
  const breaker = createBreaker(doors)

  /** One attempt with one credential. */
  async function once<T>(lent: Lent, arrival: Arrival, work: (here: Visit, lent: Lent) => Promise<T>): Promise<T> {
    const { reference, asking, keychain, operation } = arrival
    const { credential } = lent
    const { registry, repository } = reference
    const origin = registryOrigin(registry, rules.plainHttp ?? [])
    const refusal = lintCredential(registry, credential) ?? keychain.lint(registry, credential)
    if (refusal) throw new Failure(refusal.problem.code, refusal.problem)
    const login = `${origin} ${await fingerprint(credential)}`
    breaker.check(login)
    const trustedRealms = [...(keychain.realms?.(registry) ?? []), ...(rules.trustedRealms ?? [])]
    const parts = { ...shared, origin, repository, credential, tenant: asking.tenant ?? '', keychain, trustedRealms }
    const session = openSession(parts, operation)
    try {
      return await work({ reference, operation, session, keychain, doors, say: asking.onStep ?? (() => {}) }, lent)
    } catch (error) {
      breaker.note(login, error)
      throw error
    }
  }

  /** With what the source lends; once more with another one where a held one may have been revoked. */
  async function visit<T>(reference: Reference, asking: Asking, work: (here: Visit, lent: Lent) => Promise<T>): Promise<T> {
    const arrival = arrive(reference, asking, doors)
    const source = sourceOf(asking.credential)
    let lent: Lent | null = null
    try {
      lent = await source.lend(0, arrival.operation)
      return await once(lent, arrival, work).catch(async (error: unknown) => {
        const another = mayBeRevoked(error, lent!) ? await source.renew(lent!, arrival.operation) : null
        if (another === null) throw error
        return once((lent = another), arrival, work)
      })
    } catch (error) {
      await report(error, arrival, lent)
      throw error
    }
  }

  const sourceOf = (credential: Asking['credential']): CredentialSource =>
    'kind' in credential ? storedSource(credential, null, doors) : credential

  async function report(error: unknown, { reference, asking, operation }: Arrival, lent: Lent | null): Promise<void> {
    if (!(error instanceof Failure)) return
    const { code, retryAfter = null } = error.problem
    const shown = lent === null || lent.credential.kind === 'anonymous' ? null : await fingerprint(lent.credential)
    const { phase, attempts } = operation.trail
    const image = formatReference(reference)
    doors.report({ code, phase, registry: reference.registry, image, attempts, retryAfter, fingerprint: shown, correlation: asking.correlation ?? null })
  }

  return {
    visit,

    async resolve(reference, asking) {
      const { platform = null, labels: wantsLabels = false } = asking
      return visit(reference, asking, async (here) => {
        const head = await patiently(here, asking, () => headManifest(here))
        here.say(`${formatReference(reference)} is ${head.digest}`)
        const { digest, mediaType, size } = head
        if (platform === null && !wantsLabels) return { digest, mediaType, size, platform: null, labels: null }
        const { manifest } = head.fetched ?? (await getManifest(here, digest))
        const { image, labels } = await inspect(here, manifest, digest, platform, wantsLabels)
        if (platform !== null) here.say(`its image for ${platform} is ${image.digest}`)
        return { digest, mediaType, size, platform: platform === null ? null : image, labels }
      })
    },

    async layers(repository, digest, asking) {
      const reference = parseReference(`${repository}@${digest}`)
      if (reference instanceof Refusal) throw new Failure('REFERENCE_INVALID', reference.problem)
      const image = await visit(reference, asking, (here) => imageManifest(here, digest, asking.platform))
      return image.layers.map((layer) => ({ ...layer, open: () => visit(reference, asking, (here) => openBlob(here, layer)) }))
    },

    lend: (reference, asking, atLeast) => sourceOf(asking.credential).lend(atLeast, arrive(reference, asking, doors).operation),
    stored: (credential, expires) => storedSource(credential, expires, doors),

    minted(key, given, registry, onMinted) {
      const exchange = keychains.find((keychain) => keychain.exchange?.key === key && keychain.serves(registry))?.exchange
      if (exchange === undefined) throw new Error(`no exchange ${key} for ${registry}`)
      return mintedSource(mintBy(exchange, given, registry, transport, doors), doors, onMinted)
    },
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
  const trail = { phase: 'credential' as const, attempts: 0 }
  return { reference, asking, keychain, operation: { where, deadline: doors.now() + WITHIN, signal: asking.signal, trail } }
}

/** ECR says an expired login with 403 and GHCR with 403 at its token server: whatever was held is worth one new try (registry.md, 1.7). */
const mayBeRevoked = (error: unknown, lent: Lent): boolean =>
  lent.isHeld && error instanceof Failure && ['CREDENTIAL_EXPIRED', 'CREDENTIALS_INVALID', 'PERMISSION_DENIED'].includes(error.problem.code)

const LAGGING = new Set(['PERMISSION_DENIED', 'NOT_FOUND_OR_HIDDEN', 'REPOSITORY_NOT_FOUND', 'TAG_NOT_FOUND'])

/** A registry may need a moment to know what was pushed or granted: again after 2, 4, 8 s, as long as the deadline lets. */
async function patiently<T>({ operation, doors }: Visit, { isFresh = false }: Asking, work: () => Promise<T>): Promise<T> {
  for (let wait = 2_000; ; wait *= 2) {
    try {
      return await work()
    } catch (error) {
      const isLagging = isFresh && error instanceof Failure && LAGGING.has(error.problem.code)
      if (!isLagging || doors.now() + wait >= operation.deadline) throw error
      await pause(wait, doors, operation)
    }
  }
}
