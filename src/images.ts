import type { DeclaredCredential } from './config/operator-file.ts'
import { matches } from './deploy/environment.ts'
import type { Images, PreflightReport, PreflightRowName, TargetAccess } from './deploy/images.ts'
import type { Artifact } from './deploy/target.ts'
import { Failure, Refusal } from './errors.ts'
import type { Asking, RegistryClient } from './registry/client.ts'
import { anonymous } from './registry/credential.ts'
import type { Doors } from './registry/doors.ts'
import { explain, preflight } from './registry/preflight.ts'
import type { PreflightAsking } from './registry/preflight.ts'
import { parseReference } from './registry/reference.ts'
import type { Reference } from './registry/reference.ts'
import type { CredentialSource } from './registry/source.ts'

/** A declared credential, and where its value comes from. */
export interface NamedSource extends Pick<DeclaredCredential, 'name' | 'registry' | 'repositories' | 'family'> {
  readonly source: CredentialSource
}

/** How long a target's own pull may take (registry.md, R32): a credential that it is handed must outlive that. */
const PULL_WITHIN = 10 * 60_000

/** The registry client as the engine's `Images`, with the account's credentials. */
export function createImages(client: RegistryClient, doors: Doors, credentials: readonly NamedSource[]): Images {
  function asking(reference: Reference, access: TargetAccess): PreflightAsking {
    const chosen = access.pulls === 'credential' ? choose(reference, access, credentials) : undefined
    const fitting = credentials.filter((one) => one.registry === reference.registry && one !== chosen)
    const others = access.pulls === 'credential' ? new Map(fitting.map(({ name, source }) => [name, source])) : undefined
    return {
      credential: chosen?.source ?? anonymous,
      family: chosen?.family ?? fitting[0]?.family ?? null,
      as: chosen === undefined ? 'anonymous' : `credential ${chosen.name}`,
      platform: access.platform,
      pullWithin: PULL_WITHIN,
      onlyFrom: access.onlyFrom(reference.registry),
      ...(others && { others }),
    }
  }

  async function report(reference: Reference, access: TargetAccess, more: Partial<Asking>): Promise<PreflightReport> {
    const asked = { ...asking(reference, access), ...more }
    const { image, rows, isPullable, digest } = await preflight(client, doors, reference, asked)
    return { image, rows, isPullable, digest, as: asked.as, isProved: access.pulls !== 'ambient' }
  }

  return {
    async resolve(artifact, access, correlation) {
      const reference = referenceTo(artifact)
      const asked = { ...asking(reference, access), correlation }
      try {
        // Labels and platform are looked at once the digest is fixed.
        const { digest } = await client.resolve(reference, { ...asked, platform: null })
        return { digest, as: asked.as }
      } catch (error) {
        throw error instanceof Failure ? await explain(client, error, reference, asked) : error
      }
    },
    async verify(artifact, access, correlation) {
      const { rows, as, isProved } = await report(referenceTo(artifact), access, { correlation })
      const failed = rows.find(({ outcome }) => outcome === 'failed')?.problem
      if (failed) throw new Failure(failed.code, failed)
      const note = (name: PreflightRowName) => rows.find((row) => row.name === name)?.note ?? ''
      const warning = rows.find(({ outcome }) => outcome === 'warned')
      const proof = isProved ? `as ${as}` : 'by anybody; what the target itself may pull is not proved'
      return { note: [note('platform'), note('size'), proof, ...(warning ? [`warning: ${warning.note}`] : [])].join(', ') }
    },
    preflight: (artifact, access) => report(referenceTo(artifact), access, {}),
    async layers(artifact, access, correlation) {
      const asked = { ...asking(referenceTo(artifact), access), correlation }
      return { layers: await client.layers(artifact.repository, artifact.digest, asked) }
    },
    async credential(artifact, access) {
      const reference = referenceTo(artifact)
      const { credential } = await client.lend(reference, asking(reference, access), PULL_WITHIN)
      if (credential.kind === 'anonymous') return null
      const username = credential.kind === 'basic' ? credential.username : null
      return { registry: reference.registry, username, password: credential.kind === 'basic' ? credential.password : credential.token }
    },
  }
}

/** The one that the target names; else the one with the longest pattern that fits the image. */
function choose(reference: Reference, access: TargetAccess, credentials: readonly NamedSource[]): NamedSource | undefined {
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
