import { createHmac } from 'node:crypto'
import { macUnder, type Hmac } from '../../src/store/audit.ts'

export const HMAC: Hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex')

/** Under a key that everybody knows. */
export const MAC = macUnder(HMAC, new TextEncoder().encode('a key for tests'))
