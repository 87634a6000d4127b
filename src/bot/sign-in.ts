import * as z from 'zod'
import type { Person, Repository } from '../deploy/deployment.ts'
import type { Account, Directory, SignedIn } from '../deploy/directory.ts'
import { Failure } from '../errors.ts'
import { Secret } from '../secret.ts'
import { failureFrom, isRateLimit, unexpectedAnswer } from './github-failure.ts'
import { statusOf } from './github.ts'
import { leavingAlone, type OwnCall } from './own-calls.ts'
import { id, login, repository as repositoryShape, repositoryOf } from './payload.ts'
import { within } from './patience.ts'
import { bodyOf, giveBack, identify, refusalIn, type PasswordDoors } from './user-tokens.ts'

export interface SignInDoors extends PasswordDoors {
  /** Where people see GitHub, and sign in. */
  readonly webOrigin: string
}

type Came = Parameters<Directory['signIn']>[0]

const EXCHANGE = 'POST /login/oauth/access_token'
const INSTALLATIONS = 'GET /user/installations'
const REPOSITORIES = 'GET /user/installations/{installation_id}/repositories'
/** One page of installations, and ten of repositories: who sees more finds the rest by its name. */
const PAGE = 100
const MOST_REPOSITORIES = 1_000

/** By the App's OAuth, with PKCE. `byPassword`: calls with the App's client secret. */
export function createSignIn(byPassword: OwnCall, doors: SignInDoors): Pick<Directory, 'signInPage' | 'signIn'> {
  // Strangers can bring as many wrong codes as they like: what GitHub says to that is not to silence the API's callers.
  const byCode = leavingAlone(doors.clock)
  return {
    signInPage({ state, challenge, redirect }) {
      const client = { client_id: doors.oauth.clientId, redirect_uri: redirect }
      const query = new URLSearchParams({ ...client, state, code_challenge: challenge, code_challenge_method: 'S256' })
      return `${doors.webOrigin}/login/oauth/authorize?${query.toString()}`
    },
    async signIn(came) {
      // In a window that GitHub has named nobody could look at the token, so none is asked for.
      await byPassword(EXCHANGE, async () => {})
      const token = await exchange(came, byCode, doors)
      if (token === null) return null
      try {
        const person = await identify(token, byPassword, doors)
        return person === null ? null : await seenBy(person, token, doors)
      } finally {
        await giveBack(token, doors)
      }
    },
  }
}

const exchanged = z.union([
  // No text that a header could not carry: the error would repeat it.
  z.object({ access_token: z.string().regex(/^[\w.~+/=-]{1,1000}$/) }),
  z.object({ error: z.string() }),
])

/** Null where GitHub does not take the code: it is over, was used before, or was somebody else's. */
async function exchange({ code, verifier, redirect }: Came, byCode: OwnCall, { fetch, webOrigin, oauth }: SignInDoors): Promise<Secret | null> {
  const client = { client_id: oauth.clientId, client_secret: oauth.clientSecret.reveal() }
  const body = JSON.stringify({ ...client, code, redirect_uri: redirect, code_verifier: verifier })
  const headers = { accept: 'application/json', 'content-type': 'application/json' }
  const said = await byCode(EXCHANGE, async (signal) => {
    const answer = await fetch(`${webOrigin}/login/oauth/access_token`, { method: 'POST', redirect: 'error', headers, body, signal })
    const text = await bodyOf(answer)
    // An App that does not exist is answered with a page.
    if (answer.status === 401 || answer.status === 404) throw wrongSecret(`status ${answer.status}`)
    if (!answer.ok) throw refusalIn(answer, text)
    return text
  })
  const read = exchanged.safeParse(said)
  if (!read.success) throw unexpectedAnswer(EXCHANGE, read.error)
  if ('access_token' in read.data) return new Secret(read.data.access_token)
  if (read.data.error === 'incorrect_client_credentials') throw wrongSecret(read.data.error)
  return null
}

const wrongSecret = (found: string): Failure =>
  new Failure('GITHUB_REFUSED', {
    sentence: "GitHub did not accept the App's client id and client secret.",
    found,
    wanted: "GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET as on the App's page on GitHub",
    next: "Make a new client secret on the App's page on GitHub, set both variables, and start Gantry again.",
  })

const installation = z.object({
  id,
  suspended_at: z.string().nullish(),
  // An enterprise has no login, and no repositories.
  account: z.union([z.object({ id, login, type: z.string() }), z.object({ slug: z.string() })]).nullable(),
})
const installations = z.object({ installations: z.array(installation) })
const repositories = z.object({ repositories: z.array(repositoryShape) })

/** What the person and the App both see; null where the token is over before that was said. */
async function seenBy(person: Person, token: Secret, doors: SignInDoors): Promise<SignedIn | null> {
  const found = await asUser(INSTALLATIONS, `/user/installations?per_page=${PAGE}`, installations, [401], token, doors)
  if (found === null) return null
  const accounts: Account[] = []
  const all: Repository[] = []
  for (const { id: own, suspended_at: suspendedAt, account } of found.installations.slice(0, PAGE)) {
    if (suspendedAt != null || account === null || !('login' in account)) continue
    const its = await repositoriesOf(own, MOST_REPOSITORIES - all.length, token, doors)
    if (its === null) continue
    accounts.push({ id: account.id, login: account.login, isOrganization: account.type === 'Organization', installation: own })
    all.push(...its)
  }
  return { person, accounts, repositories: all }
}

/** At most so many; null where GitHub lets the person see nothing of the installation, or no more. */
async function repositoriesOf(own: number, most: number, token: Secret, doors: SignInDoors): Promise<readonly Repository[] | null> {
  const all: Repository[] = []
  for (let page = 1; all.length < most; page += 1) {
    const path = `/user/installations/${own}/repositories?per_page=${PAGE}&page=${page}`
    const found = await asUser(REPOSITORIES, path, repositories, [403, 404], token, doors)
    if (found === null) return null
    all.push(...found.repositories.map((repository) => repositoryOf({ repository, installation: { id: own } })))
    if (found.repositories.length < PAGE) break
  }
  return all.slice(0, most)
}

/** Null for the statuses in `none`. The limits here are the person's own: they silence nobody else. */
async function asUser<T>(
  route: string,
  path: string,
  shape: z.ZodType<T>,
  none: readonly number[],
  token: Secret,
  { fetch, clock, apiUrl }: SignInDoors,
): Promise<T | null> {
  const headers = { accept: 'application/vnd.github+json', authorization: `Bearer ${token.reveal()}` }
  try {
    const said = await within(clock, async (signal) => {
      const answer = await fetch(`${apiUrl}${path}`, { redirect: 'error', headers, signal })
      const body = await bodyOf(answer)
      if (!answer.ok) throw refusalIn(answer, body)
      return body
    })
    const read = shape.safeParse(said)
    if (read.success) return read.data
    throw unexpectedAnswer(route, read.error)
  } catch (error) {
    const failure = failureFrom(error, route, clock.now())
    if (none.includes(statusOf(failure) ?? 0) && !isRateLimit(failure)) return null
    throw failure
  }
}
