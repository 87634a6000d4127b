import { createPrivateKey } from 'node:crypto'

const FEWEST_BITS = 2048

/** GitHub hands out PKCS#1; `workerd` and WebCrypto take PKCS#8 only. Null where the text is no RSA private key of at least 2048 bits. */
export function toPkcs8(pem: string): string | null {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < FEWEST_BITS) return null
    return key.export({ type: 'pkcs8', format: 'pem' }) as string
  } catch {
    return null
  }
}
