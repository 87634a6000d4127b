import { createBot, type Bot } from './bot/app.ts'
import { createGitHub } from './bot/github.ts'
import { createProbot } from './bot/probot.ts'
import { createSource } from './bot/source.ts'
import { readConfiguration } from './config/repository-file.ts'
import type { DeclaredCredential, Operator, TargetDeclaration } from './config/operator-file.ts'
import { Activity } from './deploy/activity.ts'
import type { Clock } from './deploy/clock.ts'
import { matches } from './deploy/environment.ts'
import type { Images, TargetAccess } from './deploy/images.ts'
import type { PlacedTarget } from './deploy/proposal.ts'
import { createService, type Service } from './deploy/service.ts'
import type { Artifact, Doors as TargetDoors, Site, TargetKind } from './deploy/target.ts'
import { Failure, Refusal } from './errors.ts'
import { createRegistryClient, type RegistryClient } from './registry/client.ts'
import { anonymous, type Credential } from './registry/credential.ts'
import type { Doors as RegistryDoors } from './registry/doors.ts'
import { parseReference, type Reference } from './registry/reference.ts'
import type { Secret } from './secret.ts'
import type { AppSettings, Settings } from './settings.ts'
import { createAnnouncements } from './store/announcements.ts'
import { createClaims } from './store/claims.ts'
import { createJournal } from './store/deployments.ts'
import { createInbox } from './store/inbox.ts'
import { instanceId } from './store/instance.ts'
import { migrateAccounts, migrateRepositories } from './store/migrations.ts'
import type { AccountSql, RepositorySql } from './store/sql.ts'
import { targetKinds } from './targets/index.ts'
import type { Inbox } from './deploy/journal.ts'
import type { Logger } from 'pino'

/** Everything outside, made by the runtime (or by a test's world). */
export interface Outside {
  readonly repositories: RepositorySql
  readonly accounts: AccountSql
  /** For GitHub. */
  readonly fetch: typeof globalThis.fetch
  readonly registry: RegistryDoors
  readonly targets: TargetDoors
  readonly clock: Clock
  readonly log: Logger
  /** Takes every known secret out of a text. */
  mask(text: string): string
  /** At least 128 random bits as `[0-9a-z]`. */
  random(): string
}

export interface Gantry {
  readonly service: Service
  readonly bot: Bot
  readonly inbox: Inbox
  /** Sites that targets serve by themselves, by the target's name. */
  readonly sites: ReadonlyMap<string, Site>
}

/** The one place that constructs things. */
export function assemble(settings: Settings & { readonly app: AppSettings }, operator: Operator, outside: Outside): Gantry {
  const { repositories, accounts, clock, log } = outside
  migrateRepositories(repositories)
  migrateAccounts(accounts)
  const inbox = createInbox(repositories)
  const targets = new Map([...operator.targets.values()].map((declared) => [declared.name, place(declared, outside.targets)]))
  const client = createRegistryClient(outside.registry, operator)
  const { app } = settings
  const webhookSecret = app.webhookSecrets[0] as Secret
  const probot = createProbot({ appId: app.id, privateKey: app.privateKey, webhookSecret, apiUrl: settings.githubApiUrl, fetch: outside.fetch, log })
  const github = createGitHub(probot, clock)
  const source = createSource(github)
  const links = { docs: settings.url === null ? null : `${settings.url}/docs` }
  const incident = (error: unknown, about: string): string => {
    const number = outside.random().slice(0, 8)
    log.error({ err: error, about, incident: number }, 'a mistake of our own')
    return number
  }
  const service = createService({
    journal: createJournal(repositories),
    claims: createClaims(accounts),
    source,
    images: imagesFrom(client, [...operator.credentials.values()]),
    clock,
    activity: new Activity(clock),
    readConfiguration,
    targets,
    mask: outside.mask,
    random: outside.random,
    incident,
  })
  const bot = createBot({
    probot,
    github,
    source,
    service,
    inbox,
    announcements: createAnnouncements(repositories),
    clock,
    log,
    appId: app.id,
    instance: instanceId(accounts, outside.random),
    incident,
    links,
    mask: outside.mask,
  })
  const sites = new Map([...targets].flatMap(([name, { target }]) => (target.site === undefined ? [] : [[name, target.site] as const])))
  return { service, bot, inbox, sites }
}

function place(declared: TargetDeclaration, doors: TargetDoors): PlacedTarget {
  const kind: TargetKind<unknown> | undefined = targetKinds.find(({ kind: name }) => name === declared.kind)
  if (kind === undefined) throw new Error(`no kind of target ${declared.kind}`)
  const target = kind.create(declared.name, declared.options, doors)
  const access: TargetAccess = { pulls: declared.pulls, credential: declared.credential, platform: target.platform }
  return { name: declared.name, target, revision: declared.revision, bounds: declared.allow, access }
}

/** The registry client as the engine's `Images`, with the operator's credentials. */
function imagesFrom(client: RegistryClient, credentials: readonly DeclaredCredential[]): Images {
  const asking = (reference: Reference, access: TargetAccess): { credential: Credential; as: string } => {
    const found = access.pulls === 'credential' ? choose(reference, access, credentials) : undefined
    if (found === undefined) return { credential: anonymous, as: 'anonymous' }
    return { credential: { kind: 'basic', username: found.username, password: found.password }, as: `credential ${found.name}` }
  }
  return {
    resolve: async (artifact, access) => {
      const reference = referenceTo(artifact)
      const { credential, as } = asking(reference, access)
      const { digest } = await client.resolve(reference, { credential })
      return { digest, as }
    },
    verify: async (artifact, access) => {
      const reference = referenceTo(artifact)
      const { platform } = await client.resolve(reference, { ...asking(reference, access), platform: access.platform })
      const ambient = access.pulls === 'ambient' ? ' by anybody; what the target itself may pull is not proved' : ''
      return { note: `${platform === null ? '' : `for ${platform.os}/${platform.architecture}`}${ambient}` }
    },
    layers: async (artifact, access) => {
      const reference = referenceTo(artifact)
      const { credential } = asking(reference, access)
      return { layers: await client.layers(artifact.repository, artifact.digest, { credential, platform: access.platform }) }
    },
    credential: async (artifact, access) => {
      const reference = referenceTo(artifact)
      const { credential } = asking(reference, access)
      return credential.kind === 'basic' ? { registry: reference.registry, username: credential.username, password: credential.password } : null
    },
  }
}

/** The one that the target names; else the one with the longest pattern that fits the image. */
function choose(reference: Reference, access: TargetAccess, credentials: readonly DeclaredCredential[]): DeclaredCredential | undefined {
  const own = credentials.filter(({ registry }) => registry === reference.registry)
  if (access.credential !== null) return own.find(({ name }) => name === access.credential)
  const fitting = own.flatMap((credential) => credential.repositories.map((pattern) => ({ credential, pattern })))
  const longest = fitting.filter(({ pattern }) => matches(pattern, reference.repository)).toSorted((a, b) => b.pattern.length - a.pattern.length)[0]
  return longest?.credential
}

function referenceTo(artifact: { repository: string; tag?: string | null; digest: Artifact['digest'] | null }): Reference {
  const parsed = parseReference(artifact.repository)
  if (parsed instanceof Refusal) throw new Failure(parsed.problem.code, parsed.problem)
  return { ...parsed, tag: artifact.tag ?? null, digest: artifact.digest }
}
