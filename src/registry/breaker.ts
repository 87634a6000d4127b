import { Failure } from '../errors.ts'
import { waitFor } from './doors.ts'
import type { Doors, Operation } from './doors.ts'

/** Keeps a login that was refused from being tried again: registries lock accounts after a few failures (registry.md, R36). */
export interface Breaker {
  /**
   * Runs the work, which shows the login and calls `accepted` once it was taken. Until a login has been taken or refused once, only one
   * shows it at a time; what was refused is said again for fifteen minutes without asking. A login that has worked before is refused for
   * that repository alone: GHCR says the same of a wrong token and of an image that a good one may not see.
   */
  guard<T>(login: Login, operation: Operation, work: (accepted: () => void) => Promise<T>): Promise<T>
}

export interface Login {
  /** Where it is shown, and whose it is. */
  readonly key: string
  readonly repository: string
  /** Whether another one can be had at once where this one is refused: then nothing is remembered. */
  readonly isRenewable: boolean
}

/** Docker Hub locks an account for about that long (hub-feedback#2217). */
const WINDOW = 15 * 60_000
const MOST = 1000
const OF_THE_LOGIN = new Set<string>(['CREDENTIALS_INVALID', 'CREDENTIAL_EXPIRED', 'LOGIN_LOCKED'])

export function createBreaker(doors: Doors): Breaker {
  const refused = new Map<string, { readonly failure: Failure; readonly until: number }>()
  const taken = new Set<string>()
  const trying = new Map<string, Promise<void>>()

  function check(key: string): void {
    const known = refused.get(key)
    if (known === undefined) return
    const left = known.until - doors.now()
    if (left > 0) throw again(known.failure, left)
    refused.delete(key)
  }

  function note({ key, repository, isRenewable }: Login, error: unknown): void {
    if (isRenewable || !(error instanceof Failure) || !OF_THE_LOGIN.has(error.problem.code)) return
    if (refused.size >= MOST) refused.delete(refused.keys().next().value!)
    refused.set(taken.has(key) ? `${key} ${repository}` : key, { failure: error, until: doors.now() + WINDOW })
  }

  /** Whoever asks with the same login meanwhile waits until the returned function is called. */
  function begin(key: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    trying.set(key, promise)
    return () => {
      trying.delete(key)
      resolve()
    }
  }

  function accept(key: string): void {
    if (taken.has(key)) return
    if (taken.size >= MOST) taken.delete(taken.values().next().value!)
    taken.add(key)
  }

  return {
    async guard(login, operation, work) {
      const { key, repository } = login
      for (let other = trying.get(key); other !== undefined; other = trying.get(key)) {
        const known = other
        await waitFor(() => known, Number.POSITIVE_INFINITY, doors, operation)
      }
      check(key)
      check(`${key} ${repository}`)
      const end = taken.has(key) ? () => {} : begin(key)
      try {
        return await work(() => (accept(key), end()))
      } catch (error) {
        note(login, error)
        throw error
      } finally {
        end()
      }
    },
  }
}

/** Whether it was said before, and nobody was asked this time. */
export const isRepeated = (failure: Failure): boolean => failure.cause instanceof Failure

function again(failure: Failure, left: number): Failure {
  const { code, ...problem } = failure.problem
  const minutes = Math.ceil(left / 60_000)
  const found = `${problem.found ?? code}; not asked again for ${minutes} min, so that no account gets locked`
  return new Failure(code, { ...problem, found, retryAfter: Math.ceil(left) }, failure)
}
