import { createHmac } from 'node:crypto'
import { UNKEYED, type Mac } from '../store/audit.ts'

/** HMAC-SHA-256 (RFC 2104), as hex. */
export const macUnder =
  (key: Uint8Array): Mac =>
  (text) =>
    createHmac('sha256', key).update(text).digest('hex')

/** Where there is no key: an honest mistake is noticed, somebody who forges is not. */
export const macWithout: Mac = (text) => `${UNKEYED}${macUnder(new Uint8Array())(text)}`
