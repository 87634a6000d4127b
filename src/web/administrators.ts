import type { Administration } from '../deploy/administration.ts'
import type { Clock } from '../deploy/clock.ts'
import { isPerson } from '../deploy/deployment.ts'
import type { Account, Directory, Standing } from '../deploy/directory.ts'
import { partyName } from '../deploy/environment.ts'
import type { Limits } from '../deploy/limits.ts'
import { listed, quoted } from '../deploy/wording.ts'
import type { Caller } from './caller.ts'
import { createLookups } from './lookups.ts'
import { RequestRefused } from './problems.ts'
import { KNOWN_FOR, Recent, UNKNOWN_FOR } from './recent.ts'

export interface Administrators {
  /**
   * The account of this login, where the caller administers it: to look, as it was up to a minute ago, and to change something, as GitHub
   * says it now. That they do not may be half a minute old. `by`
   * programs: also where an API token was made for that. Throws ACCOUNT_UNKNOWN, PERMISSION_REQUIRED to the organisation's members, or a `Failure` where GitHub cannot be asked.
   */
  account(login: string, caller: Caller, does: 'look' | 'change', by?: 'people' | 'programs'): Promise<Account>
}

export interface AdministratorDoors {
  readonly directory: Pick<Directory, 'account' | 'standing'>
  readonly administration: Pick<Administration, 'administrators'>
  readonly clock: Clock
  readonly limits: Limits
}

interface Found {
  readonly account: Account
  readonly standing: Standing
}

export function createAdministrators({ directory, administration, clock, limits }: AdministratorDoors): Administrators {
  const recent = new Recent<Found | null>(clock)
  const lookup = createLookups(limits)

  async function find(login: string, caller: Caller): Promise<Found | null> {
    const account = await directory.account(login)
    if (account === null) return null
    if (!isPerson(caller.actor)) return { account, standing: caller.configures === account.id ? 'administrator' : 'stranger' }
    return { account, standing: await directory.standing(caller.actor, account, administration.administrators(account.id)) }
  }

  return {
    async account(login, caller, does, by = 'people') {
      // Apps and workflows administer nothing, and a token only what it was made for.
      if (!isPerson(caller.actor) && (by === 'people' || caller.configures === undefined)) throw accountUnknown(login)
      const own: { answer?: Promise<Found | null> } = {}
      const ask = () => (own.answer = lookup(caller.countedBy, login, () => find(login, caller), isKnown))
      const known = await recent.get(`${caller.key}:${login}`.toLowerCase(), ask, (found) => (isAdministrator(found) ? KNOWN_FOR : UNKNOWN_FOR))
      // Whoever was none a moment ago is refused by that, or they could use up what GitHub lets be asked of the account. Whoever looks does not wait for what is made anew.
      const found = does === 'change' && isAdministrator(known) ? await (own.answer ?? ask()) : known
      if (found === null || found.standing === 'stranger') throw accountUnknown(login)
      if (found.standing === 'administrator') return found.account
      const named = administration.administrators(found.account.id).map(partyName)
      throw new RequestRefused('PERMISSION_REQUIRED', {
        sentence: `You do not administer the account ${found.account.login}.`,
        found: 'a member of the organisation',
        wanted: listed([`an owner of ${found.account.login}`, ...named]),
        who: 'account',
        next: 'Ask one of them to do it.',
      })
    },
  }
}

const isAdministrator = (found: Found | null): boolean => found?.standing === 'administrator'

/** To whom the account's existence is no secret. */
const isKnown = (found: Found | null): boolean => found !== null && found.standing !== 'stranger'

const accountUnknown = (login: string): RequestRefused =>
  new RequestRefused('ACCOUNT_UNKNOWN', {
    sentence: `There is no account ${quoted(login)} here.`,
    found: login,
    wanted: 'an account that has this GitHub App and that you administer',
    next: 'Check the login, and that the App is installed on the account.',
  })
