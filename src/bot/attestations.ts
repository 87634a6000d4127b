import * as z from 'zod'
import type { Clock } from '../deploy/clock.ts'
import type { Attestations } from '../deploy/provenance.ts'
import { Failure } from '../errors.ts'
import type { GitHub, Where } from './github.ts'
import { within } from './patience.ts'
import { unsnap } from './snappy.ts'

export interface AttestationDoors {
  /**
   * For the address of a bundle, which is in GitHub's answer and carries its own permission: public addresses only, no redirect
   * followed, nothing of ours sent along.
   */
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
}

/** The attestations that GitHub keeps with a repository (`actions/attest-build-provenance` puts them there), one at a time. */
export function createAttestations(github: Pick<GitHub, 'reading'>, doors: AttestationDoors): Attestations {
  return {
    async *bundlesOf(repository, digest, asker) {
      const [owner, repo] = repository.split('/')
      const params = { owner, repo, subject_digest: digest, predicate_type: PROVENANCE, per_page: MOST }
      // 404 for a digest that nothing is known of, as for a repository that the App may not see.
      const ask = (where: Where) => github.reading(where).rest(ROUTE, params, shape, [404])
      const isNeighbour = owner?.toLowerCase() === asker.owner.toLowerCase() && repo?.toLowerCase() !== asker.name.toLowerCase()
      // Where the App is not installed on it, it may still be public.
      const answer = (isNeighbour ? await ask({ installation: asker.installation, id: repo ?? '' }) : null) ?? (await ask(asker))
      for (const { bundle, bundle_url: url } of answer?.attestations.slice(0, MOST) ?? []) {
        // Newer versions of the API give an address only; in older ones the bundle beside it may be null.
        yield url ? await download(url, doors) : modest(bundle)
      }
    },
  }
}

const ROUTE = 'GET /repos/{owner}/{repo}/attestations/{subject_digest}'
const PROVENANCE = 'https://slsa.dev/provenance/v1'
const MOST = 30
const LARGEST = 1024 * 1024 // bytes

const shape = z.object({ attestations: z.array(z.object({ bundle: z.unknown().optional(), bundle_url: z.string().nullish() })) })

const modest = (bundle: unknown = null): unknown => (JSON.stringify(bundle).length > LARGEST ? null : bundle)

/** Compressed, whatever its `content-type` says; plain JSON is understood too. */
async function download(url: string, { fetch, clock }: AttestationDoors): Promise<unknown> {
  if (!url.startsWith('https://')) return null
  const bytes = await within(clock, async (signal) => {
    const response = await fetch(url, { signal, redirect: 'manual', headers: { accept: '*/*' } })
    if (response.status !== 200) throw new Error(`status ${response.status}`)
    return await readAll(response)
  }).catch((error: unknown) => {
    throw unavailable(error)
  })
  const whole = bytes === null || bytes[0] === BRACE ? bytes : unsnap(bytes, LARGEST)
  return whole === null ? null : parse(whole)
}

const BRACE = 0x7b

/** Null where it goes on after the largest size. */
async function readAll(response: Response): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > LARGEST) return null
    chunks.push(chunk)
  }
  return new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer())
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return null
  }
}

/** Nothing of the address is said: it opens the bundle to everybody. */
const unavailable = (cause: unknown): Failure =>
  new Failure(
    'GITHUB_UNAVAILABLE',
    {
      sentence: "GitHub's storage did not give out an attestation.",
      found: cause instanceof Error && /^status \d+$/.test(cause.message) ? cause.message : 'no answer',
      next: 'Ask again in a minute.',
    },
    new Error('the download of an attestation failed'),
  )
