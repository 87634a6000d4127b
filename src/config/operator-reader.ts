import { canonical } from '../deploy/plan.ts'
import { partyName, type Admitted, type Bound } from '../deploy/environment.ts'
import { declarationKey, OPERATOR, type Declaration } from '../deploy/declaration.ts'
import type { Json } from '../deploy/target.ts'
import { capital, didYouMean, listed, quoted } from '../deploy/wording.ts'
import { Secret } from '../secret.ts'
import { partyOf } from './environment-rules.ts'
import type { Finding, Path } from './finding.ts'
import {
  NO_OPERATOR,
  type DeclaredAccount,
  type DeclaredCredential,
  type Holding,
  type Keychains,
  type Operator,
  type ReadSecret,
  type TargetDeclaration,
  type TargetKinds,
} from './operator.ts'
import { isSecretGiven, operatorSchema, withSecrets } from './operator-schema.ts'
import type { CredentialDocument, ExchangeForm, OperatorDocument, SecretForm, SecretGiven, TargetDocument } from './operator-schema.ts'
import { checkShape, findingAt } from './shape.ts'
import { readYaml } from './yaml.ts'
import type { Yaml } from './yaml.ts'

interface Interpretation {
  /** Empty where there are findings. */
  readonly operator: Omit<Operator, 'text'>
  readonly document: OperatorDocument | null
  readonly findings: readonly Finding[]
}

export interface Reading {
  /** Whose all of it is. */
  readonly account: Declaration['account']
  readonly kinds: TargetKinds
  readonly readSecret: ReadSecret
  readonly keychains: Keychains
  /** Names that targets may use besides those of the text itself. */
  readonly credentials: readonly string[]
  readonly form: SecretForm
  /** By the account itself, which the operator does not let reach this machine. */
  readonly isConfined?: boolean
  /** By the account itself. */
  readonly isOwn?: boolean
}

export function interpret(text: string, reading: Reading): Interpretation {
  const { keychains, form } = reading
  const yaml = readYaml(text, false)
  if ('findings' in yaml) return { operator: NO_OPERATOR, document: null, findings: yaml.findings }
  const shape = checkShape(yaml, form === 'sealed' ? sealedSchema(keychains) : operatorSchema(keychains.exchanges, keychains.families, form))
  if ('findings' in shape) return { operator: NO_OPERATOR, document: null, findings: shape.findings }
  const reader = new Reader(yaml, reading)
  const operator = reader.operator(shape.value)
  return { operator: reader.findings.length > 0 ? NO_OPERATOR : operator, document: shape.value, findings: reader.findings }
}

/** Made once: the vault may keep thousands, each read for itself at the start. */
const sealedSchemas = new WeakMap<Keychains, ReturnType<typeof operatorSchema>>()

function sealedSchema(keychains: Keychains): ReturnType<typeof operatorSchema> {
  const schema = sealedSchemas.get(keychains) ?? operatorSchema(keychains.exchanges, keychains.families, 'sealed')
  sealedSchemas.set(keychains, schema)
  return schema
}

class Reader {
  readonly findings: Finding[] = []
  readonly #account: Declaration['account']
  readonly #yaml: Yaml
  readonly #kinds: TargetKinds
  readonly #readSecret: ReadSecret
  readonly #exchanges: readonly ExchangeForm[]
  readonly #besides: readonly string[]
  readonly #form: SecretForm
  readonly #from: Pick<DeclaredCredential, 'account' | 'isConfined' | 'isOwn'>

  constructor(yaml: Yaml, { account, kinds, readSecret, keychains, credentials, form, isConfined = false, isOwn = false }: Reading) {
    this.#account = account
    this.#from = { account, isConfined, isOwn }
    this.#exchanges = keychains.exchanges
    this.#yaml = yaml
    this.#kinds = kinds
    this.#readSecret = readSecret
    this.#besides = credentials
    this.#form = form
  }

  operator({ credentials, targets, accounts, ...lists }: OperatorDocument): Omit<Operator, 'text'> {
    const key = (name: string): string => declarationKey({ account: this.#account, name })
    const known = [...Object.keys(credentials), ...this.#besides]
    return {
      credentials: new Map(Object.entries(credentials).map(([name, declared]) => [key(name), this.#credential(name, declared)])),
      targets: new Map(Object.entries(targets).map(([name, declared]) => [key(name), this.#target(name, declared, known)])),
      unused: [],
      accounts: this.#accounts(accounts),
      trustedHealth: lists.trusted_health,
      trustedRoot: lists.trusted_root ?? null,
      plainHttp: lists.plain_http,
      trustedRealms: lists.trusted_realms,
      trustedStorage: lists.trusted_storage,
    }
  }

  #accounts(accounts: OperatorDocument['accounts']): Operator['accounts'] {
    const found = new Map<number, DeclaredAccount>()
    for (const [login, { id, administrators, this_machine: mayUseMachine }] of Object.entries(accounts)) {
      const path = ['accounts', login]
      if (found.has(id)) this.#refuse([...path, 'id'], `The account ${id} is named twice.`)
      const parties = administrators.map(partyOf)
      for (const [index, party] of parties.entries()) {
        if (party.kind !== 'team' || party.organisation.toLowerCase() === login.toLowerCase()) continue
        // The App may read the teams of the account alone that it is asked about.
        this.#refuse([...path, 'administrators', index], `${partyName(party)} is a team of another account.`, [`a team of ${login}`])
      }
      found.set(id, { administrators: parties, mayUseMachine })
    }
    return found
  }

  #credential(name: string, declared: CredentialDocument): DeclaredCredential {
    const { registry, repositories, family = null, expires, allow } = declared
    const holds = this.#holding(['credentials', name], declared)
    const users = allow?.map(({ environments, ...admitted }) => ({ ...admittedOf(admitted), environments })) ?? null
    return {
      ...{ ...this.#from, name, registry, repositories, family },
      ...{ expires: expires === undefined ? null : Date.parse(expires), users, holds },
    }
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
    if (config !== undefined && this.#account !== OPERATOR)
      this.#refuse([...path, 'docker_config'], 'A docker_config is this machine’s, and cannot be kept for an account.')
    if (config !== undefined) return { kind: 'docker-config', where: config }
    const [key] = keys
    if (key !== undefined) return this.#exchange([...path, key], key, registry, own[key] as Readonly<Record<string, string | SecretGiven>>)
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

  #exchange(path: Path, key: string, registry: string, given: Readonly<Record<string, string | SecretGiven>>): Holding {
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
    // Plans carry it: where a secret stands in its place, only that there is one.
    const shown = this.#form === 'referred' ? own : withSecrets(own, this.#form, () => ({ sealed: true }))
    const revision = canonical({ kind, pulls, credential: credential ?? null, options: shown as Json })
    return {
      ...{ ...this.#from, name, kind, options: this.#options(kind, own, path), pulls },
      ...{ credential: credential ?? null, allow: allow.map(boundOf), revision },
    }
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
    if (isSecretGiven(value, this.#form)) return this.#secret(value, path)
    if (Array.isArray(value)) return value.map((item, index) => this.#withSecrets(item, [...path, index]))
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.#withSecrets(inner, [...path, key])]))
  }

  #secret(reference: SecretGiven, path: Path): Secret {
    const where = placeOf(reference)
    const value = valueOf(reference, this.#readSecret)
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

function placeOf(reference: SecretGiven): string {
  if ('env' in reference) return `the environment variable ${reference.env}`
  if ('file' in reference) return `the file ${reference.file}`
  return 'sealed' in reference ? 'the value in the vault' : 'the value'
}

const admittedOf = ({ repository, id }: { readonly repository: string; readonly id: number }): Admitted => ({
  repositoryId: id,
  owner: repository.split('/')[0] ?? '',
})

function boundOf({ repository, id, environments, images, settings }: TargetDocument['allow'][number]): Bound {
  return { ...admittedOf({ repository, id }), environments, images, settings: new Map(Object.entries(settings)) }
}

/** The line's end that editors put behind the content of a file is none of it. */
export function valueOf(reference: SecretGiven, readSecret: ReadSecret): string | undefined {
  if ('sealed' in reference) return reference.sealed
  if ('value' in reference) return reference.value
  const content = readSecret(reference)
  return 'file' in reference ? content?.replace(/\r?\n$/, '') : content
}
