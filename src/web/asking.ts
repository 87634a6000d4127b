import '@hono/zod-openapi'
import * as z from 'zod'
import type { Context } from 'hono'
import { NOTHING_ASKED, type Asks, type Deployment, type DeployRequest, type Door, type Repository, type Subject } from '../deploy/deployment.ts'
import { homeOf } from '../deploy/limits.ts'
import { canonical, sha256 } from '../deploy/plan.ts'
import { quoted } from '../deploy/wording.ts'
import type { Caller } from './caller.ts'
import type { ApiDoors, Asking, Env } from './endpoint.ts'
import { pacedBy } from './pace.ts'
import { refusedWith, RequestRefused } from './problems.ts'

/** What a call of the API becomes for the engine. */

/** One that the App is installed on and that the caller may see: any other is as if it were not there. */
export async function repositoryFor(name: string, caller: Caller, { callers }: Asking): Promise<Repository> {
  const [owner = '', repo = ''] = name.split('/')
  const found = await callers.repository(caller, owner, repo)
  if (found !== null && (await caller.sees(found))) return found
  throw repositoryUnknown(name)
}

export const repositoryUnknown = (name: string): RequestRefused =>
  new RequestRefused('REPOSITORY_UNKNOWN', {
    sentence: `There is no repository ${quoted(name)} here.`,
    found: name,
    wanted: 'a repository that you may see and that has this GitHub App',
    next: 'Check the name, and that the App is installed on the repository.',
  })

/** The same for one of this account alone. */
export async function ownRepository(name: string, account: number, caller: Caller, doors: Asking): Promise<Repository> {
  const found = await repositoryFor(name, caller, doors)
  if (found.account !== account) throw repositoryUnknown(name)
  return found
}

/** The same for one in which something is to be done; throws TOO_MANY_REQUESTS, too. */
export async function repositoryToChange(name: string, caller: Caller, doors: Asking): Promise<Repository> {
  const found = await repositoryFor(name, caller, doors)
  await paceChange(found, caller, doors)
  return found
}

/** Throws TOO_MANY_REQUESTS where more is asked for there than fits. */
export async function paceChange(repository: Repository, caller: Caller, { limits }: ApiDoors): Promise<void> {
  await pacedBy(homeOf(repository, (await caller.isStranger?.(repository)) ?? false), limits)
}

/** The deployment of this id, where the caller may see its repository. */
export async function deploymentFor(id: string, caller: Caller, { service }: Asking): Promise<Deployment> {
  const found = service.find(id)
  if (found !== null && (await caller.sees(found.request.repository))) return found
  throw deploymentUnknown(id)
}

export const deploymentUnknown = (id: string): RequestRefused =>
  new RequestRefused('DEPLOYMENT_UNKNOWN', {
    sentence: `There is no deployment ${quoted(id)} here.`,
    found: id,
    wanted: 'the id of a deployment in a repository that you may see',
    next: 'Ask with the id that POST /deploy answered, or that stands at the end of the comment.',
  })

export interface Said {
  readonly caller: Caller
  readonly repository: Repository
  readonly key: string
  readonly subject?: Subject | null
  readonly asks?: Asks
  /** The commit that a workflow runs for, where that is what it wants. */
  readonly headSeen?: string | null
  readonly door?: Extract<Door, 'api' | 'page'>
}

export function requestOf(
  { caller, repository, key, subject = null, asks = NOTHING_ASKED, headSeen = null, door = 'api' }: Said,
  { clock }: ApiDoors,
): DeployRequest {
  const now = clock.now()
  return {
    ...{ key, door, repository, subject, comment: null, headSeen, asks, askedAt: now, receivedAt: now },
    actor: caller.actor,
  }
}

const FULL_FOR = 60_000

/** Writes it down and starts it. Throws QUEUE_FULL where it would be refused for that at once; the same request again is the same deployment, though. */
export function begin(request: DeployRequest, { service }: Pick<ApiDoors, 'service'>): Deployment {
  const full = service.full(request)
  if (full !== null) throw refusedWith({ ...full, retryAfter: FULL_FOR })
  return service.deploy(request)
}

/** Of an answer that leads to a deployment. */
export const location = z.object({
  location: z.string().openapi({ example: '/deploy/status/sb-580736f2cad4d3c0f2ae50d70d07474324724622', description: 'Where its state is read.' }),
})

/** What says it is checked by `keyOf`, which answers with a sentence of its own. */
export const idempotencyKey = z.object({
  'idempotency-key': z.string().optional().openapi({
    description: '1 to 255 visible ASCII characters. What is asked with the same key and body happens once, for good.',
  }),
})

/** A workflow's keys are its file's, on its ref: whoever may push another branch runs another one there. */
const ownOf = ({ actor: { program } }: Caller): readonly string[] => (program?.kind === 'workflow' ? [program.file, program.ref] : [])

const CHOSEN = /^[\x21-\x7e]{1,255}$/

/**
 * What the request is known by: the same `Idempotency-Key` of the same caller in the same repository, for the same `purpose`, is the
 * same request, for good. Without one every call is another.
 */
export async function keyOf(
  c: Context<Env>,
  caller: Caller,
  repository: Repository,
  purpose: string,
  { random }: ApiDoors,
): Promise<{ key: string; isChosen: boolean }> {
  const chosen = c.req.header('idempotency-key')
  if (chosen === undefined) return { key: `a:${repository.id}:${caller.key}:${random()}`, isChosen: false }
  if (!CHOSEN.test(chosen)) {
    throw new RequestRefused('REQUEST_MALFORMED', {
      sentence: 'The header Idempotency-Key cannot be read.',
      found: `${chosen.length} characters`,
      wanted: '1 to 255 visible ASCII characters',
      next: 'Send a random one, such as a UUID.',
    })
  }
  return { key: `a:${repository.id}:${caller.key}:k${await sha256([purpose, chosen, ...ownOf(caller)].join(' '))}`, isChosen: true }
}

/** Of a form: sent twice, it is one request. `nonce`: what the page has put into it; without one every sending is another. */
export async function formKey(caller: Caller, repository: Repository, purpose: string, nonce: string | null, { random }: ApiDoors): Promise<string> {
  return `w:${repository.id}:${caller.key}:${nonce === null ? random() : await sha256(`${purpose} ${nonce}`)}`
}

/** What is masked on its way to the disk is compared as it stands there. */
export const isSame = (one: DeployRequest, other: DeployRequest): boolean => meaning(one) === meaning(other)
const meaning = ({ asks, subject, headSeen }: DeployRequest): string =>
  canonical({
    ...asks,
    headSeen,
    origin: asks.origin === null ? null : { ...asks.origin },
    override: asks.override !== null,
    subject: subject?.number ?? null,
  })

export const reused = (): RequestRefused =>
  new RequestRefused('IDEMPOTENCY_KEY_REUSED', {
    sentence: 'This Idempotency-Key has been used for another request.',
    wanted: 'the same body as then, or another key',
    next: 'Send a new key with a new request.',
  })
