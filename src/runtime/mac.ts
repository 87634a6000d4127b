import { createHmac } from 'node:crypto'
import type { Mac } from '../store/audit.ts'

/** HMAC-SHA-256 (RFC 2104), as hex. */
export const macUnder =
  (key: Uint8Array): Mac =>
  (text) =>
    createHmac('sha256', key).update(text).digest('hex')
