/** Attestations, and the storage that their bundles lie in: https://docs.github.com/rest/repos/attestations */
import { newId } from './state.ts'
import type { Repository, State } from './state.ts'

export function attest(state: State, repository: Repository, digest: string, bundle: unknown): void {
  const made = { id: newId(state), predicateType: predicateTypeOf(bundle), bundle }
  repository.attestations.set(digest, [...(repository.attestations.get(digest) ?? []), made])
}

/** GitHub reads the statement to sort by, and believes it. */
function predicateTypeOf(bundle: unknown): string {
  try {
    const { payload } = (bundle as { dsseEnvelope: { payload: string } }).dsseEnvelope
    return (JSON.parse(Buffer.from(payload, 'base64').toString()) as { predicateType: string }).predicateType
  } catch {
    return 'https://slsa.dev/provenance/v1'
  }
}

export const addressOf = (id: number): string => `https://${STORAGE}/attestations/${id}.json.sn?sig=${id * 7919}`

/** What the storage answers to a signed address. */
export function stored(state: State, url: string): Response {
  const all = [...state.repositories.values()].flatMap(({ attestations }) => [...attestations.values()].flat())
  const found = all.find(({ id }) => addressOf(id) === url)
  if (found === undefined) return new Response('<Error><Code>AuthenticationFailed</Code></Error>', { status: 403 })
  const text = typeof found.bundle === 'string' ? found.bundle : JSON.stringify(found.bundle)
  return new Response(snap(Buffer.from(text)), { headers: { 'content-type': 'application/x-snappy' } })
}

const STORAGE = 'storage.github.example'

/** Snappy's block format without a single copy, which is legal. */
function snap(bytes: Uint8Array): Buffer<ArrayBuffer> {
  const length: number[] = []
  let left = bytes.length
  for (; left >= 0x80; left = Math.floor(left / 0x80)) length.push((left % 0x80) + 0x80)
  const parts: Uint8Array[] = [Uint8Array.from([...length, left])]
  for (let at = 0; at < bytes.length; at += 0x10000) {
    const piece = bytes.subarray(at, at + 0x10000)
    parts.push(Uint8Array.from([61 << 2, (piece.length - 1) & 0xff, (piece.length - 1) >> 8]), piece)
  }
  return Buffer.concat(parts)
}
