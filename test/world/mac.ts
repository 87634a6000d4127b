import { createHmac } from 'node:crypto'
import type { Mac } from '../../src/store/audit.ts'

/** As the runtime makes it, under a key that everybody knows. */
export const MAC: Mac = (text) => createHmac('sha256', 'a key for tests').update(text).digest('hex')
