import type { Clock } from '../deploy/clock.ts'
import type { Person, Repository } from '../deploy/deployment.ts'
import type { Directory } from '../deploy/directory.ts'
import { Secret } from '../secret.ts'
import { userCaller, type Caller } from './caller.ts'
import { createPace } from './pace.ts'
import { RequestRefused } from './problems.ts'

/** Who calls, and what of it they may see. What they may do is decided by the gates, at each request anew. */
export interface Callers {
  /** Whose token the header carries. Throws AUTHENTICATION_REQUIRED, TOO_MANY_REQUESTS, or a `Failure` where GitHub cannot be asked. */
  identify(authorization: string | undefined): Promise<Caller>
  /** One with the App on it, whether they may see it or not: as it was up to a minute ago. Throws TOO_MANY_REQUESTS where they ask for ever others. */
  repository(caller: Caller, owner: string, name: string): Promise<Repository | null>
  /** Whether they may see the repository: as it was up to a minute ago. */
  sees(caller: Caller, repository: Repository): Promise<boolean>
}

export interface CallerDoors {
  readonly directory: Directory
  readonly clock: Clock
  hash(text: string): string
}

/** GitHub's user tokens (docs.github.com: "GitHub's token formats"). What has another form is no business of GitHub's. */
const BEARER = /^Bearer (ghu_[A-Za-z0-9_.-]{20,600})$/i

const KNOWN_FOR = 60_000
const UNKNOWN_FOR = 30_000
const MOST_KEPT = 10_000
const MINUTE = 60_000
/** So many tokens that GitHub did not know within a minute: whoever guesses must not spend what GitHub lets us ask. */
const MOST_UNKNOWN = 60
/** So many repositories that one caller asks for: each is a question to GitHub. */
const MOST_LOOKED_UP = 60

export function createCallers({ directory, clock, hash }: CallerDoors): Callers {
  const people = new Recent<Person | null>(clock)
  const sights = new Recent<boolean>(clock)
  const repositories = new Recent<Repository | null>(clock)
  const lookingUp = createPace(clock, MOST_LOOKED_UP)
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

  return {
    async identify(authorization) {
      const text = BEARER.exec(authorization ?? '')?.[1]
      if (text === undefined) throw unauthenticated(authorization === undefined ? 'no Authorization header' : 'another Authorization header')
      const key = hash(text)
      const person = await people.get(
        key,
        () => ask(key, new Secret(text)),
        (found) => (found === null ? UNKNOWN_FOR : KNOWN_FOR),
      )
      if (person === null) throw unauthenticated('a token that GitHub does not know as one of this App’s')
      return userCaller(person)
    },
    repository: (caller, owner, name) =>
      repositories.get(
        // Each has answers of their own: what others have asked for lately must not show.
        `${caller.key}:${owner}/${name}`.toLowerCase(),
        async () => {
          lookingUp(caller)
          return directory.repository(owner, name)
        },
        (found) => (found === null ? UNKNOWN_FOR : KNOWN_FOR),
      ),
    sees: ({ key, actor }, repository) =>
      sights.get(
        `${key}:${repository.id}`,
        async () => (await directory.role(actor, repository)) !== 'none',
        () => KNOWN_FOR,
      ),
  }
}

interface Kept<T> {
  readonly answer: Promise<T>
  readonly since: number
  until: number
  /** From then on it is asked anew beside whoever goes on with it. */
  renewAt: number
}

/** Answers of a moment ago; one question at a time for each key. */
export class Recent<T> {
  readonly #kept = new Map<string, Kept<T>>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get(key: string, ask: () => Promise<T>, lasts: (answer: T) => number): Promise<T> {
    const known = this.#kept.get(key)
    const now = this.#clock.now()
    // Not where the clock was set back meanwhile: what was so would be believed for as long.
    if (known === undefined || known.since > now || known.until <= now) return this.#ask(key, ask(), lasts).answer
    if (known.renewAt <= now) {
      known.renewAt = Infinity
      ask().then(
        (answer) => void this.#ask(key, Promise.resolve(answer), lasts),
        () => {},
      )
    }
    return known.answer
  }

  #ask(key: string, answer: Promise<T>, lasts: (answer: T) => number): Kept<T> {
    const entry: Kept<T> = { answer, since: this.#clock.now(), until: Infinity, renewAt: Infinity }
    this.#kept.delete(key)
    this.#kept.set(key, entry)
    answer.then(
      (found) => {
        const now = this.#clock.now()
        ;[entry.until, entry.renewAt] = [now + lasts(found), now + (lasts(found) * 3) / 4]
      },
      () => void (this.#kept.get(key) === entry && this.#kept.delete(key)),
    )
    for (const oldest of this.#kept.keys()) if (this.#kept.size > MOST_KEPT) this.#kept.delete(oldest)
    return entry
  }
}

const unauthenticated = (found: string): RequestRefused =>
  new RequestRefused(
    'AUTHENTICATION_REQUIRED',
    {
      sentence: 'Nobody knows who asks.',
      found,
      wanted: 'Authorization: Bearer, with a user token of this GitHub App',
      next: 'Sign in with the App to get a token of yours, and send it in the Authorization header.',
    },
    { 'www-authenticate': 'Bearer realm="Gantry"' },
  )

const tooMany = (retryAfter: number): RequestRefused =>
  new RequestRefused('TOO_MANY_REQUESTS', {
    sentence: 'Too many tokens came that nobody knows.',
    next: 'Ask again in a minute.',
    retryAfter,
  })
