import type { Declaration, Unreadable } from '../deploy/declaration.ts'
import type { Admitted, Bound, Party } from '../deploy/environment.ts'
import type { TargetKind } from '../deploy/target.ts'
import type { Secret } from '../secret.ts'
import type { ExchangeForm, SecretReference } from './operator-schema.ts'

/** `gantry.yml`, validated, with its secrets read. */
export interface Operator {
  /** As it was written: it refers to secrets and holds none. */
  readonly text: string
  /** What the vault keeps and nobody uses, and why. */
  readonly unused: readonly Unreadable[]
  /** By `declarationKey`, as the targets. */
  readonly credentials: ReadonlyMap<string, DeclaredCredential>
  readonly targets: ReadonlyMap<string, TargetDeclaration>
  /** By GitHub's id. */
  readonly accounts: ReadonlyMap<number, DeclaredAccount>
  /** Origins on private addresses that an environment's health may be asked at. */
  readonly trustedHealth: readonly string[]
  /** The path of a file with other Sigstore roots than the one that is shipped; null where that one is meant. */
  readonly trustedRoot: string | null
  /** Registries besides those on loopback that may be plain HTTP, as `host[:port]`. */
  readonly plainHttp: readonly string[]
  /** Origins of token servers that a registry's credential may be sent to, though they are on another host. */
  readonly trustedRealms: readonly string[]
  /** Origins on private addresses that a registry may redirect downloads to. */
  readonly trustedStorage: readonly string[]
}

/** What the operator says of an account that its administrators keep credentials and targets for. */
export interface DeclaredAccount {
  /** Besides the account's owners. */
  readonly administrators: readonly Party[]
  /** What they declare may reach this machine and its network. */
  readonly mayUseMachine: boolean
}

export interface DeclaredCredential {
  readonly account: Declaration['account']
  readonly name: string
  /** By the account itself, which the operator does not let reach this machine and its network. */
  readonly isConfined: boolean
  /** By the account itself (`isOwn` of a declaration), wherever it may reach. */
  readonly isOwn: boolean
  /** Canonical host: `docker.io` for Docker Hub. */
  readonly registry: string
  /** Patterns (`matches`) for names below the registry. */
  readonly repositories: readonly string[]
  /** Whose software the registry is, where its host does not tell: a keychain's name. */
  readonly family: string | null
  /** By the wall clock, milliseconds since 1970: when what is stored ends. */
  readonly expires: number | null
  /** Which repositories may use it, and where; null: whoever may use a target. */
  readonly users: readonly (Admitted & { readonly environments: readonly string[] })[] | null
  readonly holds: Holding
}

/** What is stored: a login, a token to be exchanged, or where to ask. */
export type Holding =
  | { readonly kind: 'basic'; readonly username: string; readonly password: Secret }
  | { readonly kind: 'identity'; readonly token: Secret }
  /** Docker's `config.json`, or its folder. */
  | { readonly kind: 'docker-config'; readonly where: string }
  | { readonly kind: 'exchange'; readonly key: string; readonly given: Readonly<Record<string, string | Secret>> }

/** What the registries' keychains add to the operator file. */
export interface Keychains {
  readonly exchanges: readonly ExchangeForm[]
  readonly families: readonly string[]
}

export interface TargetDeclaration {
  readonly account: Declaration['account']
  readonly name: string
  /** As of a credential, both. */
  readonly isConfined: boolean
  readonly isOwn: boolean
  readonly kind: string
  /** What the kind made of its own keys. */
  readonly options: unknown
  readonly pulls: 'credential' | 'ambient' | 'none'
  /** Null: the credential whose registry and repositories match the image. */
  readonly credential: string | null
  readonly allow: readonly Bound[]
  /** The declaration without its bounds and secrets, as canonical JSON: changes when images would run elsewhere or otherwise. */
  readonly revision: string
}

/** The text of a variable or file, or undefined where there is none. */
export type ReadSecret = (reference: SecretReference) => string | undefined
/** By `kind`; only their validation is needed here. */
export type TargetKinds = ReadonlyMap<string, Pick<TargetKind<unknown>, 'options'>>

/** What a missing operator file says. */
export const NO_OPERATOR: Operator = {
  text: '',
  unused: [],
  credentials: new Map(),
  targets: new Map(),
  accounts: new Map(),
  trustedHealth: [],
  trustedRoot: null,
  plainHttp: [],
  trustedRealms: [],
  trustedStorage: [],
}
