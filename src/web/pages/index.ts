import type { Page } from '../visit.ts'
import { approvals } from './approvals.ts'
import { deployment } from './deployment.ts'
import { overview } from './overview.ts'

/** One line each. */
export const pages: readonly Page[] = [overview, approvals, deployment]
