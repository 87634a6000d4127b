import { createProvenance } from './attestation/provenance.ts'
import type { TrustedRoot } from './attestation/roots.ts'
import { createBot, type Bot } from './bot/app.ts'
import { createAttestations } from './bot/attestations.ts'
import { createDirectory } from './bot/directory.ts'
import { createGitHub, type GitHub } from './bot/github.ts'
import { createProbot } from './bot/probot.ts'
import { createSource } from './bot/source.ts'
import { compareConfigurations, readConfiguration } from './config/repository-file.ts'
import type { DeclaredCredential, Operator, TargetDeclaration } from './config/operator.ts'
import { Activity } from './deploy/activity.ts'
import type { Clock } from './deploy/clock.ts'
import { withoutRevoked } from './deploy/api-token.ts'
import { createExpiries } from './deploy/expiries.ts'
import { createLimits, type Limits } from './deploy/limits.ts'
import type { PlacedTarget } from './deploy/proposal.ts'
import { createRenewals, type Renewals } from './deploy/renewals.ts'
import { createService, type Service, type ServiceDoors } from './deploy/service.ts'
import type { Doors as TargetDoors, Site, TargetKind } from './deploy/target.ts'
import { createImages, type NamedSource } from './images.ts'
import { createRegistryClient, type RegistryClient } from './registry/client.ts'
import { secretOf, type Credential } from './registry/credential.ts'
import type { Doors as RegistryDoors } from './registry/doors.ts'
import { foundSource, type CredentialSource, type MintedSource, type Refreshed } from './registry/source.ts'
import type { Secret } from './secret.ts'
import { actionsIssuer, webOrigin, type AppSettings, type Settings } from './settings.ts'
import { createAdmissions } from './store/admissions.ts'
import { createAnnouncements } from './store/announcements.ts'
import { createApiTokens } from './store/api-tokens.ts'
import { auditMac } from './store/audit-key.ts'
import { auditHead, createAuditLog, fingerprintOf, macUnder, noteOperatorFile, type Hmac, type Mac } from './store/audit.ts'
import { createSpendings } from './store/budget.ts'
import { createCaughtUp } from './store/caught-up.ts'
import { createClaims } from './store/claims.ts'
import { createDeclarations, type Declarations } from './store/declarations.ts'
import { createDrifts } from './store/drifts.ts'
import { createHeads } from './store/heads.ts'
import { createHistory } from './store/history.ts'
import { createLocks } from './store/locks.ts'
import { createJournal } from './store/deployments.ts'
import { createInbox } from './store/inbox.ts'
import { createLimitRows } from './store/limits.ts'
import { instanceId } from './store/instance.ts'
import { createRenewalRows } from './store/renewals.ts'
import { migrateAccounts, migrateRepositories } from './store/migrations.ts'
import type { AccountSql, RepositorySql } from './store/sql.ts'
import { createSpentTokens } from './store/spent-tokens.ts'
import { createKeptTokens } from './store/tokens.ts'
import { localKeys } from './store/vault/local-keys.ts'
import { createVault, type Vault } from './store/vault.ts'
import { targetKinds } from './targets/index.ts'
import { createApi, type HttpApi } from './web/api.ts'
import type { ApiDoors } from './web/endpoint.ts'
import type { Inbox } from './deploy/journal.ts'
import type { Logger } from 'pino'

/** Everything outside, made by the runtime (or by a test's world). */
export interface Outside {
  readonly repositories: RepositorySql
  readonly accounts: AccountSql
  /** For GitHub. */
  readonly fetch: typeof globalThis.fetch
  readonly registry: RegistryDoors
  /** What a `config.json` of Docker's (or the one in a folder) has for a registry, by its own helpers too; null where it has nothing. */
  dockerConfig(where: string, registry: string): Promise<Credential | null>
  /** From now on `mask` knows this secret, until the returned function is called. */
  hide(secret: string): () => void
  readonly targets: TargetDoors
  /** Sigstore roots instead of the one that is shipped. */
  readonly roots?: readonly TrustedRoot[]
  readonly clock: Clock
  readonly log: Logger
  /** Takes every known secret out of a text. */
  mask(text: string): string
  /** For the audit log. */
  readonly hmac: Hmac
  /** One-way, under a key of this process. */
  hash(text: string): string
  /** At least 128 random bits as `[0-9a-z]`. */
  random(): string
  /** So many bytes that nobody can foresee. */
  entropy(count: number): Uint8Array<ArrayBuffer>
}

export interface Gantry {
  readonly service: Service
  readonly bot: Bot
  readonly inbox: Inbox
  readonly renewals: Renewals
  readonly vault: Vault
  /** What was taken from them is to be kept before the end of the process. */
  readonly limits: Limits
  /** Says which credentials end soon: at the start, and every day. */
  readonly expiries: () => void
  /** At start, beside everything else. */
  recoverTokens(): Promise<void>
  /** Sites that targets serve by themselves, by the target's key. */
  readonly sites: ReadonlyMap<string, Site>
  /** The HTTP API; null where the App has no client id and secret, so that nobody could be told from anybody. */
  readonly api: HttpApi | null
}

/** What has to be open before anything can be constructed: the operator file may name what is in it. */
export interface Secrets {
  readonly vault: Vault
  /** Of the audit log, whose key is in the vault. */
  readonly mac: Mac
  readonly declarations: Declarations
}

/** Throws VAULT_KEY_MISSING or VAULT_KEY_WRONG, and SETTING_INVALID for a database of a newer version. */
export async function openSecrets(
  { keys }: Pick<Settings, 'keys'>,
  { accounts, entropy, hmac }: Pick<Outside, 'accounts' | 'entropy' | 'hmac'>,
): Promise<Secrets> {
  migrateAccounts(accounts)
  const vault = createVault(accounts, localKeys(keys, entropy), entropy)
  await vault.check()
  const mac = await auditMac(vault, keys.length > 0, entropy, hmac)
  return { vault, mac, declarations: createDeclarations(vault, accounts, mac) }
}

/** The one place that constructs things. */
export function assemble(
  settings: Settings & { readonly app: AppSettings },
  operator: Operator,
  { vault, mac }: Pick<Secrets, 'vault' | 'mac'>,
  outside: Outside,
): Gantry {
  const { repositories, accounts, clock, log } = outside
  migrateRepositories(repositories)
  noteOperatorFile(accounts, mac, fingerprintOf(macUnder(outside.hmac, null), operator.text), clock.now())
  const inbox = createInbox(repositories)
  const targets = placeTargets(operator, outside.targets)
  const activity = new Activity(clock)
  const tokens = settings.keys.length === 0 ? null : keepTokens(vault, activity, outside)
  const client = createRegistryClient(outside.registry, operator, tokens ?? undefined)
  const incident = (error: unknown, about: string): string => {
    const number = outside.random().slice(0, 8)
    log.error({ err: error, about, incident: number }, 'a mistake of our own')
    return number
  }
  const limits = createLimits({
    rows: createLimitRows(accounts),
    clock,
    trouble: (error) => log.error({ err: error }, 'what counts against the limits could not be written down, and will be later'),
  })
  const { sources, renewals } = openCredentials(operator, client, activity, outside, incident)
  const { app } = settings
  const webhookSecret = app.webhookSecrets[0] as Secret
  const probot = createProbot({ appId: app.id, privateKey: app.privateKey, webhookSecret, apiUrl: settings.githubApiUrl, fetch: outside.fetch, log })
  const github = createGitHub(probot, clock, createSpendings(accounts))
  const source = createSource(github, app.id, clock)
  const apiTokens = createApiTokens(accounts, { mac, random: outside.random })
  const links = { docs: settings.url === null ? null : `${settings.url}/docs` }
  const service = createService({
    journal: createJournal(repositories, mac),
    claims: createClaims(accounts),
    locks: createLocks(repositories, mac),
    heads: createHeads(repositories),
    drifts: createDrifts(repositories),
    provenance: createProvenance(createAttestations(github, { fetch: outside.registry.publicFetch, clock }), outside.roots),
    probe: probing(operator, outside.registry),
    source: withoutRevoked(source, apiTokens),
    images: createImages(client, outside.registry, sources),
    clock,
    activity,
    readConfiguration,
    targets,
    audit: createAuditLog(repositories, mac),
    mask: outside.mask,
    random: outside.random,
    incident,
  })
  const api =
    app.oauth === null
      ? null
      : openApi(settings, app.oauth, { service, github, probot, limits, incident, docs: links.docs, tokens: apiTokens }, outside)
  const bot = createBot({
    probot,
    github,
    source,
    service,
    inbox,
    admissions: createAdmissions(repositories),
    limits,
    caughtUp: createCaughtUp(accounts),
    announcements: createAnnouncements(repositories, (key) => api?.announced(key)),
    compareConfigurations,
    clock,
    log,
    appId: app.id,
    instance: instanceId(accounts, outside.random),
    auditHead: () => auditHead(repositories, 'repository_audit'),
    incident,
    links,
    mask: outside.mask,
  })
  const sites = new Map([...targets].flatMap(([name, { target }]) => (target.site === undefined ? [] : [[name, target.site] as const])))
  const recoverTokens = async () => tokens?.recover(await fingerprintsOf(sources))
  const expiries = createExpiries(operator.credentials.values(), clock, log)
  return { service, bot, inbox, sites, renewals, vault, limits, recoverTokens, expiries, api }
}

interface ApiParts extends Pick<ApiDoors, 'service' | 'limits' | 'incident' | 'docs' | 'tokens'> {
  readonly github: GitHub
  readonly probot: ReturnType<typeof createProbot>
}

function openApi(
  { githubApiUrl: apiUrl, url }: Settings,
  oauth: NonNullable<AppSettings['oauth']>,
  { github, probot, ...parts }: ApiParts,
  { repositories, clock, fetch, mask, random, hash, log }: Outside,
): HttpApi {
  const said = createAnnouncements(repositories)
  return createApi({
    directory: createDirectory({ probot, github, clock, fetch, apiUrl, oauth }),
    history: createHistory(repositories),
    said: (id) => {
      const { comment, check } = said.find(id)
      return { comment: comment.number, check: check.number }
    },
    github: webOrigin(apiUrl),
    trouble: (error, about) => log.warn({ err: error, about }, 'the API could not answer'),
    issuer: url === null ? null : { url: actionsIssuer(apiUrl), audience: url },
    spent: createSpentTokens(repositories),
    ...parts,
    ...{ fetch, clock, mask, random, hash },
  })
}

/** An address of the repository's choosing: no private one that the operator has not named, no redirect, and nothing of what it says. */
function probing({ trustedHealth }: Operator, { fetch, publicFetch }: RegistryDoors): ServiceDoors['probe'] {
  return async (url, signal) => {
    const reach = trustedHealth.includes(new URL(url).origin) ? fetch : publicFetch
    const answer = await reach(url, { method: 'GET', redirect: 'manual', signal })
    await answer.body?.cancel()
    return answer.status
  }
}

/** Every declared target, by its key. */
export const placeTargets = (operator: Operator, doors: TargetDoors): ReadonlyMap<string, PlacedTarget> =>
  new Map([...operator.targets].map(([key, declared]) => [key, place(key, declared, doors)]))

function place(key: string, declared: TargetDeclaration, doors: TargetDoors): PlacedTarget {
  const kind: TargetKind<unknown> | undefined = targetKinds.find(({ kind: name }) => name === declared.kind)
  if (kind === undefined) throw new Error(`no kind of target ${declared.kind}`)
  // Two accounts may call theirs alike.
  const target = kind.create(declared.name, declared.options, { ...doors, files: () => doors.files(key) })
  const access: PlacedTarget['access'] = {
    account: declared.account,
    pulls: declared.pulls,
    credential: declared.credential,
    platform: target.platform,
    onlyFrom: (registry) => target.onlyFrom?.(registry) ?? null,
  }
  return { name: declared.name, key, target, revision: declared.revision, bounds: declared.allow, access }
}

/** The declared credentials, and how those that are minted are made anew. */
function openCredentials(operator: Operator, client: RegistryClient, activity: Activity, outside: Outside, incident: Incident) {
  const refresh = new Map<string, () => Promise<Refreshed>>()
  const renewals = createRenewals({ rows: createRenewalRows(outside.accounts), refresh, clock: outside.clock, activity, incident })
  const sources = [...operator.credentials].map(([key, declared]): NamedSource => {
    const { registry } = declared
    const source = sourceOf(declared, client, outside, (lifetime, age) => renewals.minted(key, lifetime, age))
    if ('refresh' in source) refresh.set(key, () => client.refresh(source, registry))
    return { ...declared, source }
  })
  return { sources, renewals }
}

const keepTokens = (vault: Vault, activity: Activity, { clock, log }: Outside) =>
  createKeptTokens(vault, {
    now: clock.now,
    activity,
    trouble: (error) => log.warn({ err: error }, 'a registry token or minted password could not be kept or read, and will be asked for again'),
  })

const fingerprintsOf = async (sources: readonly NamedSource[]): Promise<ReadonlySet<string>> =>
  new Set((await Promise.all(sources.map(({ source }) => source.fingerprints()))).flat())

type Holding = DeclaredCredential['holds']
type Stored = Extract<Holding, { readonly kind: 'basic' | 'identity' }>
const isStored = (holds: Holding): holds is Stored => holds.kind === 'basic' || holds.kind === 'identity'

const storedCredential = (holds: Stored): Credential =>
  holds.kind === 'basic' ? { kind: 'basic', username: holds.username, password: holds.password } : { kind: 'identity', token: holds.token }

/** Where a declared credential's value comes from. */
export function sourceOf(
  { registry, holds, expires }: DeclaredCredential,
  client: RegistryClient,
  outside: Pick<Outside, 'dockerConfig' | 'hide'>,
  onHeld: (lifetime: number, age: number) => void = () => {},
): CredentialSource | MintedSource {
  if (isStored(holds)) return client.stored(storedCredential(holds), expires)
  const hide = hidingTheLast(outside)
  if (holds.kind === 'docker-config') return foundSource(() => hidden(outside.dockerConfig(holds.where, registry), hide))
  return client.minted(holds.key, holds.given, registry, ({ credential, lifetime }, age) => {
    hide(secretOf(credential))
    onHeld(lifetime, age)
  })
}

/** The newest value and the one before it, which may still be in use: otherwise there would be ever more to look for in every line. */
function hidingTheLast({ hide }: Pick<Outside, 'hide'>): (secret: string) => void {
  const hidden = new Map<string, () => void>()
  return (secret) => {
    const known = hidden.get(secret)
    // Seen again it is the newest.
    hidden.delete(secret)
    hidden.set(secret, known ?? hide(secret))
    const [oldest] = hidden
    if (hidden.size <= 2 || oldest === undefined) return
    hidden.delete(oldest[0])
    oldest[1]()
  }
}

type Incident = (error: unknown, about: string) => string

async function hidden(finding: Promise<Credential | null>, hide: (secret: string) => void): Promise<Credential | null> {
  const credential = await finding
  if (credential !== null) hide(secretOf(credential))
  return credential
}
