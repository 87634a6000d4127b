import { isPerson, type Actor, type Program } from './deployment.ts'
import { matches, partyName, type Party } from './environment.ts'
import type { Facts } from './source.ts'

/** Whether one of the parties means them. A login counts only for whoever has it now. */
export const isOneOf = (parties: readonly Party[], who: Actor, facts: Pick<Facts, 'members' | 'repository'>): boolean =>
  parties.some((party) => {
    const { app, program } = who
    if (party.kind === 'team') return isPerson(who) && (facts.members.get(partyName(party))?.includes(who.id) ?? false)
    if (party.kind === 'user') return isPerson(who) && party.login.toLowerCase() === who.login.toLowerCase()
    if (party.kind === 'app') return app !== null && (typeof party.app === 'number' ? party.app === app.id : party.app === app.slug)
    if (party.kind === 'token') return program?.kind === 'token' && program.name === party.name
    return program?.kind === 'workflow' && program.file === party.file && isRunOn(party.ref, program, facts)
  })

/** Whoever may push a branch may write another workflow there: without a word about it only the default branch's counts. */
function isRunOn(pattern: string | null, { ref }: Extract<Program, { kind: 'workflow' }>, { repository }: Pick<Facts, 'repository'>): boolean {
  if (pattern === null) return repository.defaultBranch !== '' && ref === `refs/heads/${repository.defaultBranch}`
  return matches(pattern.startsWith('refs/') ? pattern : `refs/heads/${pattern}`, ref)
}
