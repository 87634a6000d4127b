import { Failure } from '../errors.ts'
import type { Doors } from './doors.ts'

/** Keeps a login that was refused from being tried again: registries lock accounts after a few failures (registry.md, R36). */
export interface Breaker {
  /** Throws what was said of this login less than fifteen minutes ago. */
  check(login: string): void
  /** Remembers a failure, if it is one of the login. */
  note(login: string, error: unknown): void
}

/** Docker Hub locks an account for about that long (hub-feedback#2217). */
const WINDOW = 15 * 60_000
const MOST = 1000
const OF_THE_LOGIN = new Set<string>(['CREDENTIALS_INVALID', 'CREDENTIAL_EXPIRED', 'LOGIN_LOCKED'])

export function createBreaker(doors: Pick<Doors, 'now'>): Breaker {
  const open = new Map<string, { readonly failure: Failure; readonly until: number }>()

  return {
    check(login) {
      const refused = open.get(login)
      if (refused === undefined) return
      const left = refused.until - doors.now()
      if (left > 0) throw again(refused.failure, left)
      open.delete(login)
    },
    note(login, error) {
      // What was only repeated does not begin the wait again.
      if (!(error instanceof Failure) || !OF_THE_LOGIN.has(error.problem.code) || error.cause instanceof Failure) return
      if (open.size >= MOST) open.delete(open.keys().next().value!)
      open.set(login, { failure: error, until: doors.now() + WINDOW })
    },
  }
}

function again(failure: Failure, left: number): Failure {
  const { code, ...problem } = failure.problem
  const minutes = Math.ceil(left / 60_000)
  const found = `${problem.found ?? code}; not asked again for ${minutes} min, so that no account gets locked`
  return new Failure(code, { ...problem, found, retryAfter: Math.ceil(left) }, failure)
}
