import * as z from 'zod'
import type { Clock } from '../deploy/clock.ts'
import type { Person } from '../deploy/deployment.ts'
import type { Secret } from '../secret.ts'
import { unexpectedAnswer } from './github-failure.ts'
import type { OwnCall } from './own-calls.ts'
import { id, login } from './payload.ts'
import { within } from './patience.ts'

/** The App's own, for its users' tokens. */
export interface OAuth {
  readonly clientId: string
  readonly clientSecret: Secret
}

export interface PasswordDoors {
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
  readonly apiUrl: string
  readonly oauth: OAuth
}

const CHECK = 'POST /applications/{client_id}/token'
const GIVE_BACK = 'DELETE /applications/{client_id}/token'
const known = z.object({ app: z.object({ client_id: z.string() }), user: z.object({ id, login }).nullable() })

/** Only GitHub knows whose a token is, and it tells the App that it was given to, by that App's own password, and no other. */
export async function identify(token: Secret, call: OwnCall, doors: PasswordDoors): Promise<Person | null> {
  const said = await call(CHECK, async (signal) => {
    const answer = await byPassword(CHECK, token, signal, doors)
    // Within the same time: a body that never ends would keep the caller for good.
    const body = await bodyOf(answer)
    // Not ours, over, or no token at all: GitHub says the same of each.
    if (answer.status === 404 || answer.status === 422) return null
    if (answer.ok) return { body }
    throw refusalIn(answer, body)
  })
  if (said === null) return null
  const read = known.safeParse(said.body)
  if (!read.success) throw unexpectedAnswer(CHECK, read.error)
  const { app, user } = read.data
  return app.client_id === doors.oauth.clientId ? user : null
}

/** From then on the token is nobody's. Tried once; where GitHub does not take it, it ends by itself after some hours. */
export const giveBack = (token: Secret, doors: PasswordDoors): Promise<void> =>
  within(doors.clock, (signal) => byPassword(GIVE_BACK, token, signal, doors)).then(
    (answer) => answer.body?.cancel(),
    () => {},
  )

const byPassword = (route: string, token: Secret, signal: AbortSignal, { fetch, apiUrl, oauth }: PasswordDoors): Promise<Response> => {
  const { clientId, clientSecret } = oauth
  const [method = ''] = route.split(' ')
  const headers = {
    accept: 'application/vnd.github+json',
    'content-type': 'application/json',
    authorization: `Basic ${btoa(`${clientId}:${clientSecret.reveal()}`)}`,
  }
  const body = JSON.stringify({ access_token: token.reveal() })
  return fetch(`${apiUrl}/applications/${encodeURIComponent(clientId)}/token`, { method, redirect: 'error', headers, body, signal })
}

/** Null where it is not JSON. */
export const bodyOf = (answer: Response): Promise<unknown> => answer.json().catch(() => null)

/** As an Octokit throws it. Of GitHub's own words only those of a limit are kept, which it tells in words alone at times: an answer may repeat what was sent. */
export function refusalIn(answer: Response, body: unknown): Error {
  const { message = '' } = z.object({ message: z.string() }).safeParse(body).data ?? {}
  const words = /rate limit|abuse detection/i.exec(message)?.[0] ?? 'no'
  const response = { headers: Object.fromEntries(answer.headers) }
  return Object.assign(new Error(`GitHub answered ${answer.status}: ${words}`), { status: answer.status, response })
}
