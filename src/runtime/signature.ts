import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { Hmac } from 'node:crypto'
import type { Secret } from '../secret.ts'

/** Checks one body while it arrives. */
export interface SignatureCheck {
  update(chunk: Buffer): void
  /** Whether the header is the body's HMAC with one of the secrets; compared in constant time. Ask once, at the end. */
  matches(): boolean
}

const FORMAT = /^sha256=[0-9a-f]{64}$/

/**
 * For GitHub's `X-Hub-Signature-256` (docs.github.com, "Validating webhook deliveries"). Gives null where the header is
 * missing or is not exactly in GitHub's form: such a body need not be read at all.
 */
export function createSignatures(secrets: readonly Secret[]): (header: string | string[] | undefined) => SignatureCheck | null {
  const keys = secrets.map((secret) => createSecretKey(secret.reveal(), 'utf8'))
  return (header) => {
    if (typeof header !== 'string' || !FORMAT.test(header)) return null
    const hmacs: Hmac[] = keys.map((key) => createHmac('sha256', key))
    return {
      update(chunk) {
        for (const hmac of hmacs) hmac.update(chunk)
      },
      matches() {
        const claimed = Buffer.from(header.slice('sha256='.length), 'hex')
        return hmacs.filter((hmac) => timingSafeEqual(hmac.digest(), claimed)).length > 0
      },
    }
  }
}
