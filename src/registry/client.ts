import { Failure, Refusal } from '../errors.ts'
import type { Credential } from './credential.ts'
import { pause } from './doors.ts'
import type { Doors } from './doors.ts'
import type { Given } from './exchange.ts'
import { getManifest, headManifest, imageManifest, inspect, openBlob } from './image.ts'
import type { Visit } from './image.ts'
import { keychains } from './keychains/index.ts'
import type { Descriptor, Platform } from './manifest.ts'
import { createMintedStore } from './minted-store.ts'
import { mintBy } from './minting.ts'
import { formatReference, parseReference } from './reference.ts'
import type { Digest, Reference } from './reference.ts'
import { mintedSource, storedSource } from './source.ts'
import type { CredentialSource, Lent, MintedOptions, MintedSource, Refreshed } from './source.ts'
import type { TokenStore } from './token-store.ts'
import { createTransport } from './transport.ts'
import { createVisitor } from './visit.ts'
import type { Asking, RegistryRules } from './visit.ts'

export type { Asking, RegistryRules }

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
  /** Credentials made by the exchange that has this key, for one registry. */
  minted(key: string, given: Given, registry: string, onHeld?: MintedOptions['onHeld']): MintedSource
  /** Makes a source's credential anew, before anybody asks for it. */
  refresh(source: MintedSource, registry: string): Promise<Refreshed>
  /** A visit for the preflight: one deadline for all that `work` asks. */
  visit<T>(reference: Reference, asking: Asking, work: (here: Visit, lent: Lent) => Promise<T>): Promise<T>
}

/** With a store, tokens and what clouds minted outlive the process. */
export function createRegistryClient(doors: Doors, rules: RegistryRules = {}, store?: TokenStore): RegistryClient {
  const transport = createTransport(doors, rules.trustedStorage ?? [])
  const { visit, lend, refresh } = createVisitor(doors, rules, transport, store)
  let sources = 0

  return {
    visit,
    lend,
    refresh,

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

    stored: (credential, expires) => storedSource(credential, expires, doors),

    minted(key, given, registry, onHeld) {
      const exchange = keychains.find((keychain) => keychain.exchange?.key === key && keychain.serves(registry))?.exchange
      if (exchange === undefined) throw new Error(`no exchange ${key} for ${registry}`)
      const kept = store && createMintedStore(store, { key, given, registry }, doors)
      return mintedSource(mintBy(exchange, given, registry, transport, doors), doors, { onHeld, name: `source ${(sources += 1)}`, store: kept })
    },
  }
}

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
