/** AWS's request signature, for requests that are one POST to a service's origin: no path, no query. */

export interface AwsKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Empty where the keys are no temporary ones. */
  readonly sessionToken: string
}

/** Whom a signature is for. */
export interface SigningScope {
  readonly region: string
  readonly service: string
}

interface Unsigned {
  readonly url: URL
  /** Names in lower case; all of them are signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The headers to send, with the signature ("Create a signed AWS API request", IAM User Guide). `host` is signed and left out, because
 * `fetch` sets it. `now`: milliseconds since 1970.
 */
export async function signPost({ url, headers, body }: Unsigned, keys: AwsKeys, scope: SigningScope, now: number): Promise<Record<string, string>> {
  const time = new Date(now).toISOString().replaceAll(/[:-]|\.\d+/g, '') // 20150830T123600Z
  const sent = { ...headers, 'x-amz-date': time, ...(keys.sessionToken !== '' && { 'x-amz-security-token': keys.sessionToken }) }
  const signed = Object.entries({ ...sent, host: url.host }).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const lines = signed.map(([name, value]) => `${name}:${value.trim()}\n`).join('')
  const request = ['POST', url.pathname, url.search.slice(1), lines, names, await sha256(body)].join('\n')
  const day = [time.slice(0, 8), scope.region, scope.service, 'aws4_request']
  const text = ['AWS4-HMAC-SHA256', time, day.join('/'), await sha256(request)].join('\n')
  const signature = hex(await hmac(await signingKey(keys.secretAccessKey, day), text))
  const credential = `${keys.accessKeyId}/${day.join('/')}`
  return { ...sent, authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signature}` }
}

/** One HMAC after the other: day, region, service, `aws4_request`. */
async function signingKey(secret: string, day: readonly string[]): Promise<Bytes> {
  let key = bytesOf(`AWS4${secret}`)
  for (const part of day) key = await hmac(key, part)
  return key
}

type Bytes = Uint8Array<ArrayBuffer>

async function hmac(key: Bytes, text: string): Promise<Bytes> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, bytesOf(text)))
}

const sha256 = async (text: string): Promise<string> => hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytesOf(text))))
const bytesOf = (text: string): Bytes => new TextEncoder().encode(text)
const hex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
