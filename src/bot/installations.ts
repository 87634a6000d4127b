import type { Probot, ProbotOctokit } from 'probot'
import * as z from 'zod'
import type { Clock } from '../deploy/clock.ts'
import { createGone, NotInstalled, OutOfReach } from './gone.ts'
import { unexpectedAnswer, type Headers } from './github-failure.ts'
import { within } from './patience.ts'

/**
 * How far a token reaches: one repository of an installation, by GitHub's id or, where only that is known, its name; and what it may do
 * there. For what belongs to no repository, who is a member, none is named.
 */
export interface Reach {
  readonly installation: number
  readonly repository: number | string | null
  readonly access: 'read' | 'write' | 'members'
}

/** GitHub's REST and GraphQL with an installation's tokens. */
export interface Installations {
  /** One call, made once; throws what Octokit throws. `leave` is called right before it leaves, and stops it by throwing. */
  request(reach: Reach, route: string, params: Readonly<Record<string, unknown>>, leave: () => void): Promise<Reply>
  /** The App was taken off the account, or suspended: its tokens are dropped, and for a while nothing is asked with its rights. */
  forget(installation: number): void
  /** It may be asked again. */
  welcome(installation: number): void
}

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly data: unknown
}

interface Access {
  readonly octokit: ProbotOctokit
  /** By GitHub's clock. */
  readonly expiresAt: number
}

/** A token lives an hour: renewed in the last minutes beside the calls that still use it, so that none waits for it. */
const RENEW_BEFORE = 10 * 60_000
const UNUSABLE_BEFORE = 60_000

type Permissions = Readonly<Record<string, 'read' | 'write'>>

/** Of what app.yml lists, what each kind of step needs. A token that is stolen is worth one repository and no more than this, for an hour. */
const PERMISSIONS: Readonly<Record<Reach['access'], Permissions>> = {
  read: {
    ...{ metadata: 'read', contents: 'read', issues: 'read', pull_requests: 'read', checks: 'read', deployments: 'read' },
    ...{ statuses: 'read', attestations: 'read', members: 'read' },
  },
  members: { metadata: 'read', members: 'read' },
  write: { metadata: 'read', contents: 'read', issues: 'write', pull_requests: 'write', checks: 'write', deployments: 'write' },
}

/**
 * Tokens are kept here and not by Octokit's own App authentication: there all clients of a process wait for the same request by
 * the installation's id alone, without a time limit, so one that never ends would silence the installation for good.
 */
export function createInstallations(probot: Pick<Probot, 'auth'>, clock: Clock): Installations {
  const known = new Map<string, Access>()
  const gone = createGone(clock)
  const pending = new Map<string, Promise<Access>>()

  const renew = (reach: Reach): Promise<Access> => {
    const key = keyOf(reach)
    const running = pending.get(key)
    if (running !== undefined) return running
    const request = within(clock, (signal) => authenticate(probot, reach, signal))
      .then((access) => {
        // Most repositories are spoken of now and then only.
        for (const [old, { expiresAt }] of known) if (expiresAt < clock.now()) known.delete(old)
        known.set(key, access)
        return access
      })
      .finally(() => pending.delete(key))
    pending.set(key, request)
    return request
  }
  const accessTo = async (reach: Reach): Promise<Access> => {
    const access = known.get(keyOf(reach))
    const left = (access?.expiresAt ?? 0) - clock.now()
    if (access === undefined || left < UNUSABLE_BEFORE) return renew(reach)
    // Should this fail, the next call tries again; only in the last minute does anybody wait for it.
    if (left < RENEW_BEFORE) renew(reach).catch(() => {})
    return access
  }
  const ask = async ({ octokit }: Access, route: string, params: Readonly<Record<string, unknown>>, leave: () => void): Promise<Reply> => {
    leave()
    return within(clock, (signal) => octokit.request(route, { ...params, request: { signal } }))
  }

  const request: Installations['request'] = async (reach, route, params, leave) => {
    const access = await accessTo(reach)
    try {
      return await ask(access, route, params, leave)
    } catch (error) {
      // Revoked, or our clock is wrong. Nothing was done with it, so even a POST may be repeated, once.
      if (!hasStatus(error, 401)) throw error
      if (known.get(keyOf(reach)) === access) known.delete(keyOf(reach))
      return ask(await accessTo(reach), route, params, leave)
    }
  }

  return {
    request: (reach, ...call) => gone.unless(reach.installation, () => request(reach, ...call)),
    forget: (installation) => {
      for (const key of known.keys()) if (key.startsWith(`${installation}:`)) known.delete(key)
      gone.add(installation)
    },
    welcome: (installation) => gone.delete(installation),
  }
}

const keyOf = ({ installation, repository, access }: Reach): string => `${installation}:${access}:${repository}`

const answer = z.object({ token: z.string().min(1), expires_at: z.string(), permissions: z.record(z.string(), z.string()).default({}) })

const ROUTE = 'POST /app/installations/{installation_id}/access_tokens'

async function authenticate(probot: Pick<Probot, 'auth'>, reach: Reach, signal: AbortSignal): Promise<Access> {
  const app = await probot.auth()
  const { installation: installation_id, repository, access } = reach
  const where = repository === null ? {} : typeof repository === 'number' ? { repository_ids: [repository] } : { repositories: [repository] }
  const ask = async (more: object): Promise<z.infer<typeof answer>> => {
    const { data } = await app.request(ROUTE, { installation_id, ...where, ...more, request: { signal } })
    const parsed = answer.safeParse(data)
    if (!parsed.success) throw unexpectedAnswer(ROUTE, parsed.error)
    return parsed.data
  }
  const askNarrowed = async () => ask({ permissions: agreedTo((await ask({})).permissions, PERMISSIONS[access]) })
  const given = await ask({ permissions: PERMISSIONS[access] })
    // The account has not agreed to all of them yet. To which it has, only a token with all of those says; nothing is done with that one.
    .catch((error: unknown) => (hasStatus(error, 422) ? askNarrowed() : Promise.reject(error)))
    .catch((error: unknown) => {
      if (hasStatus(error, 404)) throw new NotInstalled('GitHub knows no such installation')
      throw hasStatus(error, 422) ? new OutOfReach() : error
    })
  // The same client with the same base address and `fetch`; a token takes the place of the App's key.
  const Octokit = app.constructor as typeof ProbotOctokit
  return { octokit: new Octokit({ auth: { token: given.token } }), expiresAt: Date.parse(given.expires_at) }
}

/** Of what a step wants, as much as the account has agreed to. */
function agreedTo(granted: Readonly<Record<string, string>>, wanted: Permissions): Permissions {
  const common = Object.entries(wanted).filter(([name]) => granted[name] !== undefined)
  return Object.fromEntries(common.map(([name, level]) => [name, granted[name] === 'read' ? 'read' : level]))
}

const hasStatus = (error: unknown, status: number): boolean => error instanceof Error && 'status' in error && error.status === status
