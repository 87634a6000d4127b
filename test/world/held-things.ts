import { createHash } from 'node:crypto'
import { clientUnderTest } from './registry-client.ts'

export const OCI_IMAGE = 'application/vnd.oci.image.manifest.v1+json'

/** A registry in memory that holds whatever is put there, by digest; its tag 1.2 is the last of them. It asks for no credential, and says `headers` with everything. */
export function holding(headers: Readonly<Record<string, string>> = {}) {
  const things = new Map<string, Uint8Array<ArrayBuffer>>()
  const put = (thing: object | Uint8Array<ArrayBuffer>, algorithm = 'sha256') => {
    const bytes = thing instanceof Uint8Array ? thing : new TextEncoder().encode(JSON.stringify(thing))
    const own = `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`
    things.set(own, bytes).set('1.2', bytes)
    return { mediaType: OCI_IMAGE, digest: own, size: bytes.length }
  }
  const answer: typeof fetch = async (input) => new Response(things.get(new URL(input as string).pathname.replace(/^.*\//, '')), { headers })
  return { put, ...clientUnderTest({}, { fetch: answer }) }
}
