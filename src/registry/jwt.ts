/** RS256 tokens that a key of ours signs (RFC 7515), for exchanges that take one. */

/** A private key as it stands in PEM, PKCS#8: null where it is none. */
export async function readRsaKey(pem: string): Promise<CryptoKey | null> {
  const base64 = /^-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----$/.exec(pem.trim())?.[1]
  try {
    const der = Uint8Array.from(atob(base64?.replaceAll(/\s+/g, '') ?? '?'), (char) => char.charCodeAt(0))
    return await crypto.subtle.importKey('pkcs8', der, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, false, ['sign'])
  } catch {
    return null // whatever WebCrypto says of a key may say something of the key
  }
}

export async function signJwt(
  header: Readonly<Record<string, string>>,
  claims: Readonly<Record<string, string | number>>,
  key: CryptoKey,
): Promise<string> {
  const text = `${encode({ ...header, alg: 'RS256', typ: 'JWT' })}.${encode(claims)}`
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key, new TextEncoder().encode(text))
  return `${text}.${base64url(new Uint8Array(signature))}`
}

const encode = (value: object): string => base64url(new TextEncoder().encode(JSON.stringify(value)))

const base64url = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
