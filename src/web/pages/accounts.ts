import type { Page } from '../visit.ts'
import { audit } from './accounts/audit.ts'
import { connect } from './accounts/connect.ts'
import { credentials } from './accounts/credentials.ts'
import { declarations } from './accounts/declarations.ts'
import { keys } from './accounts/keys.ts'
import { list } from './accounts/list.ts'
import { restore } from './accounts/restore.ts'
import { targets } from './accounts/targets.ts'
import { tokens } from './accounts/tokens.ts'

/** What belongs to an account, for whoever administers it: with the same functions, rights and words as the API has. */
export const accounts: Page = (site, doors) => {
  for (const add of [list, credentials, connect, targets, tokens, audit, keys, restore]) add(site, doors)
  declarations('credential', site, doors)
  declarations('target', site, doors)
}
