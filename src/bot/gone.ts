import type { Clock } from '../deploy/clock.ts'
import { Failure } from '../errors.ts'

/** Installations of the App that were taken away or suspended: asking GitHub in their name is of no use, however often. */
export interface Gone {
  add(installation: number): void
  delete(installation: number): void
  /** Makes a call unless the installation is gone, and notices where GitHub says that it is; throws a `Failure` then (`isUninstalled`). */
  unless<T>(installation: number, call: () => Promise<T>): Promise<T>
}

/** A webhook may be lost, or say it too late: after that one call finds out how it is. */
const BELIEVED = 10 * 60_000

export function createGone(clock: Clock): Gone {
  const until = new Map<number, number>()
  const add = (installation: number): void => void until.set(installation, clock.now() + BELIEVED)
  return {
    add,
    delete: (installation) => void until.delete(installation),
    unless: async (installation, call) => {
      if ((until.get(installation) ?? 0) > clock.now()) throw gone(new NotInstalled())
      try {
        return await call()
      } catch (error) {
        if (error instanceof OutOfReach) throw outOfReach(error)
        if (!(error instanceof NotInstalled) && !saysSuspended(error)) throw error
        add(installation)
        throw gone(error)
      }
    },
  }
}

/** Thrown by what asks for an installation's token and learns that there is no such installation. */
export class NotInstalled extends Error {}

/** The repository is not one of the installation's: to whoever asks, as if it were not there. */
export class OutOfReach extends Error {
  readonly status = 404
  constructor() {
    super('GitHub gives the App no token for this repository')
  }
}

/** Nobody can be told anything there. */
export const isUninstalled = (error: unknown): boolean =>
  error instanceof Failure && (error.cause instanceof NotInstalled || error.cause instanceof OutOfReach)

/** GitHub gives no token for this one repository, while the installation stands. */
export const isOutOfReach = (error: unknown): boolean => error instanceof Failure && error.cause instanceof OutOfReach

const saysSuspended = (error: unknown): error is Error =>
  error instanceof Error && 'status' in error && error.status === 403 && /suspended/i.test(error.message)

const gone = (cause: Error): Failure =>
  new Failure(
    'GITHUB_REFUSED',
    {
      sentence: 'The App is not installed on this account any more, or is suspended there.',
      wanted: 'the App installed on the account',
      next: 'Ask an owner of the account to install the App again, or to end its suspension.',
    },
    cause instanceof NotInstalled ? cause : new NotInstalled(cause.message),
  )

const outOfReach = (cause: OutOfReach): Failure =>
  new Failure(
    'GITHUB_REFUSED',
    {
      sentence: 'The App may not see this repository any more.',
      wanted: 'the App installed on the repository',
      next: 'Ask an administrator of the account to add the repository to the App.',
    },
    cause,
  )
