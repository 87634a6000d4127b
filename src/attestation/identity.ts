import type { Signer } from '@sigstore/verify'
import type { WantedSigner } from '../deploy/provenance.ts'

/** Who signed, from the certificate: null for what it does not say, or says twice. */
export interface Identity {
  /** The subject's URI: `https://github.com/OWNER/NAME/WORKFLOW@REF` of the workflow that signed. */
  readonly subject: string | null
  readonly issuer: string | null
  /** `https://github.com/OWNER/NAME`: where the run was, which is elsewhere for a workflow that is called from another repository. */
  readonly repository: string | null
  readonly repositoryId: string | null
  readonly commit: string | null
  readonly ref: string | null
}

/** Object identifiers below 1.3.6.1.4.1.57264.1 (sigstore/fulcio, docs/oid-info.md). Those below 8 are the deprecated ones. */
const FULCIO = '1.3.6.1.4.1.57264.1'

export function identityOf({ identity }: Signer): Identity {
  const said = (number: number): string | null => {
    const found = (identity?.oids ?? []).filter(({ oid }) => oid?.id.join('.') === `${FULCIO}.${number}`)
    return found.length === 1 && found[0] !== undefined ? utf8String(found[0].value) : null
  }
  return {
    subject: identity?.subjectAlternativeName ?? null,
    issuer: said(8),
    repository: said(12),
    commit: said(13),
    ref: said(14),
    repositoryId: said(15),
  }
}

/** DER's UTF8String (tag 12) and nothing after it; anything else is nothing that was said. */
function utf8String(der: Uint8Array): string | null {
  const [tag, first = 0] = der
  const sizeBytes = first < 0x80 ? 0 : first - 0x80
  const length = sizeBytes === 0 ? first : der.subarray(2, 2 + sizeBytes).reduce((sum, byte) => sum * 256 + byte, 0)
  const text = der.subarray(2 + sizeBytes)
  return tag === 12 && sizeBytes <= 2 && text.length === length ? new TextDecoder().decode(text) : null
}

/** GitHub Actions of github.com; a GitHub Enterprise Cloud with data residency has an issuer of its own. */
const ISSUER = 'https://token.actions.githubusercontent.com'
const SITE = 'https://github.com'

/** The first thing in which the signer is not the one that is wanted, found and wanted; null where it is. Everything is compared exactly. */
export function differenceOf(found: Identity, wanted: WantedSigner, repositoryId: number | null): Difference | null {
  const workflow = `${SITE}/${wanted.repository}/${wanted.workflow}`
  const { issuer, subject, repository, ref } = found
  const pairs: readonly (readonly [string, string | null, string])[] = [
    ['issued by', issuer, ISSUER],
    // A workflow that is called from elsewhere has its own ref in the subject and its caller's beside it: both must be the same.
    ['', subject, `${workflow}@${wanted.ref ?? ref ?? ''}`],
    ['run in', repository, `${SITE}/${wanted.repository}`],
    ['for', ref, wanted.ref ?? subject?.slice(workflow.length + 1) ?? ''],
    ['repository id', found.repositoryId, String(repositoryId ?? found.repositoryId)],
  ]
  const other = pairs.find(([, said, want]) => said === null || said === '' || said !== want)
  if (other === undefined) return null
  const [what, said, want] = other
  const words = (value: string): string => (what === '' ? value : `${what} ${value}`)
  return { found: words(said === null || said === '' ? 'nothing' : said.slice(0, LONGEST)), wanted: what === '' ? signerIn(wanted) : words(want) }
}

export interface Difference {
  readonly found: string
  readonly wanted: string
}

const LONGEST = 300

/** The whole of a wanted signer, as its certificate would say it. */
export const signerIn = ({ repository, workflow, ref }: WantedSigner): string => `${SITE}/${repository}/${workflow}@${ref ?? '(any ref)'}`
