import type { Page } from '../visit.ts'
import { accounts } from './accounts.ts'
import { approvals } from './approvals.ts'
import { confirm } from './confirm.ts'
import { deployment } from './deployment.ts'
import { history } from './history.ts'
import { overview } from './overview.ts'
import { repository } from './repository.ts'

/** One line each. */
export const pages: readonly Page[] = [overview, approvals, deployment, repository, confirm, history, accounts]
