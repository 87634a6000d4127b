import { partyName, type Party } from './environment.ts'

/** Somebody as the rules may mean them. */
interface Candidate {
  readonly id: number
  readonly login: string
  readonly app?: { readonly id: number; readonly slug: string } | null
}

/** Whether one of the parties means them. A login counts only for whoever has it now; `members` holds the ids in each team that was asked about. */
export const isOneOf = (parties: readonly Party[], who: Candidate, members: ReadonlyMap<string, readonly number[]>): boolean =>
  parties.some((party) => {
    if (party.kind === 'team') return (who.app ?? null) === null && (members.get(partyName(party))?.includes(who.id) ?? false)
    if (party.kind === 'user') return (who.app ?? null) === null && party.login.toLowerCase() === who.login.toLowerCase()
    return who.app != null && (typeof party.app === 'number' ? party.app === who.app.id : party.app === who.app.slug)
  })
