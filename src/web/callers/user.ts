import type { Clock } from '../../deploy/clock.ts'
import type { Person, Repository } from '../../deploy/deployment.ts'
import type { Directory } from '../../deploy/directory.ts'
import type { Secret } from '../../secret.ts'
import type { Caller, Proof } from '../caller.ts'
import { RequestRefused, unauthenticated } from '../problems.ts'
import { KNOWN_FOR, Recent, UNKNOWN_FOR } from '../recent.ts'

export interface UserDoors {
  readonly directory: Pick<Directory, 'identify' | 'role'>
  readonly clock: Clock
  /** One-way, under a key of this process. */
  hash(text: string): string
}

const MOST_KEPT = 10_000
const MINUTE = 60_000
/** So many tokens that GitHub did not know within a minute: whoever guesses must not spend what GitHub lets us ask. */
const MOST_UNKNOWN = 60

/** Somebody with a user token of the App: they are who they are in a comment. */
export function userProof({ directory, clock, hash }: UserDoors): Proof {
  const people = new Recent<Person | null>(clock)
  const sights = new Recent<boolean>(clock)
  /** Tokens that GitHub knew: whoever guesses cannot lock those out that are in use. By their hash, the oldest first. */
  const proven = new Set<string>()
  /** Those that are being asked about, and those that turned out to be unknown. */
  let guesses: { readonly at: number }[] = []

  async function ask(key: string, token: Secret): Promise<Person | null> {
    const guess = { at: clock.now() }
    guesses = guesses.filter(({ at }) => at > guess.at - MINUTE && at <= guess.at)
    if (!proven.has(key)) {
      if (guesses.length >= MOST_UNKNOWN) throw tooMany((guesses[0] ?? guess).at + MINUTE - guess.at)
      guesses.push(guess)
    }
    const known = await directory.identify(token).catch((error: unknown) => {
      guesses = guesses.filter((one) => one !== guess)
      throw error
    })
    proven.delete(key)
    if (known === null) return null
    guesses = guesses.filter((one) => one !== guess)
    proven.add(key)
    for (const oldest of proven) if (proven.size > MOST_KEPT) proven.delete(oldest)
    return known
  }

  const sees = (person: Person, repository: Repository): Promise<boolean> =>
    sights.get(
      `${person.id}:${repository.id}`,
      async () => (await directory.role(person, repository)) !== 'none',
      () => KNOWN_FOR,
    )

  return {
    // docs.github.com: "GitHub's token formats". What has another form is no business of GitHub's.
    form: /^ghu_[A-Za-z0-9_.-]{20,600}$/,
    async identify(token) {
      const key = hash(token.reveal())
      const person = await people.get(
        key,
        () => ask(key, token),
        (found) => (found === null ? UNKNOWN_FOR : KNOWN_FOR),
      )
      if (person === null) throw unauthenticated('a token that GitHub does not know as one of this App’s')
      return userCaller(person, sees)
    },
  }
}

export const userCaller = (person: Person, sees: (person: Person, repository: Repository) => Promise<boolean>): Caller => ({
  key: String(person.id),
  actor: { ...person, app: null },
  actions: ['read', 'deploy', 'configure'],
  sees: (repository) => sees(person, repository),
})

const tooMany = (retryAfter: number): RequestRefused =>
  new RequestRefused('TOO_MANY_REQUESTS', {
    sentence: 'Too many tokens came that nobody knows.',
    next: 'Ask again in a minute.',
    retryAfter,
  })
