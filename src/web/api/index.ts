import { accountBackup } from './account-backup.ts'
import { audit } from './audit.ts'
import { declarations } from './declarations.ts'
import { deploy } from './deploy.ts'
import { events } from './events.ts'
import { list } from './list.ts'
import { logs } from './logs.ts'
import { status } from './status.ts'
import { tokens } from './tokens.ts'
import { validate } from './validate.ts'
import { wishes } from './wishes.ts'

/** In this order they stand in the documentation. */
export const endpoints = [deploy, validate, status, events, logs, wishes, list, declarations, tokens, audit, accountBackup]
