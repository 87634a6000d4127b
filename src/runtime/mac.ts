import { createHmac } from 'node:crypto'
import type { Hmac } from '../store/audit.ts'

export const hmac: Hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex')
