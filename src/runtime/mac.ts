import { createHmac, hash, randomBytes } from 'node:crypto'
import type { Hmac } from '../store/audit.ts'

export const hmac: Hmac = (key, text) => createHmac('sha256', key).update(text).digest('hex')

let key: string | undefined

/** What a secret is remembered by: one-way, and only here. Not by `hmac`, which takes five times as long, and each request asks. */
export const remembered = (text: string): string => hash('sha256', (key ??= randomBytes(32).toString('base64')) + text, 'base64')
