import type { Shared } from '../../assemble.ts'
import type { Deployment } from '../../deploy/deployment.ts'
import type { Happening } from '../../deploy/happening.ts'
import type { LimitName, Limits } from '../../deploy/limits.ts'
import type { Placed } from '../../deploy/overview.ts'
import type { Secret } from '../../secret.ts'
import { API_TOKEN } from '../../deploy/api-token.ts'
import { accountAt, OPERATOR, repositoryAt, repositoryOfDeployment, type Bindings } from './bindings.ts'
import type { createNotes } from './own-rows.ts'
import { homeIn } from './routing.ts'

/** Which object this is: an account's, or a repository's of that account. */
export interface Whose {
  readonly account: number
  readonly repository: number | null
}

/** What several objects share, each part at the object that it belongs to; `here`: this object's own. */
export function sharing(env: Bindings, here: Shared, whose: Whose): Shared {
  const own = whose.repository === null ? whose.account : null
  const at = (account: number) => accountAt(env, account)
  return {
    ...here,
    claims: {
      claim: (target, ...claim) => at(ownerOf(target)).claim(ownerOf(target), [target, ...claim]),
      release: (target, ...release) => at(ownerOf(target)).release(ownerOf(target), [target, ...release]),
    },
    sessions: {
      begin: (session, now) => (session.person.id === own ? here.sessions.begin(session, now) : at(session.person.id).beginSession(session, now)),
      find: (cookie, now) => withPerson(cookie, (id) => (id === own ? here.sessions.find(cookie, now) : at(id).findSession(id, cookie, now)), null),
      end: (cookie) => withPerson(cookie, (id) => (id === own ? here.sessions.end(cookie) : at(id).endSession(id, cookie)), undefined),
      endAll: (id) => (id === own ? here.sessions.endAll(id) : at(id).endSessions(id)),
    },
    apiTokens: {
      ...here.apiTokens,
      find: async (secret, now) => {
        const account = accountOfToken(secret)
        if (account === null) return null
        return account === own ? here.apiTokens.find(secret, now) : at(account).findToken(account, secret.reveal(), now)
      },
      isRevoked: (id, account) =>
        account === own || account === undefined ? here.apiTokens.isRevoked(id, account) : at(account).isRevoked(account, id),
    },
    limits: limitsOf(env, here.limits, whose),
    overview: {
      active: async (repositories) => {
        const found = await byAccount(repositories, (account, ids) => at(account).active(ids))
        return found.toSorted((a, b) => b.at - a.at).map(({ repository }) => repository)
      },
      environments: (repository) => repositoryAt(env, repository).environments(),
      awaiting: async (repositories, limit) => {
        const waiting = await byAccount(repositories, (account, ids) => at(account).waiting(ids))
        const found: Deployment[] = []
        for (let from = 0; from < waiting.length && found.length < limit; from += MOST_ASKED)
          found.push(...(await Promise.all(waiting.slice(from, from + MOST_ASKED).map((id) => repositoryAt(env, id).awaiting(limit)))).flat())
        return found.toSorted((one, other) => one.createdAt - other.createdAt).slice(0, limit)
      },
    },
    missedInbox: {
      has: async (key) => {
        const [kind, repository] = key.split(':')
        // About an installation: the next call to GitHub finds out by itself.
        return kind === 'g' || repositoryAt(env, Number(repository)).has(key)
      },
      store: (deliveries) =>
        Promise.all(
          deliveries.map(async (delivery) => {
            const home = homeIn(delivery)
            return home === null ? false : ((await repositoryAt(env, home.repository).deliver(home, [delivery], true))[0] ?? false)
          }),
        ),
    },
    repositoryAudit: (repository, before, limit) => repositoryAt(env, repository).auditPage(before, limit),
    mayApprove: (request, id) => repositoryAt(env, repositoryOfDeployment(id) ?? request.repository.id).mayApprove(request, id),
  }
}

/** Objects that are asked at once. */
const MOST_ASKED = 50

/** A target's key ends with its account; the operator's own has none (deploy/declaration.ts). */
const ownerOf = (target: string): number => Number(target.split('@')[1] ?? OPERATOR)

/** A cookie begins with its person, an API token with its account, both in base 36. */
function withPerson<T>(cookie: string, work: (person: number) => T, otherwise: T): T {
  const [, person] = /^([0-9a-z]{1,11})\./.exec(cookie) ?? []
  return person === undefined ? otherwise : work(Number.parseInt(person, 36))
}
function accountOfToken(secret: Secret): number | null {
  const [, account] = API_TOKEN.exec(secret.reveal()) ?? []
  return account === undefined ? null : Number.parseInt(account, 36)
}

async function byAccount<T>(
  repositories: readonly Placed[],
  ask: (account: number, ids: readonly number[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const groups = Map.groupBy(
    repositories.filter(({ account }) => account !== undefined),
    ({ account }) => account as number,
  )
  const answers = await Promise.all(
    [...groups].map(([account, all]) =>
      ask(
        account,
        all.map(({ id }) => id),
      ),
    ),
  )
  return answers.flat()
}

/** For all together the operator's object counts; what is asked of an account, and by whom, the account's; and what one repository has to bear, itself. */
function counterOf(name: LimitName, { account }: Whose): number | null {
  if (name === 'lookups' || name === 'misses' || name === 'guess' || name === 'guesses') return OPERATOR
  return name === 'repository' || name === 'address' || name === 'look' ? null : account
}

function limitsOf(env: Bindings, here: Limits, whose: Whose): Limits {
  const elsewhere = (name: LimitName): number | null => {
    const counter = counterOf(name, whose)
    return whose.repository === null && counter === whose.account ? null : counter
  }
  const giveBack: Limits['giveBack'] = async (name, key, count = 1) => {
    const counter = elsewhere(name)
    if (counter === null) return here.giveBack(name, key, count)
    // What cannot be given back has counted.
    await accountAt(env, counter)
      .giveBack(counter, [[name, key]], count)
      .catch(() => {})
  }
  return {
    take: (name, key, count = 1) => {
      const counter = elsewhere(name)
      return counter === null ? here.take(name, key, count) : accountAt(env, counter).takeOne(counter, name, key, count)
    },
    giveBack,
    takeAll: async (from, count = 1) => {
      const taken: (readonly [LimitName, string])[] = []
      for (const [counter, its] of Map.groupBy(from, ([name]) => elsewhere(name))) {
        const short = counter === null ? await here.takeAll(its, count) : await accountAt(env, counter).take(counter, its, count)
        if (short !== null) {
          for (const [name, key] of taken) await giveBack(name, key, count)
          return short
        }
        taken.push(...its)
      }
      return null
    },
  }
}

/**
 * What GitHub tells of a whole installation, to each of the account's repositories, in the order of their ids. An invocation may have a thousand calls: what
 * was told is written down, and the next try goes on behind it.
 */
export async function tellAll(env: Bindings, account: number, repositories: readonly number[], event: Gone, notes: Notes): Promise<void> {
  const place = `gone ${event.installation} ${event.repositories?.length ?? 'everywhere'}`
  const after = Number(notes.find(place) ?? 0)
  const meant = event.repositories === undefined ? null : new Set(event.repositories)
  const untold = repositories.filter((id) => id > after && (meant?.has(id) ?? true))
  for (let from = 0; from < untold.length; from += MOST_ASKED) {
    const some = untold.slice(from, from + MOST_ASKED)
    await Promise.all(some.map((repository) => repositoryAt(env, repository).happened({ repository, account }, event)))
    notes.put(place, String(some.at(-1)))
  }
  notes.drop(place)
}

type Gone = Extract<Happening, { readonly kind: 'gone' }>
type Notes = ReturnType<typeof createNotes>
