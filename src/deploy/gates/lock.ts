import { Refusal } from '../../errors.ts'
import { isAutomatic } from '../deployment.ts'
import { utc, type Gate } from './gate.ts'

/** An environment that somebody holds is deployed to by its holder alone; nothing else sets this aside but giving the lock up. */
export const lock: Gate = {
  name: 'lock',
  skippedBy: [],
  judge: ({ request, proposal, records }) => {
    const held = records.lock
    if (proposal === null || held === null) return null
    const { owner, reason, since, until, environment } = held
    // What begins by itself is nobody's, also where the holder has pushed.
    const isPerson = request.actor.app === null && !isAutomatic(request.door)
    if (owner !== null && owner.id === request.actor.id && isPerson) return `${owner.login} holds it`
    const where = environment === '*' ? 'Every environment of this repository' : proposal.environment
    return new Refusal('LOCKED', {
      sentence: `${where} is locked by ${owner?.login ?? 'Gantry'}: ${reason}`,
      found: `locked since ${utc(since)}${until === null ? '' : `, until ${utc(until)}`}`,
      wanted: 'a free environment, or its holder',
      next: `Ask ${owner?.login ?? 'whoever looks into it'}, or type "/unlock ${environment === '*' ? '--all' : proposal.environment}" if it is not needed any more.`,
    })
  },
}
