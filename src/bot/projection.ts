import type { AuditHead } from '../deploy/audit.ts'
import { actorName, hasEnded, type Deployment, type State } from '../deploy/deployment.ts'
import type { Surface } from '../deploy/journal.ts'
import { canonical, sha256, type Plan } from '../deploy/plan.ts'
import type { Json } from '../deploy/target.ts'
import { offersFor, type Offer } from '../deploy/offers.ts'
import { checkTitle, deploymentComment, logBlock, report, pageOf, statusDescription, type Links } from './comments.ts'
import { plainAddress } from './markdown.ts'

/** What GitHub should show of one deployment or answer: a pure function of the record, told apart by hashes. */
export interface Projection {
  /** Nothing more will follow it. */
  readonly isFinal: boolean
  readonly surfaces: ReadonlyMap<Surface, Shown>
}

/** GraphQL input without the ids, which only the ledger knows. */
export interface Shown {
  readonly input: { readonly [key: string]: Json }
  readonly hash: string
}

/** The body of `POST /repos/{owner}/{repo}/deployments`. */
export interface NewDeployment {
  readonly ref: string
  readonly task: 'deploy'
  readonly auto_merge: false
  readonly required_contexts: readonly string[]
  readonly environment: string
  readonly description: string
  readonly production_environment: boolean
  readonly transient_environment: boolean
  readonly payload: { readonly gantry: { readonly id: string; readonly key: string; readonly instance: string; readonly audit: AuditHead } }
}

/**
 * Nothing is shown while the gates have not decided: nobody knows yet whether this is a stranger. A refusal that came before
 * there was a plan is a comment alone, and a check run on what was pushed where nobody asked; a stranger's shows on no surface. `former`:
 * what ran before a rollback.
 */
export async function project(deployment: Deployment, links: Links, former: Plan | null = null): Promise<Projection> {
  const isFinal = hasEnded(deployment.state)
  const surfaces = new Map<Surface, Shown>()
  if (deployment.isQuiet || (deployment.plan === null && !isFinal)) return { isFinal, surfaces }
  if (deployment.request.subject !== null) surfaces.set('comment', await shown({ body: deploymentComment(deployment, links, former) }))
  if (commitOf(deployment) !== null) surfaces.set('check', await shown(checkInput(deployment, links, former)))
  if (deployment.plan !== null) surfaces.set('deployment', await shown(statusInput(deployment, links)))
  return { isFinal, surfaces }
}

/** The commit that the check run stands on; null where there is none. */
export const commitOf = ({ plan, request }: Deployment): string | null => plan?.commit ?? (request.subject === null ? request.headSeen : null)

export const projectAnswer = async (body: string): Promise<Projection> => ({ isFinal: true, surfaces: new Map([['comment', await shown({ body })]]) })

/**
 * On a pull request's head, once for all: an update would add its annotations to those that stand, so whatever the words are by
 * then, what has been said is not said again.
 */
export async function projectCheck(key: string, input: Shown['input']): Promise<Projection> {
  return { isFinal: true, surfaces: new Map([['check', { input, hash: await sha256(key) }]]) }
}

export function newDeployment({ id, plan, request }: Deployment, instance: string, audit: AuditHead): NewDeployment {
  if (plan === null) throw new Error('a deployment is recorded once it is planned')
  return {
    ref: plan.commit,
    task: 'deploy',
    // GitHub's defaults would merge the default branch into it, and wait for every check, our own among them.
    auto_merge: false,
    required_contexts: [],
    environment: plan.environment,
    description: `Asked by ${request.actor.program === undefined ? request.actor.login : actorName(request.actor)}`.slice(0, 140),
    production_environment: plan.environment === 'production',
    transient_environment: false,
    payload: { gantry: { id, key: request.key, instance, audit } },
  }
}

const shown = async (input: Shown['input']): Promise<Shown> => ({ input, hash: await sha256(canonical(input)) })

const CONCLUSIONS: Partial<Record<State, string>> = {
  success: 'SUCCESS',
  failure: 'FAILURE',
  refused: 'FAILURE',
  superseded: 'SKIPPED',
  cancelled: 'CANCELLED',
  unknown: 'ACTION_REQUIRED',
}

/** GitHub takes 20 characters of a label, 40 of a description and 20 of an identifier. */
const ACTIONS: Record<Offer, { readonly label: string; readonly description: string; readonly identifier: Offer }> = {
  cancel: { label: 'Cancel', description: 'Stops it before the image is in place', identifier: 'cancel' },
  retry: { label: 'Retry', description: 'Runs the same plan once more', identifier: 'retry' },
  deploy: { label: 'Deploy', description: 'Asks for the same once more', identifier: 'deploy' },
  rollback: { label: 'Roll back', description: 'Brings back what was healthy before', identifier: 'rollback' },
}

/** Its page; where people cannot reach one, the comment that asked. */
function addressOf<Key extends string>(key: Key, { id, request }: Deployment, { pages }: Links): { readonly [K in Key]?: string } {
  const address = pages === null ? (request.comment?.url ?? null) : pageOf(id, pages)
  return (address === null ? {} : { [key]: address }) as { readonly [K in Key]?: string }
}

function checkInput(deployment: Deployment, links: Links, former: Plan | null): Shown['input'] {
  const { id, plan, state, request, createdAt, endedAt } = deployment
  const conclusion = CONCLUSIONS[state]
  const log = logBlock(deployment)
  return {
    name: `deploy ${plan?.environment ?? request.asks.environment ?? ''}`.slice(0, 100),
    externalId: id,
    ...addressOf('detailsUrl', deployment, links),
    startedAt: new Date(createdAt).toISOString(),
    ...(conclusion === undefined
      ? { status: state === 'queued' || state === 'waiting' ? 'QUEUED' : 'IN_PROGRESS' }
      : { status: 'COMPLETED', conclusion, completedAt: new Date(endedAt ?? createdAt).toISOString() }),
    // Others' rows would have to be looked at to know whether it is the newest: a button that is out of date says so when it is pressed.
    actions: offersFor(deployment, true).map((offer) => ACTIONS[offer]),
    output: { title: checkTitle(deployment), summary: report(deployment, links, 'names', former), ...(log !== '' && { text: log }) },
  }
}

const STATUSES: Partial<Record<State, string>> = {
  waiting: 'PENDING',
  queued: 'QUEUED',
  success: 'SUCCESS',
  failure: 'FAILURE',
  refused: 'ERROR',
  superseded: 'INACTIVE',
  cancelled: 'INACTIVE',
  unknown: 'ERROR',
}

/** Few states and a text that stays: every status is an object that counts against GitHub's limit on created content. */
function statusInput(deployment: Deployment, links: Links): Shown['input'] {
  const { state, plan } = deployment
  const environmentUrl = plan?.url == null || state !== 'success' ? null : plainAddress(plan.url)
  return {
    state: STATUSES[state] ?? 'IN_PROGRESS',
    description: statusDescription(deployment),
    ...addressOf('logUrl', deployment, links),
    ...(environmentUrl !== null && { environmentUrl }),
  }
}
