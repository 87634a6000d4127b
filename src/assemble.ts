import { createAdministration } from './accounts/administration.ts'
import type { Sealer } from './accounts/backups.ts'
import { confinedRegistry, usable } from './accounts/confined.ts'
import { createLive } from './accounts/live.ts'
import type { SourceDoors } from './accounts/placing.ts'
import { createProvenance } from './attestation/provenance.ts'
import type { TrustedRoot } from './attestation/roots.ts'
import { createBot, type Bot } from './bot/app.ts'
import { createAttestations } from './bot/attestations.ts'
import { createDirectory } from './bot/directory.ts'
import { createGitHub, type GitHub } from './bot/github.ts'
import { noticeAnswer } from './bot/notices.ts'
import { createProbot } from './bot/probot.ts'
import { createSource } from './bot/source.ts'
import { compareConfigurations, readConfiguration } from './config/repository-file.ts'
import type { Operator } from './config/operator.ts'
import { Activity } from './deploy/activity.ts'
import type { Clock } from './deploy/clock.ts'
import type { Administration } from './deploy/administration.ts'
import { withoutRevoked, type ApiTokens } from './deploy/api-token.ts'
import type { Directory } from './deploy/directory.ts'
import type { Mask } from './deploy/mask.ts'
import { createExpiries } from './deploy/expiries.ts'
import { createLimits, type Limits, type OwnLimits } from './deploy/limits.ts'
import { createRenewals, type Renewals } from './deploy/renewals.ts'
import { createService, type Service, type ServiceDoors } from './deploy/service.ts'
import type { Doors as TargetDoors, Site } from './deploy/target.ts'
import { createImages, type Clients, type NamedSource } from './images.ts'
import { createRegistryClient } from './registry/client.ts'
import type { Doors as RegistryDoors } from './registry/doors.ts'
import { exchanges, families } from './registry/forms.ts'
import type { Refreshed } from './registry/source.ts'
import type { Secret } from './secret.ts'
import { actionsIssuer, webOrigin, type AppSettings, type Settings } from './settings.ts'
import { createAdmissions } from './store/admissions.ts'
import { createAnnouncements } from './store/announcements.ts'
import { createApiTokens } from './store/api-tokens.ts'
import { auditMac } from './store/audit-key.ts'
import { appendAccount, auditHead, auditPage, createAuditLog, fingerprintOf, macUnder, noteOperatorFile, type Hmac, type Mac } from './store/audit.ts'
import { openAccount, sealAccount } from './store/backup/account-backup.ts'
import { createSpendings } from './store/budget.ts'
import { createCaughtUp } from './store/caught-up.ts'
import { createClaims } from './store/claims.ts'
import { createDeclarations, type Declarations } from './store/declarations.ts'
import { createDrifts } from './store/drifts.ts'
import { createHeads } from './store/heads.ts'
import { createHistory } from './store/history.ts'
import { createLocks } from './store/locks.ts'
import { createOverview } from './store/overview.ts'
import { createJournal } from './store/deployments.ts'
import { createInbox } from './store/inbox.ts'
import { createLimitRows } from './store/limits.ts'
import { instanceId } from './store/instance.ts'
import { createRenewalRows } from './store/renewals.ts'
import { createSessions } from './store/sessions.ts'
import { migrateAccounts, migrateRepositories } from './store/migrations.ts'
import type { AccountSql, RepositorySql } from './store/sql.ts'
import { createSpentTokens } from './store/spent-tokens.ts'
import { createKeptTokens } from './store/tokens.ts'
import { localKeys } from './store/vault/local-keys.ts'
import { createVault, type Vault } from './store/vault.ts'
import { createWeb, type Web } from './web/app.ts'
import type { Assets, SiteDoors } from './web/visit.ts'
import type { CaughtUp, Claims, Inbox, MissedInbox } from './deploy/journal.ts'
import type { Overview } from './deploy/overview.ts'
import type { Sessions } from './deploy/session.ts'
import type { Logger } from 'pino'

/** What several Gantries of one installation share, where each repository and each account has one of its own; on one machine it is rows of this database. */
export interface Shared {
  readonly claims: Claims
  readonly sessions: Sessions
  readonly apiTokens: ApiTokens
  readonly limits: Limits
  readonly overview: Overview
  readonly caughtUp: CaughtUp
  readonly missedInbox: MissedInbox
  /** A page of a repository's audit log, the newest record first. */
  repositoryAudit(repository: number, before: number | null, limit: number): ReturnType<Administration['audit']>
  readonly mayApprove: Service['mayApprove']
  readonly happened: Service['happened']
  /** What a name means on GitHub: only what is kept here is answered for here. */
  readonly names: Pick<Directory, 'repository' | 'account'> & Required<Pick<Directory, 'isHere'>>
}

/** Everything outside, made by the runtime (or by a test's world). */
export interface Outside extends SourceDoors {
  readonly repositories: RepositorySql
  readonly accounts: AccountSql
  /** From what is here to what is used instead; left out on one machine, where everything is here. */
  readonly shares?: (here: Shared) => Shared
  /** As the service has it. */
  readonly rounds?: ServiceDoors['rounds']
  /** Whose the registry tokens are that are kept here; the operator's where it is left out. */
  readonly tokensOf?: number
  /** For GitHub. */
  readonly fetch: typeof globalThis.fetch
  readonly registry: RegistryDoors
  /** For environments' own addresses: no private one, and of this machine's public ones the web's ports alone. */
  readonly siteFetch: typeof globalThis.fetch
  readonly targets: TargetDoors
  /** Sigstore roots instead of the one that is shipped. */
  readonly roots?: readonly TrustedRoot[]
  readonly clock: Clock
  readonly log: Logger
  readonly mask: Mask
  /** For the audit log. */
  readonly hmac: Hmac
  /** One-way, under a key of this process. */
  hash(text: string): string
  /** At least 128 random bits as `[0-9a-z]`. */
  random(): string
  /** So many bytes that nobody can foresee. */
  entropy(count: number): Uint8Array<ArrayBuffer>
  /** What the pages load. */
  readonly assets: Assets
}

export interface Gantry {
  readonly service: Service
  readonly bot: Bot
  readonly inbox: Inbox
  readonly renewals: Renewals
  readonly vault: Vault
  /** What was taken from them is to be kept before the end of the process. */
  readonly limits: OwnLimits
  /** Says which credentials end soon: at the start, and every day. */
  readonly expiries: () => void
  /** At start, beside everything else. */
  recoverTokens(): Promise<void>
  /** Sites that targets serve by themselves, by the target's key: those of now. */
  readonly sites: ReadonlyMap<string, Site>
  /** Called after one has come, changed or gone. */
  onSites(listener: () => void): void
  /** The HTTP API and the pages; null where the App has no client id and secret, so that nobody could be told from anybody. */
  readonly web: Web | null
  /** Who somebody is and what there is, on GitHub; null as `web`. */
  readonly directory: Directory | null
  /** Something else is declared now: this is used from now on. */
  redeclare(operator: Operator): void
  /** As `GitHub.learn`. */
  readonly learn: GitHub['learn']
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

/** At start, once for the whole installation: whether whoever has the machine has written another operator file. */
export const noteOperator = ({ text }: Operator, { mac }: Secrets, { accounts, hmac, clock }: Outside): void =>
  noteOperatorFile(accounts, mac, fingerprintOf(macUnder(hmac, null), text), clock.now())

/** The one place that constructs things. */
export function assemble(settings: Settings & { readonly app: AppSettings }, declared: Operator, secrets: Secrets, outside: Outside): Gantry {
  const { vault, mac } = secrets
  const operator = usable(declared)
  const { repositories, accounts, clock, log } = outside
  migrateRepositories(repositories)
  const inbox = createInbox(repositories)
  const activity = new Activity(clock)
  const tokens = settings.keys.length === 0 ? null : keepTokens(vault, activity, outside)
  const incident = incidents(outside)
  const limits = openLimits(outside)
  const { app } = settings
  const webhookSecret = app.webhookSecrets[0] as Secret
  const probot = createProbot({ appId: app.id, privateKey: app.privateKey, webhookSecret, apiUrl: settings.githubApiUrl, fetch: outside.fetch, log })
  const github = createGitHub(probot, clock, createSpendings(accounts))
  const directory = app.oauth === null ? null : openDirectory(settings, app.oauth, { github, probot }, outside)
  const here: Shared = {
    ...{ ...rowsOf(outside, mac), limits, missedInbox: inbox, names: { ...(directory ?? NOBODY_ASKS), isHere: () => true } },
    overview: createOverview(repositories, (...place) => service.held(...place)),
    mayApprove: (...approval) => service.mayApprove(...approval),
    happened: (event) => service.happened(event),
  }
  const shared = outside.shares?.(here) ?? here
  const clients = openClients(operator, outside.registry, tokens ?? undefined)
  const { live, renewals } = openLive(operator, clients, activity, outside, incident)
  const source = createSource(github, app.id, clock)
  const links = { docs: settings.url === null ? null : `${settings.url}/docs`, pages: app.oauth === null ? null : settings.url }
  const service = createService({
    journal: createJournal(repositories, mac),
    claims: shared.claims,
    locks: createLocks(repositories, mac),
    heads: createHeads(repositories),
    drifts: createDrifts(repositories),
    provenance: createProvenance(createAttestations(github, { fetch: outside.registry.publicFetch, clock }), outside.roots),
    probe: probing(operator, outside),
    source: withoutRevoked(source, shared.apiTokens),
    images: createImages(clients, live.sources),
    clock,
    activity,
    readConfiguration,
    targets: live.targets,
    formerTarget: live.former,
    audit: createAuditLog(repositories, mac),
    mask: outside.mask,
    noticeAnswer,
    random: outside.random,
    incident,
    ...(outside.rounds !== undefined && { rounds: outside.rounds }),
  })
  const administration = openAdministration(settings, operator, secrets, outside, { live, activity, repositoryAudit: shared.repositoryAudit })
  const { mayApprove, happened } = shared
  const parts = { service: { ...service, mayApprove }, administration, shared, incident, docs: links.docs }
  const web = directory === null ? null : openWeb(settings, { ...parts, directory: { ...directory, ...shared.names } }, outside)
  const bot = createBot({
    probot,
    github,
    source,
    service: { ...service, happened },
    inbox,
    admissions: createAdmissions(repositories),
    limits: shared.limits,
    caughtUp: shared.caughtUp,
    missedInbox: shared.missedInbox,
    announcements: createAnnouncements(repositories, (key) => web?.announced(key)),
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
  const { sites, onSites } = live
  const recoverTokens = async () => tokens?.recover(await fingerprintsOf(live.sources.values()))
  const expiries = createExpiries(live.sources, clock, log)
  const own = { service, bot, inbox, sites, onSites, renewals, vault, limits, recoverTokens, expiries, web, directory }
  return { ...own, redeclare: live.become, learn: github.learn }
}

const rowsOf = ({ repositories, accounts, random }: Outside, mac: Mac) => ({
  claims: createClaims(accounts),
  sessions: createSessions(accounts, { mac, random }),
  apiTokens: createApiTokens(accounts, { mac, random }),
  caughtUp: createCaughtUp(accounts),
  repositoryAudit: (repository: number, before: number | null, limit: number) =>
    auditPage(repositories, 'repository_audit', repository, before, limit),
})

const incidents =
  ({ random, log }: Outside): Incident =>
  (error, about) => {
    const number = random().slice(0, 8)
    log.error({ err: error, about, incident: number }, 'a mistake of our own')
    return number
  }

const openLimits = ({ accounts, clock, log }: Outside): OwnLimits =>
  createLimits({
    rows: createLimitRows(accounts),
    clock,
    trouble: (error) => log.error({ err: error }, 'what counts against the limits could not be written down, and will be later'),
  })

/** Where there is neither an API nor a page. */
const NOBODY_ASKS: Pick<Directory, 'repository' | 'account'> = { repository: () => Promise.resolve(null), account: () => Promise.resolve(null) }

function openDirectory(
  { githubApiUrl: apiUrl }: Settings,
  oauth: NonNullable<AppSettings['oauth']>,
  doors: { readonly github: GitHub; readonly probot: ReturnType<typeof createProbot> },
  { clock, fetch }: Outside,
): Directory {
  return createDirectory({ ...doors, clock, fetch, apiUrl, webOrigin: webOrigin(apiUrl), oauth })
}

interface WebParts extends Pick<SiteDoors, 'service' | 'administration' | 'incident' | 'docs' | 'directory'> {
  readonly shared: Pick<Shared, 'sessions' | 'apiTokens' | 'limits' | 'overview'>
}

function openWeb(
  { githubApiUrl: apiUrl, url }: Settings,
  { shared: { sessions, apiTokens: tokens, limits, overview }, ...parts }: WebParts,
  { repositories, clock, fetch, mask, random, hash, log, assets }: Outside,
): Web {
  const said = createAnnouncements(repositories)
  const made = (): Web =>
    createWeb({
      history: createHistory(repositories),
      said: (id) => {
        const { comment, check } = said.find(id)
        return { comment: comment.number, check: check.number }
      },
      github: webOrigin(apiUrl),
      trouble: (error, about) => log.warn({ err: error, about }, 'a request could not be answered'),
      issuer: url === null ? null : { url: actionsIssuer(apiUrl), audience: url },
      spent: createSpentTokens(repositories),
      origin: url,
      ...{ sessions, tokens, limits, overview },
      ...parts,
      ...{ fetch, clock, mask, random, hash, assets },
    })
  // With the first request: most of what there is to construct is its, and whoever only takes deliveries has no use for it.
  let web: Web | null = null
  return {
    fetch: (...request) => (web ??= made()).fetch(...request),
    announced: (id) => web?.announced(id),
    close: () => web?.close(),
  }
}

/** An address of the repository's choosing: no private one that the operator has not named, no redirect, and nothing of what it says. */
function probing({ trustedHealth }: Operator, { registry: { fetch }, siteFetch }: Outside): ServiceDoors['probe'] {
  return async (url, signal) => {
    const reach = trustedHealth.includes(new URL(url).origin) ? fetch : siteFetch
    const answer = await reach(url, { method: 'GET', redirect: 'manual', signal })
    await answer.body?.cancel()
    return answer.status
  }
}

const keepTokens = (vault: Vault, activity: Activity, { clock, log, tokensOf }: Outside) =>
  createKeptTokens(vault, {
    ...(tokensOf !== undefined && { account: tokensOf }),
    now: clock.now,
    activity,
    trouble: (error) => log.warn({ err: error }, 'a registry token or minted password could not be kept or read, and will be asked for again'),
  })

const fingerprintsOf = async (sources: Iterable<NamedSource>): Promise<ReadonlySet<string>> =>
  new Set((await Promise.all([...sources].map(({ source }) => source.fingerprints()))).flat())

interface AdministrationParts extends Pick<Shared, 'repositoryAudit'> {
  readonly live: ReturnType<typeof openLive>['live']
  readonly activity: Activity
}

function openAdministration(
  settings: Pick<Settings, 'keys'>,
  operator: Operator,
  { vault, mac, declarations }: Secrets,
  outside: Outside,
  { repositoryAudit, ...parts }: AdministrationParts,
): Administration {
  return createAdministration({
    ...{ ...outside, ...parts, declarations, accounts: operator.accounts, keychains: { exchanges, families } },
    clients: () => openClients(operator, outside.registry),
    keys: (account) => vault.keys(account),
    audit: (whose, ...page) =>
      'account' in whose ? auditPage(outside.accounts, 'account_audit', whose.account, ...page) : repositoryAudit(whose.repository, ...page),
    sealer: sealing(settings, mac, outside),
  })
}

/** Backups of accounts: under the same keys as the vault. */
function sealing({ keys }: Pick<Settings, 'keys'>, mac: Mac, { accounts, entropy }: Outside): Sealer {
  const source = localKeys(keys, entropy)
  return {
    seal: (whose, text) => sealAccount(source, entropy, whose, text),
    open: (account, backup) => openAccount(source, account, backup),
    note: (account, entry) => accounts.transaction(() => appendAccount(accounts, mac)(account, entry)),
  }
}

/** For what accounts declare by themselves there is one of its own: nothing that the operator allows for others holds for it. */
function openClients(operator: Operator, registry: RegistryDoors, tokens?: ReturnType<typeof keepTokens>): Clients {
  const confined = confinedRegistry(registry)
  return {
    open: { client: createRegistryClient(registry, operator, tokens), doors: registry },
    confined: { client: createRegistryClient(confined, {}, tokens), doors: confined },
  }
}

/** The declared credentials and targets, and how credentials that are minted are made anew. */
function openLive(operator: Operator, clients: Clients, activity: Activity, outside: Outside, incident: Incident) {
  const refresh = new Map<string, () => Promise<Refreshed>>()
  const renewals = createRenewals({ rows: createRenewalRows(outside.accounts), refresh, clock: outside.clock, activity, incident })
  const live = createLive(operator, { ...outside, clients, renewals, refresh })
  return { live, renewals }
}

type Incident = (error: unknown, about: string) => string
