import * as z from 'zod'
import type { SpentTokens } from '../../deploy/journal.ts'
import type { Caller, Proof } from '../caller.ts'
import { RequestRefused, unauthenticated } from '../problems.ts'
import { createVerifier, TOLERANCE, type Issuer, type IssuerDoors } from './issuer.ts'

interface SpendingDoors extends IssuerDoors {
  readonly spent: SpentTokens
}

/**
 * A job of GitHub Actions, by the token that GitHub signs for it (docs.github.com: "OpenID Connect reference"). No secret is kept
 * anywhere. It is for its own repository alone, told by ids: names are given up and taken by others.
 */
export function workflowProof(issuer: Issuer | null, doors: SpendingDoors): Proof {
  const verify = issuer === null ? null : createVerifier(issuer, doors)
  return {
    form: /^eyJ[\w-]{8,2000}\.[\w-]{8,6000}\.[\w-]{8,2000}$/,
    async identify(token) {
      if (verify === null) throw unauthenticated('a token of GitHub Actions, and GANTRY_URL is not set here, which it would have to be for')
      const verified = await verify(token)
      if ('why' in verified) throw unauthenticated(String(verified.why))
      const { event_name: event } = verified as { readonly event_name?: unknown }
      if (typeof event === 'string' && !STARTED_BY.has(event)) throw strangers(event)
      const read = claims.safeParse(verified)
      if (!read.success)
        throw unauthenticated(`a token of GitHub Actions whose claim ${read.error.issues[0]?.path.join('.') ?? ''} is none that counts`)
      return { ...callerOf(read.data), spend: () => spend(read.data, doors) }
    },
  }
}

/** Whoever sees a request of it on its way must not be able to make another one of it. */
function spend({ repository_id: repository, jti, exp }: Run, { spent, clock }: SpendingDoors): void {
  if (!spent.spend(`${repository}:${jti}`, (exp + TOLERANCE) * 1000, clock.now()))
    throw unauthenticated('a token of GitHub Actions that has changed something before')
}

const id = z
  .string()
  .regex(/^[1-9]\d{0,15}$/)
  .transform(Number)

/** Those that are judged by. Numbers are texts in it. `workflow_ref`: `acme/shop/.github/workflows/release.yml@refs/heads/main`. */
const claims = z
  .object({
    ...{ repository_id: id, repository_owner_id: id, actor_id: id, run_id: id, run_attempt: id },
    repository: z.string().regex(/^[\w-]{1,100}\/[\w.-]{1,100}$/),
    actor: z.string().regex(/^[\w.[\]-]{1,100}$/),
    sha: z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/),
    ref: z.string().regex(/^refs\/(heads|tags)\/[\x21-\x7e]{1,250}$/),
    event_name: z.string().max(100),
    workflow_ref: z.string().max(1_000),
    environment: z.string().min(1).max(255).optional(),
    jti: z.string().min(1).max(200),
    exp: z.number(),
  })
  .transform((all, context) => {
    const [, file, ref] = /^[^/]+\/[^/]+\/\.github\/workflows\/([\w.-]{1,200}\.ya?ml)@(.+)$/.exec(all.workflow_ref) ?? []
    // What runs has to be what stands there: of any other event the file is of one ref and the work of another.
    if (file !== undefined && ref === all.ref) return { ...all, file }
    context.addIssue({ code: 'custom', path: ['workflow_ref'] })
    return z.NEVER
  })
type Run = z.output<typeof claims>

/** What people with the right to push begin, or the repository itself: not what a stranger's pull request, issue or comment does. */
const STARTED_BY: ReadonlySet<string> = new Set([
  ...['push', 'workflow_dispatch', 'repository_dispatch', 'schedule', 'release', 'create', 'registry_package'],
  ...['deployment', 'deployment_status'],
])

function callerOf(run: Run): Caller {
  const { repository_id: id, file, ref, environment = null } = run
  return {
    ...{ key: `w${id}/${file}`, countedBy: `w${id}` },
    actor: {
      ...{ id: run.actor_id, login: run.actor, app: null },
      program: { kind: 'workflow', file, ref, environment, run: run.run_id, attempt: run.run_attempt },
    },
    actions: ['read', 'deploy'],
    home: run.repository,
    sees: ({ id: its, account }) => its === id && account === run.repository_owner_id,
    runsFor: { ref: ref.replace(/^refs\/(heads|tags)\//, ''), commit: run.sha },
  }
}

const strangers = (event: string): RequestRefused =>
  new RequestRefused('PERMISSION_REQUIRED', {
    sentence: 'A workflow that anybody may start deploys nothing.',
    found: `a run that began with ${event.replaceAll(/[^\w]/g, '')}`,
    wanted: [...STARTED_BY].join(', '),
    next: 'Deploy from a workflow that runs on one of these.',
  })
