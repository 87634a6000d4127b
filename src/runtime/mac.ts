import { createHmac, hash, randomBytes } from 'node:crypto'
import type { Hmac } from '../store/audit.ts'

export const hmac: Hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex')

const key = randomBytes(32).toString('base64')

/** What a secret is remembered by: one-way, and only here. Not by `hmac`, which takes five times as long, and each request asks. */
export const remembered = (text: string): string => hash('sha256', key + text, 'base64')
