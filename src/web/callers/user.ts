import type { Clock } from '../../deploy/clock.ts'
import type { Person, Repository } from '../../deploy/deployment.ts'
import type { Directory } from '../../deploy/directory.ts'
import { atLeast, type Role } from '../../deploy/environment.ts'
import type { LimitName, Limits } from '../../deploy/limits.ts'
import type { Secret } from '../../secret.ts'
import type { Caller, Proof } from '../caller.ts'
import { guesserAt, pacedBy } from '../pace.ts'
import { unauthenticated } from '../problems.ts'
import { KNOWN_FOR, Recent, UNKNOWN_FOR } from '../recent.ts'

export interface UserDoors {
  readonly directory: Pick<Directory, 'identify' | 'role'>
  readonly clock: Clock
  readonly limits: Limits
  /** One-way, under a key of this process. */
  hash(text: string): string
}

const MOST_KEPT = 10_000

/** Somebody with a user token of the App: they are who they are in a comment. */
export function userProof({ directory, clock, limits, hash }: UserDoors): Proof & { caller(person: Person): Caller } {
  const people = new Recent<Person | null>(clock)
  const roles = new Recent<Role>(clock)
  /** Tokens that GitHub knew: whoever guesses cannot lock those out that are in use. By their hash, the oldest first. */
  const proven = new Set<string>()

  async function ask(key: string, token: Secret, address: string | null): Promise<Person | null> {
    const takeBack = proven.has(key) ? async () => {} : await guessing(address, limits)
    const known = await directory.identify(token).catch(async (error: unknown) => {
      await takeBack()
      throw error
    })
    proven.delete(key)
    if (known === null) return null
    proven.add(key)
    for (const oldest of proven) if (proven.size > MOST_KEPT) proven.delete(oldest)
    await takeBack()
    return known
  }

  const roleIn = (person: Person, repository: Repository): Promise<Role> =>
    roles.get(
      `${person.id}:${repository.id}`,
      () => directory.role(person, repository),
      () => KNOWN_FOR,
    )

  return {
    caller: (person) => userCaller(person, roleIn),
    // docs.github.com: "GitHub's token formats". What has another form is no business of GitHub's.
    form: /^ghu_[A-Za-z0-9_.-]{20,600}$/,
    async identify(token, address) {
      const key = hash(token.reveal())
      const person = await people.get(
        key,
        () => ask(key, token, address),
        (found) => (found === null ? UNKNOWN_FOR : KNOWN_FOR),
      )
      if (person === null) throw unauthenticated('a token that GitHub does not know as one of this App’s')
      return userCaller(person, roleIn)
    },
  }
}

export const userCaller = (person: Person, roleIn: (person: Person, repository: Repository) => Promise<Role>): Caller => ({
  ...{ key: String(person.id), countedBy: String(person.id) },
  actor: { ...person, app: null },
  actions: ['read', 'deploy', 'configure'],
  sees: async (repository) => (await roleIn(person, repository)) !== 'none',
  isStranger: async (repository) => !atLeast(await roleIn(person, repository), 'triage'),
})

/** It counts as one until it turned out to be none: whoever guesses must not spend what GitHub lets us ask. Throws TOO_MANY_REQUESTS. */
async function guessing(address: string | null, limits: Limits): Promise<() => Promise<void>> {
  const all = ['guesses', ''] as const
  const from: readonly (readonly [LimitName, string])[] = address === null ? [all] : [['guess', guesserAt(address)], all]
  await pacedBy(from, limits)
  return async () => {
    for (const [name, key] of from) await limits.giveBack(name, key)
  }
}
