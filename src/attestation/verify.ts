import { bundleFromJSON, isBundleWithDsseEnvelope } from '@sigstore/bundle'
import type { Bundle } from '@sigstore/bundle'
import { toSignedEntity, VerificationError } from '@sigstore/verify'
import type { Signer } from '@sigstore/verify'
import type { WantedSigner } from '../deploy/provenance.ts'
import { Refusal } from '../errors.ts'
import { differenceOf, identityOf, signerIn } from './identity.ts'
import type { TrustedRoot } from './roots.ts'
import { commitsIn, isAbout, PROVENANCE, statementIn } from './statement.ts'

/** What one attestation has to say, and who has to say it. */
export interface Demand extends WantedSigner {
  /** `sha256:…`, of the image. */
  readonly digest: string
  /** GitHub's number of the wanted repository, which its name may lose to another; null where nobody here knows it. */
  readonly repositoryId: number | null
}

export interface Proof {
  readonly commit: string
  readonly repository: string
  readonly workflow: string
  readonly ref: string
}

/**
 * Judges one Sigstore bundle (parsed JSON, from wherever): its signature, certificate, time and logs against one of the roots as a
 * whole, then what it says, then who signed. Nothing is asked of the network. Refuses with an ATTESTATION_… code.
 */
export function verifyAttestation(json: unknown, demand: Demand, roots: readonly TrustedRoot[]): Proof | Refusal {
  const bundle = read(json)
  if (bundle === null || !isBundleWithDsseEnvelope(bundle)) return invalid(demand, 'it is no Sigstore bundle with a DSSE envelope')
  const signer = signerOf(bundle, roots)
  if (typeof signer === 'string') return invalid(demand, signer)
  const statement = statementIn(bundle.content.dsseEnvelope)
  if (statement === null) return invalid(demand, 'it is no in-toto statement of version 1')
  if (!isAbout(statement, demand.digest)) return invalid(demand, 'it is about something else')
  if (statement.predicateType !== PROVENANCE) return missing(demand, `a signed statement of the type ${statement.predicateType.slice(0, 100)}`)
  const identity = identityOf(signer)
  const difference = differenceOf(identity, demand, demand.repositoryId)
  if (difference !== null) return other(demand, difference)
  return proofOf(identity.commit, commitsIn(statement, demand.repository, identity.ref ?? ''), demand, identity.ref ?? '')
}

/** The commit has two witnesses: the certificate authority, which had it from GitHub, and the workflow's own statement. */
function proofOf(certified: string | null, stated: readonly string[], demand: Demand, ref: string): Proof | Refusal {
  const { repository, workflow } = demand
  if (certified === null || !COMMIT.test(certified)) return invalid(demand, 'its certificate names no commit')
  if (stated.length === 1 && stated[0] === certified) return { commit: certified, repository, workflow, ref }
  const said = stated.length === 0 ? 'none' : stated.map((commit) => commit.slice(0, 64)).join(' and ')
  return invalid(demand, 'its statement and its certificate name different commits', { found: said, wanted: certified })
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/

function read(json: unknown): Bundle | null {
  try {
    return bundleFromJSON(json)
  } catch {
    return null
  }
}

/** Who signed, under the first root that says so; else why none does, in words. */
function signerOf(bundle: Bundle, roots: readonly TrustedRoot[]): Signer | string {
  if (bundle.verificationMaterial.content.$case === 'publicKey') return 'it is signed with a key, and not with a certificate of a workflow'
  const reasons = roots.map(({ verifier }) => {
    try {
      return verifier.verify(toSignedEntity(bundle))
    } catch (error) {
      // The library reads what strangers wrote: whatever it throws, this is no proof.
      return error instanceof VerificationError ? WHY[error.code] : 'it cannot be read'
    }
  })
  const signer = reasons.find((one) => typeof one !== 'string')
  // A root that did not issue the certificate has nothing to say about the rest.
  return signer ?? reasons.find((reason) => reason !== WHY.CERTIFICATE_ERROR) ?? reasons[0] ?? 'no root is trusted'
}

const UNLOGGED = 'the transparency log does not vouch for it'
const WHY: Readonly<Record<VerificationError['code'], string>> = {
  CERTIFICATE_ERROR: 'no trusted authority vouches for its certificate at the time of signing',
  PUBLIC_KEY_ERROR: 'its key is not trusted',
  SIGNATURE_ERROR: 'its signature does not fit its content',
  TIMESTAMP_ERROR: 'no trusted authority says when it was signed',
  TLOG_ERROR: UNLOGGED,
  TLOG_BODY_ERROR: UNLOGGED,
  TLOG_INCLUSION_PROOF_ERROR: UNLOGGED,
  TLOG_INCLUSION_PROMISE_ERROR: UNLOGGED,
  TLOG_MISSING_INCLUSION_ERROR: UNLOGGED,
  NOT_IMPLEMENTED_ERROR: 'it is of a kind that is not known here',
}

/** `found`: what there is instead. */
export const missing = ({ digest, ...wanted }: WantedSigner & { readonly digest: string }, found: string): Refusal =>
  new Refusal('ATTESTATION_MISSING', {
    sentence: `Nothing signed says from which commit the image ${short(digest)} was built.`,
    found,
    wanted: `SLSA provenance signed by ${signerIn(wanted)}`,
    next: `Let ${wanted.workflow} attest the image that it pushes (actions/attest-build-provenance), and build it again.`,
  })

const invalid = (demand: Demand, why: string, more: { found?: string; wanted?: string } = {}): Refusal =>
  new Refusal('ATTESTATION_INVALID', {
    sentence: `The attestation of the image ${short(demand.digest)} proves nothing: ${why}.`,
    ...more,
    next: `Build and attest the image again with ${demand.workflow} of ${demand.repository}.`,
  })

const other = (demand: Demand, { found, wanted }: { found: string; wanted: string }): Refusal =>
  new Refusal('ATTESTATION_OTHER', {
    sentence: `The image ${short(demand.digest)} has signed provenance, but not of the workflow that this environment wants.`,
    found,
    wanted,
    next: `Deploy an image that ${demand.workflow} of ${demand.repository} built${demand.ref === null ? '' : ` for ${demand.ref}`}.`,
  })

const short = (digest: string): string => digest.slice(0, digest.indexOf(':') + 13)
