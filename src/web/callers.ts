import type { ApiTokens } from '../deploy/api-token.ts'
import type { Person, Repository } from '../deploy/deployment.ts'
import type { Directory } from '../deploy/directory.ts'
import type { SpentTokens } from '../deploy/journal.ts'
import { Secret } from '../secret.ts'
import type { Caller } from './caller.ts'
import type { Issuer, IssuerDoors } from './callers/issuer.ts'
import { tokenProof } from './callers/token.ts'
import { userProof, type UserDoors } from './callers/user.ts'
import { workflowProof } from './callers/workflow.ts'
import { createLookups } from './lookups.ts'
import { unauthenticated } from './problems.ts'
import { KNOWN_FOR, Recent, UNKNOWN_FOR } from './recent.ts'

/** Who calls, and what of it they may see. What they may do is decided by the gates, at each request anew. */
export interface Callers {
  /**
   * Whose token the header carries; `address`: where it comes from, for guesses are counted.
   * Throws AUTHENTICATION_REQUIRED, TOO_MANY_REQUESTS, or a `Failure` where GitHub cannot be asked.
   */
  identify(authorization: string | undefined, address: string | null): Promise<Caller>
  /** Somebody who has signed in on a page, and what they saw then: the same caller as with a user token of theirs. */
  person(person: Person, seen: readonly Repository[]): Caller
  /** One with the App on it, whether they may see it or not: as it was up to a minute ago. Throws TOO_MANY_REQUESTS where they ask for ever others. */
  repository(caller: Caller, owner: string, name: string): Promise<Repository | null>
}

export interface CallerDoors extends UserDoors, IssuerDoors {
  readonly directory: Directory
  /** GitHub Actions'; null where nobody knows for whom its tokens would have to be. */
  readonly issuer: Issuer | null
  readonly spent: SpentTokens
  readonly tokens: ApiTokens
}

export function createCallers(doors: CallerDoors): Callers {
  const { directory, clock, limits } = doors
  const users = userProof(doors)
  const proofs = [users, workflowProof(doors.issuer, doors), tokenProof(doors.tokens, doors)]
  const repositories = new Recent<Repository | null>(clock)
  const lookUp = createLookups(limits)

  return {
    person: (person, seen) => ({ ...users.caller(person), knows: (owner, name) => seen.find((one) => isCalled(one, owner, name)) ?? null }),
    async identify(authorization, address) {
      const [, text = ''] = /^Bearer (\S+)$/i.exec(authorization ?? '') ?? []
      const proof = proofs.find(({ form }) => form.test(text))
      if (proof === undefined) throw unauthenticated(authorization === undefined ? 'no Authorization header' : 'another Authorization header')
      return proof.identify(new Secret(text), address)
    },
    async repository(caller, owner, name) {
      const called = `${owner}/${name}`.toLowerCase()
      const known = caller.knows?.(owner, name) ?? null
      if (known !== null && directory.isHere?.(known) !== false) return known
      if (caller.home !== undefined && caller.home.toLowerCase() !== called) return null
      const isSeen = async (found: Repository | null): Promise<boolean> => found !== null && caller.sees(found)
      return repositories.get(
        // Each has answers of their own: what others have asked for lately must not show.
        `${caller.countedBy}:${called}`,
        () => lookUp({ caller: caller.countedBy, name: called, questions: 1 }, () => directory.repository(owner, name), isSeen),
        (found) => (found === null ? UNKNOWN_FOR : KNOWN_FOR),
      )
    },
  }
}

const isCalled = (one: Repository, owner: string, name: string): boolean =>
  one.owner.toLowerCase() === owner.toLowerCase() && one.name.toLowerCase() === name.toLowerCase()
