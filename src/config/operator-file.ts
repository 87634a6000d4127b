import type { Problem } from '../errors.ts'
import { canonical } from '../deploy/plan.ts'
import type { Bound } from '../deploy/environment.ts'
import type { Json, TargetKind } from '../deploy/target.ts'
import { didYouMean, listed, quoted } from '../deploy/wording.ts'
import { Secret } from '../secret.ts'
import { problemOf } from './finding.ts'
import type { Finding, Path } from './finding.ts'
import { isSecretReference, operatorSchema } from './operator-schema.ts'
import type { CredentialDocument, ExchangeForm, OperatorDocument, SecretReference, TargetDocument } from './operator-schema.ts'
import { checkShape, findingAt } from './shape.ts'
import { readYaml } from './yaml.ts'
import type { Yaml } from './yaml.ts'

export type { ExchangeForm, SecretReference }

/** `gantry.yml`, validated, with its secrets read. */
export interface Operator {
  /** As it was written: it refers to secrets and holds none. */
  readonly text: string
  readonly credentials: ReadonlyMap<string, DeclaredCredential>
  readonly targets: ReadonlyMap<string, TargetDeclaration>
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

export interface DeclaredCredential {
  readonly name: string
  /** Canonical host: `docker.io` for Docker Hub. */
  readonly registry: string
  /** Patterns (`matches`) for names below the registry. */
  readonly repositories: readonly string[]
  /** Whose software the registry is, where its host does not tell: a keychain's name. */
  readonly family: string | null
  /** By the wall clock, milliseconds since 1970: when what is stored ends. */
  readonly expires: number | null
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
  readonly name: string
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

/**
 * Reads the operator file. Of its values only names are ever repeated in the problem. `{ env: … }` and `{ file: … }` among a
 * target's own keys are handed to its kind as `Secret`.
 */
export function readOperatorFile(
  text: string,
  kinds: TargetKinds,
  readSecret: ReadSecret,
  keychains: Keychains = NO_KEYCHAINS,
): { readonly operator: Operator } | { readonly problem: Problem } {
  const { operator, findings } = interpret(text, kinds, readSecret, keychains)
  const problem = problemOf(findings, () => 'OPERATOR_FILE_INVALID', 'the operator file')
  return problem === null ? { operator: { ...operator, text } } : { problem }
}

/** What a missing operator file says. */
export const NO_OPERATOR: Operator = {
  text: '',
  credentials: new Map(),
  targets: new Map(),
  trustedHealth: [],
  trustedRoot: null,
  plainHttp: [],
  trustedRealms: [],
  trustedStorage: [],
}

const NO_KEYCHAINS: Keychains = { exchanges: [], families: [] }

interface Interpretation {
  /** Empty where there are findings. */
  readonly operator: Omit<Operator, 'text'>
  readonly findings: readonly Finding[]
}

function interpret(text: string, kinds: TargetKinds, readSecret: ReadSecret, keychains: Keychains): Interpretation {
  const yaml = readYaml(text, false)
  if ('findings' in yaml) return { operator: NO_OPERATOR, findings: yaml.findings }
  const shape = checkShape(yaml, operatorSchema(keychains.exchanges, keychains.families))
  if ('findings' in shape) return { operator: NO_OPERATOR, findings: shape.findings }
  const reader = new Reader(yaml, kinds, readSecret, keychains.exchanges)
  const operator = reader.operator(shape.value)
  return { operator: reader.findings.length > 0 ? NO_OPERATOR : operator, findings: reader.findings }
}

class Reader {
  readonly findings: Finding[] = []
  readonly #yaml: Yaml
  readonly #kinds: TargetKinds
  readonly #readSecret: ReadSecret
  readonly #exchanges: readonly ExchangeForm[]

  constructor(yaml: Yaml, kinds: TargetKinds, readSecret: ReadSecret, exchanges: readonly ExchangeForm[]) {
    this.#exchanges = exchanges
    this.#yaml = yaml
    this.#kinds = kinds
    this.#readSecret = readSecret
  }

  operator({ credentials, targets, ...lists }: OperatorDocument): Omit<Operator, 'text'> {
    return {
      credentials: new Map(Object.entries(credentials).map(([name, declared]) => [name, this.#credential(name, declared)])),
      targets: new Map(Object.entries(targets).map(([name, declared]) => [name, this.#target(name, declared, Object.keys(credentials))])),
      trustedHealth: lists.trusted_health,
      trustedRoot: lists.trusted_root ?? null,
      plainHttp: lists.plain_http,
      trustedRealms: lists.trusted_realms,
      trustedStorage: lists.trusted_storage,
    }
  }

  #credential(name: string, declared: CredentialDocument): DeclaredCredential {
    const { registry, repositories, family = null, expires } = declared
    const holds = this.#holding(['credentials', name], declared)
    return { name, registry, repositories, family, expires: expires === undefined ? null : Date.parse(expires), holds }
  }

  #holding(path: Path, declared: CredentialDocument): Holding {
    const { registry, username, password, identity_token: token, docker_config: config, ...own } = declared
    const keys = this.#exchanges.map(({ key }) => key).filter((key) => own[key] !== undefined)
    const forms = [
      ...((username ?? password) ? ['password'] : []),
      ...(token ? ['identity_token'] : []),
      ...(config ? ['docker_config'] : []),
      ...new Set(keys),
    ]
    if (forms.length !== 1)
      this.#refuse(path, `${path.join('.')} must hold exactly one kind of credential, and it holds ${listed(forms) || 'none'}.`, [this.#forms()])
    if (token !== undefined) return { kind: 'identity', token: this.#secret(token, [...path, 'identity_token']) }
    if (config !== undefined) return { kind: 'docker-config', where: config }
    const [key] = keys
    if (key !== undefined) return this.#exchange([...path, key], key, registry, own[key] as Readonly<Record<string, string | SecretReference>>)
    if (forms.length === 1 && (username === undefined || password === undefined))
      this.#refuse(path, `${path.join('.')} needs both username and password.`)
    return {
      kind: 'basic',
      username: username ?? '',
      password: password === undefined ? new Secret('') : this.#secret(password, [...path, 'password']),
    }
  }

  #forms(): string {
    return ['username and password', 'identity_token', 'docker_config', ...new Set(this.#exchanges.map(({ key }) => key))].join(', or ')
  }

  #exchange(path: Path, key: string, registry: string, given: Readonly<Record<string, string | SecretReference>>): Holding {
    if (!this.#exchanges.some((exchange) => exchange.key === key && exchange.serves(registry)))
      this.#refuse(path, `There is no exchange ${quoted(key)} for ${registry}.`)
    const values = Object.entries(given).filter(([, value]) => value !== undefined)
    const read = values.map(([field, value]) => [field, typeof value === 'string' ? value : this.#secret(value, [...path, field])] as const)
    return { kind: 'exchange', key, given: Object.fromEntries(read) }
  }

  #target(name: string, { kind, pulls, credential, allow, ...own }: TargetDocument, credentials: readonly string[]): TargetDeclaration {
    const path = ['targets', name]
    if (credential !== undefined && !credentials.includes(credential)) {
      this.#refuse([...path, 'credential'], `There is no credential ${quoted(credential)}.${didYouMean(credential, credentials)}`, credentials)
    }
    if (credential !== undefined && pulls !== 'credential') {
      this.#refuse([...path, 'credential'], `Target ${name} pulls with ${pulls}, so it cannot have a credential.`)
    }
    const revision = canonical({ kind, pulls, credential: credential ?? null, options: own as Json })
    return { name, kind, options: this.#options(kind, own, path), pulls, credential: credential ?? null, allow: allow.map(boundOf), revision }
  }

  #options(kind: string, own: unknown, path: Path): unknown {
    const maker = this.#kinds.get(kind)
    if (maker === undefined) {
      const known = [...this.#kinds.keys()]
      return this.#refuse([...path, 'kind'], `There is no kind of target ${quoted(kind)}.${didYouMean(kind, known)}`, known)
    }
    const read = maker.options(this.#withSecrets(own, path))
    if ('options' in read) return read.options
    const { sentence, found, wanted } = read.problem
    // The kind names the key: its line is more use than the target's.
    return this.#refuse([...path, ...(found?.split('.') ?? [])], `targets.${path[1]}: ${sentence}`, wanted === undefined ? [] : [wanted])
  }

  #withSecrets(value: unknown, path: Path): unknown {
    if (isSecretReference(value)) return this.#secret(value, path)
    if (Array.isArray(value)) return value.map((item, index) => this.#withSecrets(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#withSecrets(inner, [...path, key])]))
  }

  #secret(reference: SecretReference, path: Path): Secret {
    const where = 'env' in reference ? `the environment variable ${reference.env}` : `the file ${reference.file}`
    const content = this.#readSecret(reference)
    const value = 'file' in reference ? content?.replace(/\r?\n$/, '') : content
    if (value === undefined) this.#refuse(path, `${capital(where)} that the operator file names does not exist.`)
    else if (value === '') this.#refuse(path, `${capital(where)} is empty.`)
    // A certificate or key may well have lines; what a paste has put around it never belongs to it.
    else if (value !== value.trim()) this.#refuse(path, `${capital(where)} begins or ends with white space.`)
    return new Secret(value ?? '')
  }

  #refuse(path: Path, sentence: string, wanted: readonly string[] = []): undefined {
    this.findings.push(findingAt(this.#yaml.keyAt(path), path, wanted.length === 0 ? null : listed(wanted), sentence))
  }
}

const capital = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1)

function boundOf({ id, environments, images, settings }: TargetDocument['allow'][number]): Bound {
  return { repositoryId: id, environments, images, settings: new Map(Object.entries(settings)) }
}
