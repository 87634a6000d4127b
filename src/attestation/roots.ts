import { TrustedRoot as RootMessage } from '@sigstore/protobuf-specs'
import { toTrustMaterial, Verifier } from '@sigstore/verify'
import { Refusal } from '../errors.ts'
import { PUBLIC_GOOD } from './public-good.ts'

/** One Sigstore that is trusted: its certificate authorities, logs and timestamp authorities, which vouch for each other only. */
export interface TrustedRoot {
  readonly verifier: Verifier
}

/** Sigstore's public-good instance, which GitHub Actions signs with in public repositories. */
export const publicGoodRoot = (): TrustedRoot => rootOf(PUBLIC_GOOD)

/**
 * The text of a `trusted_root.json`, or several in JSON Lines as `gh attestation trusted-root` prints them. They replace the
 * public-good root that is shipped: private repositories need GitHub's own, which is the second line of that output.
 */
export function readTrustedRoots(text: string): readonly TrustedRoot[] | Refusal {
  try {
    const roots = documentsIn(text).map(rootOf)
    return roots.length > 0 ? roots : unreadable('an empty file')
  } catch (error) {
    return unreadable(error instanceof SyntaxError ? 'no JSON' : error instanceof NoRoot ? error.message : 'keys or certificates that cannot be read')
  }
}

class NoRoot extends Error {}

/** One document may have line ends; of several, each has a line. */
function documentsIn(text: string): unknown[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const isLines = lines.length > 1 && lines.every((line) => line.startsWith('{') && line.trimEnd().endsWith('}'))
  return isLines ? lines.map((line) => JSON.parse(line) as unknown) : lines.length === 0 ? [] : [JSON.parse(text) as unknown]
}

/**
 * What a root has is demanded of every signature under it: a place in its transparency log, a promise of its certificate log. A root
 * without logs (GitHub's own, for private repositories) leaves its timestamp authority, and one time is always demanded.
 */
function rootOf(json: unknown): TrustedRoot {
  const mediaType = typeof json === 'object' && json !== null && 'mediaType' in json ? json.mediaType : undefined
  if (typeof mediaType !== 'string' || !MEDIA_TYPE.test(mediaType)) throw new NoRoot('a document of another kind')
  const root = RootMessage.fromJSON(json)
  if (root.certificateAuthorities.length === 0) throw new NoRoot('a root without certificate authorities')
  const thresholds = { tlogThreshold: root.tlogs.length > 0 ? 1 : 0, ctlogThreshold: root.ctlogs.length > 0 ? 1 : 0, timestampThreshold: 1 }
  return { verifier: new Verifier(toTrustMaterial(root), thresholds) }
}

const MEDIA_TYPE = /^application\/vnd\.dev\.sigstore\.trustedroot(\+json;version=0\.1|\.v0\.[12]\+json)$/

const unreadable = (found: string): Refusal =>
  new Refusal('OPERATOR_FILE_INVALID', {
    sentence: 'The file of trusted roots is no trusted root of Sigstore.',
    found,
    wanted: 'what gh attestation trusted-root prints',
    next: 'Write the output of gh attestation trusted-root into the file.',
  })
