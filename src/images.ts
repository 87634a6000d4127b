import type { DeclaredCredential } from './config/operator.ts'
import { OPERATOR } from './deploy/declaration.ts'
import { isAdmitted, matches } from './deploy/environment.ts'
import type { Images, PreflightReport, PreflightRowName, TargetAccess } from './deploy/images.ts'
import type { Artifact } from './deploy/target.ts'
import { Failure, problem, Refusal, type Problem } from './errors.ts'
import type { Asking, RegistryClient } from './registry/client.ts'
import { anonymous } from './registry/credential.ts'
import type { Doors } from './registry/doors.ts'
import { explain, preflight } from './registry/preflight.ts'
import type { PreflightAsking } from './registry/preflight.ts'
import { parseReference } from './registry/reference.ts'
import type { Reference } from './registry/reference.ts'
import type { CredentialSource } from './registry/source.ts'

/** A declared credential, and where its value comes from. */
export interface NamedSource extends Pick<
  DeclaredCredential,
  'account' | 'name' | 'isConfined' | 'isOwn' | 'registry' | 'repositories' | 'family' | 'users' | 'expires'
> {
  readonly source: CredentialSource
}

/** A client and its doors. */
interface Client {
  readonly client: RegistryClient
  readonly doors: Doors
}

/** `confined`: for what accounts declare by themselves; reaches no private address, and trusts nobody that the operator trusts. */
export interface Clients {
  readonly open: Client
  readonly confined: Client
}

/** How long a target's own pull may take (registry.md, R32): a credential that it is handed must outlive that. */
export const PULL_WITHIN = 10 * 60_000

interface Meant extends PreflightAsking, Client {
  /** Why there is no credential, where one was put there that this target is not handed. */
  readonly withheld: Problem | null
}

/** The registry clients as the engine's `Images`. `credentials`: those of now, which may be others the next time. */
export function createImages({ open, confined }: Clients, credentials: { values(): Iterable<NamedSource> }): Images {
  function asking(reference: Reference, access: TargetAccess): Meant {
    const fitting = access.pulls === 'credential' ? fittingOf(reference, access, [...credentials.values()]) : []
    const lent = fitting.filter((one) => isLent(one, access))
    const chosen = choose(lent, access)
    // Only those that may be used for this image: what its owner keeps for other repositories is nobody's business here.
    const others = lent.filter((one) => one !== chosen)
    const withheld = chosen === undefined ? choose(fitting, access) : undefined
    return {
      ...((access.isConfined ?? false) || chosen?.isConfined === true ? confined : open),
      credential: chosen?.source ?? anonymous,
      tenant: tenantOf(chosen),
      family: chosen?.family ?? null,
      withheld: withheld === undefined ? null : notLent(withheld.name),
      as: chosen === undefined ? 'anonymous' : `credential ${chosen.name}`,
      platform: access.platform,
      pullWithin: PULL_WITHIN,
      onlyFrom: access.onlyFrom(reference.registry),
      others: new Map(others.map(({ name, source, family }) => [name, { credential: source, family }])),
    }
  }

  async function report(reference: Reference, access: TargetAccess, more: Partial<Asking>): Promise<PreflightReport> {
    const asked = { ...asking(reference, access), ...more }
    const { image, rows: found, isPullable, digest, labels } = await preflight(asked.client, asked.doors, reference, asked)
    const rows = found.map((row) => (isMissing(row.problem) && asked.withheld !== null ? { ...row, problem: asked.withheld } : row))
    const revision = labels['org.opencontainers.image.revision'] ?? null
    return { image, rows, isPullable, digest, revision, as: asked.as, isProved: access.pulls !== 'ambient' }
  }

  return {
    async resolve(artifact, access, correlation) {
      const reference = referenceTo(artifact)
      const asked = { ...asking(reference, access), correlation }
      try {
        // Labels and platform are looked at once the digest is fixed.
        const { digest } = await asked.client.resolve(reference, { ...asked, platform: null })
        return { digest, as: asked.as }
      } catch (error) {
        if (!(error instanceof Failure)) throw error
        if (isMissing(error.problem) && asked.withheld !== null) throw new Failure(error.problem.code, asked.withheld, error)
        throw await explain(asked.client, asked.doors, error, reference, asked)
      }
    },
    async verify(artifact, access, correlation) {
      const { rows, as, isProved, revision } = await report(referenceTo(artifact), access, { correlation })
      const failed = rows.find(({ outcome }) => outcome === 'failed')?.problem
      if (failed) throw new Failure(failed.code, failed)
      const note = (name: PreflightRowName) => rows.find((row) => row.name === name)?.note ?? ''
      const warning = rows.find(({ outcome }) => outcome === 'warned')
      const proof = isProved ? `as ${as}` : 'by anybody; what the target itself may pull is not proved'
      return { note: [note('platform'), note('size'), proof, ...(warning ? [`warning: ${warning.note}`] : [])].join(', '), revision }
    },
    preflight: (artifact, access) => report(referenceTo(artifact), access, {}),
    async layers(artifact, access, correlation) {
      const asked = { ...asking(referenceTo(artifact), access), correlation }
      return { layers: await asked.client.layers(artifact.repository, artifact.digest, asked) }
    },
    async credential(artifact, access) {
      const reference = referenceTo(artifact)
      const asked = asking(reference, access)
      const { credential } = await asked.client.lend(reference, asked, PULL_WITHIN)
      if (credential.kind === 'anonymous') return null
      const username = credential.kind === 'basic' ? credential.username : null
      return { registry: reference.registry, username, password: credential.kind === 'basic' ? credential.password : credential.token }
    },
  }
}

/** Of those that may be used for the image, the one that the target names; else the one with the most exact pattern. */
const choose = (fitting: readonly NamedSource[], access: TargetAccess): NamedSource | undefined =>
  fitting.find(({ account, name }) => access.credential === null || (name === access.credential && account === access.account))

/**
 * Whoever declares where images run has the passwords sent there that they are pulled with, so a target of the account's own is handed nothing that the
 * operator has put there for it. One of the operator's that a backup has brought back may be older than what was put there since.
 */
const isLent = (one: NamedSource, { isOwn = false, isConfined = false }: TargetAccess): boolean => (isOwn ? one.isOwn : one.isConfined || !isConfined)

/** `name`: of a credential of the operator's that a target of the account's would be handed. */
export const notLent = (name: string): Problem =>
  problem('CREDENTIAL_MISSING', {
    sentence: `The credential ${name} is not handed to a target that the account’s administrators have declared or brought back.`,
    found: 'a credential that was put there by whoever runs Gantry, or may have been',
    wanted: 'one of the account’s own',
    next: 'Declare one of the account’s own for this target, or ask whoever runs Gantry to declare the target.',
  })

const isMissing = (problem: Problem | null): boolean => problem?.code === 'CREDENTIAL_MISSING'

/** Tokens are the account's whose credential they were made with. */
const tenantOf = (chosen: NamedSource | undefined): string => (chosen === undefined || chosen.account === OPERATOR ? '' : String(chosen.account))

/**
 * Those whose registry and patterns allow this image and that are kept for whoever asks, the most exact pattern first. A target is
 * handed credentials of its own account alone, or its administrators could learn others; the operator's also those of whoever deploys.
 */
function fittingOf(reference: Reference, { account, user }: TargetAccess, credentials: readonly NamedSource[]): readonly NamedSource[] {
  const isOfOne = (one: NamedSource): boolean => one.account === account || (account === OPERATOR && one.account === user.account)
  const fitting = credentials.filter((one) => isOfOne(one) && isFor(one, reference) && isKeptFor(one, user))
  const exactness = ({ repositories }: NamedSource) =>
    Math.max(...repositories.filter((pattern) => matches(pattern, reference.repository)).map((pattern) => pattern.replaceAll('*', '').length))
  return fitting.toSorted((a, b) => exactness(b) - exactness(a) || Number(b.account !== OPERATOR) - Number(a.account !== OPERATOR))
}

/** Whether its owner lets a credential be shown for this image. */
export const isFor = ({ registry, repositories }: Pick<DeclaredCredential, 'registry' | 'repositories'>, reference: Reference): boolean =>
  registry === reference.registry && repositories.some((pattern) => matches(pattern, reference.repository))

const isKeptFor = ({ users }: Pick<DeclaredCredential, 'users'>, user: TargetAccess['user']): boolean =>
  users === null || users.some((one) => isAdmitted(one, user) && one.environments.some((pattern) => matches(pattern, user.environment)))

function referenceTo(artifact: { repository: string; tag?: string | null; digest: Artifact['digest'] | null }): Reference {
  const parsed = parseReference(artifact.repository)
  if (parsed instanceof Refusal) throw new Failure(parsed.problem.code, parsed.problem)
  return { ...parsed, tag: artifact.tag ?? null, digest: artifact.digest }
}
