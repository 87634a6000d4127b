import type { Probot, ProbotOctokit } from 'probot'
import { z } from 'zod'
import type { Clock } from '../deploy/clock.ts'
import { createGone, NotInstalled } from './gone.ts'
import { unexpectedAnswer, type Headers } from './github-failure.ts'
import { within } from './patience.ts'

/** GitHub's REST and GraphQL with an installation's token. */
export interface Installations {
  /** One call, made once; throws what Octokit throws. `leave` is called right before it leaves, and stops it by throwing. */
  request(installation: number, route: string, params: Readonly<Record<string, unknown>>, leave: () => void): Promise<Reply>
  /** The App was taken off the account, or suspended: its token is dropped, and for a while nothing is asked with its rights. */
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

/**
 * Tokens are kept here and not by Octokit's own App authentication: there all clients of a process wait for the same request by
 * the installation's id alone, without a time limit, so one that never ends would silence the installation for good.
 */
export function createInstallations(probot: Pick<Probot, 'auth'>, clock: Clock): Installations {
  const known = new Map<number, Access>()
  const gone = createGone(clock)
  const pending = new Map<number, Promise<Access>>()

  const renew = (installation: number): Promise<Access> => {
    const running = pending.get(installation)
    if (running !== undefined) return running
    const request = within(clock, (signal) => authenticate(probot, installation, signal))
      .then((access) => {
        known.set(installation, access)
        return access
      })
      .finally(() => pending.delete(installation))
    pending.set(installation, request)
    return request
  }
  const accessTo = async (installation: number): Promise<Access> => {
    const access = known.get(installation)
    const left = (access?.expiresAt ?? 0) - clock.now()
    if (access === undefined || left < UNUSABLE_BEFORE) return renew(installation)
    // Should this fail, the next call tries again; only in the last minute does anybody wait for it.
    if (left < RENEW_BEFORE) renew(installation).catch(() => {})
    return access
  }
  const ask = async ({ octokit }: Access, route: string, params: Readonly<Record<string, unknown>>, leave: () => void): Promise<Reply> => {
    leave()
    return within(clock, (signal) => octokit.request(route, { ...params, request: { signal } }))
  }

  const request: Installations['request'] = async (installation, route, params, leave) => {
    const access = await accessTo(installation)
    try {
      return await ask(access, route, params, leave)
    } catch (error) {
      // Revoked, or our clock is wrong. Nothing was done with it, so even a POST may be repeated, once.
      if (!hasStatus(error, 401)) throw error
      if (known.get(installation) === access) known.delete(installation)
      return ask(await accessTo(installation), route, params, leave)
    }
  }

  return {
    request: (installation, ...call) => gone.unless(installation, () => request(installation, ...call)),
    forget: (installation) => {
      known.delete(installation)
      gone.add(installation)
    },
    welcome: (installation) => gone.delete(installation),
  }
}

const answer = z.object({ token: z.string().min(1), expires_at: z.string() })

async function authenticate(probot: Pick<Probot, 'auth'>, installation: number, signal: AbortSignal): Promise<Access> {
  const app = await probot.auth()
  const route = 'POST /app/installations/{installation_id}/access_tokens'
  const given = await app.request(route, { installation_id: installation, request: { signal } }).catch((error: unknown) => {
    throw hasStatus(error, 404) ? new NotInstalled('GitHub knows no such installation') : error
  })
  const parsed = answer.safeParse(given.data)
  if (!parsed.success) throw unexpectedAnswer(route, parsed.error)
  // The same client with the same base address and `fetch`; a token takes the place of the App's key.
  const Octokit = app.constructor as typeof ProbotOctokit
  return { octokit: new Octokit({ auth: { token: parsed.data.token } }), expiresAt: Date.parse(parsed.data.expires_at) }
}

const hasStatus = (error: unknown, status: number): boolean => error instanceof Error && 'status' in error && error.status === status
