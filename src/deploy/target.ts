import type { Problem } from '../errors.ts'
import type { Secret } from '../secret.ts'
import type { Digest } from '../registry/reference.ts'
import type { Clock } from './clock.ts'

/** What a target promises when an effect is repeated or its answer is lost (docs/architecture.md, "Contracts of targets"). */
export type Contract = 'keyed' | 'versioned' | 'readable' | 'blind'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** An environment's `settings` after the target's own parser has accepted them: JSON, because plans are hashed and stored. */
export type TargetSettings = { readonly [key: string]: Json }

/** An image under the name that `images:` gives it, fixed to a digest. `repository` is canonical: `ghcr.io/acme/shop`. */
export interface Artifact {
  readonly name: string
  readonly repository: string
  readonly digest: Digest
}

/** One effect on a target. `id` is the deployment's id and `fence` rises with each claim of the environment: both are given to the target. */
export interface Operation {
  readonly id: string
  readonly fence: number
  readonly settings: TargetSettings
  readonly artifacts: readonly Artifact[]
}

/** What runs for one workload. `digest` is null where nothing (of ours) runs. */
export interface Observation {
  readonly workload: string
  readonly digest: Digest | null
  /** Whose operation put it there, where the target can tell. */
  readonly operation: string | null
  readonly fence: number | null
  readonly healthy: boolean
  /** The operation whose interrupted `apply` left traces that a repeated one will finish; null where there are none. */
  readonly pending: string | null
  /** Identifies exactly this state: any change by anyone gives another revision. */
  readonly revision: string
}

/** A credential for a pull, as a target that pulls by itself needs it. */
export interface PullCredential {
  readonly registry: string
  /** Null: `password` is an identity token, which is exchanged at the registry's token server. */
  readonly username: string | null
  readonly password: Secret
}

export interface Layer {
  readonly mediaType: string
  readonly digest: Digest
  readonly size: number
  /** The layer's bytes as stored; the stream errors with DIGEST_MISMATCH if they do not hash to `digest`. */
  open(): Promise<ReadableStream<Uint8Array>>
}

/** What the service hands a target for the length of one `apply`. */
export interface Hands {
  /** The image's layers in order, each checked against its digest. */
  pull(artifact: Artifact): Promise<{ readonly layers: readonly Layer[] }>
  /** What the target needs to pull by itself; null for an anonymous pull. */
  credential(artifact: Artifact): Promise<PullCredential | null>
  /** A line for the deployment's log; secrets are masked behind it, lines are bounded. */
  log(line: string): void
  readonly signal: AbortSignal
}

/** Where artifacts run. Failures are thrown as `Failure` with a TARGET_… code. */
export interface Target {
  readonly kind: string
  readonly contract: Contract
  /** The platform that images must offer, `linux/amd64`; null where any will do. */
  readonly platform: string | null
  /** Settings that reach beyond the workload itself (a host port): refused unless a bound of the target names them. */
  readonly guarded: readonly string[]
  /** Validates an environment's settings; `problem.found` names the key. */
  parse(settings: unknown): { readonly settings: TargetSettings } | { readonly problem: Problem }
  /** The names of what these settings occupy: one workload belongs to one environment. */
  workloads(settings: TargetSettings): readonly string[]
  /** Where it cannot pull from every registry: from which it can, in words; null where this one is fine. */
  onlyFrom?(registry: string): string | null
  /** Names of the images that the settings use (`main` where they do not say). */
  images(settings: TargetSettings): readonly string[]
  /**
   * Makes the operation's artifacts run, and returns once they are healthy. Safe to repeat with the same operation at any
   * point of an earlier, interrupted try. Where the new image does not become healthy the old one is put back and the call
   * throws `TARGET_UNHEALTHY`. Where `hands.signal` aborts before the new image has taken the old one's place, what was there before is
   * left as it was, and the call rejects; afterwards it is too late, and the call goes on to its end.
   */
  apply(operation: Operation, hands: Hands): Promise<void>
  /** What runs now, one entry per workload; changes nothing. */
  observe(settings: TargetSettings): Promise<readonly Observation[]>
  /**
   * For whoever has no settings yet: what is there, in a few words that may be shown (`container engine 26.1.4, linux/amd64`). Needs the
   * rights that observing needs, throws what a deployment would end with if nothing can be deployed there, and changes nothing.
   */
  reach(): Promise<string>
  /** Where the target serves by itself what it deploys: the runtime listens for it. */
  readonly site?: Site
}

/** The current release of a target as a web site, on an origin of its own. */
export interface Site {
  /** `host:port`; port 0 takes a free one. */
  readonly listen: string
  /** What stands at a URL's path, given as in the request line: percent-encoded, without the query. */
  find(path: string): Promise<Page>
}

export type Page =
  | {
      readonly found: 'file'
      /** Its last part names the type: `index.html`. */
      readonly name: string
      /** The image that the file is from. */
      readonly digest: Digest
      /** Names exactly this release: the same at every path of it. */
      readonly release: string
      readonly size: number
      /** To be read to its end, or cancelled. */
      readonly content: ReadableStream<Uint8Array>
    }
  /** A folder with an index, asked for without its closing slash. */
  | { readonly found: 'folder' }
  | { readonly found: 'nothing' }

/** Files that survive a crash; paths are relative, `/`-separated, and never leave the folder they were made for. */
export interface Files {
  read(path: string): Promise<Uint8Array | undefined>
  /** For what is too large to hold; the caller reads `content` to its end or cancels it. */
  open(path: string): Promise<{ readonly size: number; readonly content: ReadableStream<Uint8Array> } | undefined>
  /**
   * Writes the whole file durably or not at all: temporary file, sync, rename. With `durable: false` straight to its name, so
   * that a crash may leave half of it: for the files of a folder that `move` puts in its place afterwards.
   */
  write(path: string, content: Uint8Array | ReadableStream<Uint8Array>, options?: { readonly durable?: boolean }): Promise<void>
  /** Names directly in the folder; empty where it does not exist. */
  list(path: string): Promise<readonly string[]>
  /** Moves a file or folder in one step, all that is in it on disk first. An existing file at `to` is replaced. */
  move(from: string, to: string): Promise<void>
  /** Removes a file or a whole folder; nothing to do where it does not exist. */
  remove(path: string): Promise<void>
  /** Throws as `write` would where nothing may be written; changes nothing. */
  check(): Promise<void>
}

/** Where an HTTP API is reached when not by its URL alone. */
export interface Endpoint {
  readonly socketPath?: string
  /** Never a socket, and no private address, whatever a name leads to: rejects with the code `ERR_RESERVED_ADDRESS`. */
  readonly isPublic?: boolean
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: Secret }
}

/** The doors that the runtime hands to a target when it is made. */
export interface Doors {
  /** The global-shaped fetch, for one endpoint. */
  fetch(endpoint: Endpoint): typeof globalThis.fetch
  /** A folder of the target's own. */
  files(name: string): Files
  readonly clock: Clock
}

/** `lines`: a secret of several lines, such as a key in PEM form. */
export interface TargetField {
  readonly form: 'text' | 'secret' | 'lines' | 'flag'
  readonly isOptional: boolean
  /** What belongs there, in a few words. */
  readonly hint: string
}

/** A way of running images: one file in `targets/`, one line in `targets/index.ts`. */
export interface TargetKind<Options> {
  readonly kind: string
  /** What stands below `targets.NAME` beside the keys that all targets share, as a form asks for it: `tls.ca` is `ca` below `tls`. */
  readonly fields: Readonly<Record<string, TargetField>>
  /** Validates what the operator file says below `targets.NAME`, apart from the keys that all targets share. */
  options(raw: unknown): { readonly options: Options } | { readonly problem: Problem }
  /**
   * Where what runs the images is reached: `host[:port]`. Where it is this machine itself, or this is left out, no account may declare
   * such a target without its operator's word.
   */
  place?(options: Options): 'this machine' | { readonly host: string }
  create(name: string, options: Options, doors: Doors): Target
}
