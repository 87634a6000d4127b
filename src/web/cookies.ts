import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import type { Visit, Visiting, Visitor } from './visit.ts'

/**
 * `__Host-` (RFC 6265bis, 4.1.3.2): from this very host, over TLS or on this machine, for every path. Not `Strict`: whoever follows the link in a
 * comment would be a stranger at first.
 */
const HOST = { path: '/', secure: true, httpOnly: true, sameSite: 'Lax', prefix: 'host' } as const
const SESSION = 'gantry'
const SIGNING_IN = 'gantry-sign-in'

/** Seconds. */
const SIGN_IN_WITHIN = 600

/** Whoever has signed in and not out since; null for everybody else. */
export async function visitorIn(c: Visit, { sessions, callers, clock }: Visiting): Promise<Visitor | null> {
  const cookie = sessionCookie(c)
  const session = cookie === null ? null : await sessions.find(cookie, clock.now())
  return session === null ? null : { session, caller: callers.person(session.person, session.repositories) }
}

export const sessionCookie = (c: Visit): string | null => getCookie(c, SESSION, 'host') ?? null

/** `lasts`: seconds. */
export const keepSession = (c: Visit, cookie: string, lasts: number): void => setCookie(c, SESSION, cookie, { ...HOST, maxAge: lasts })
export const forgetSession = (c: Visit): void => void deleteCookie(c, SESSION, HOST)

/** What was begun in this browser: whoever comes back from GitHub in another one has not begun it. */
export interface SigningIn {
  readonly state: string
  /** RFC 7636: known to nobody but this browser and us. */
  readonly verifier: string
  /** Where to go on, as a path of ours. */
  readonly to: string
}

export const keepSigningIn = (c: Visit, { state, verifier, to }: SigningIn): void =>
  setCookie(c, SIGNING_IN, `${state}.${verifier}.${to}`, { ...HOST, maxAge: SIGN_IN_WITHIN })

/** It is good for one return. */
export function takeSigningIn(c: Visit): SigningIn | null {
  const kept = getCookie(c, SIGNING_IN, 'host') ?? ''
  deleteCookie(c, SIGNING_IN, HOST)
  const [, state, verifier, to] = /^([0-9a-z]{32,160})\.([0-9a-z]{43,128})\.(.{1,1000})$/.exec(kept) ?? []
  if (state === undefined || verifier === undefined || to === undefined) return null
  return { state, verifier, to: pathOf(to) }
}

/** A path of ours and nothing else: no `//host`, no `/\host`, nothing that a browser would take for another origin's. */
export function pathOf(text: string): string {
  return /^\/(?![/\\])[\w\-./?=&%+~:,@]{0,600}$/.test(text) ? text : '/'
}
