import { Refusal } from '../../errors.ts'
import type { Gate } from './gate.ts'

/** An environment that somebody holds is deployed to by its holder alone; nothing else sets this aside but giving the lock up. */
export const lock: Gate = {
  name: 'lock',
  skippedBy: [],
  judge: ({ request, proposal, records }) => {
    const held = records.lock
    if (proposal === null || held === null) return null
    const { owner, reason, since, until, environment } = held
    if (owner !== null && owner.id === request.actor.id && request.actor.app === null) return `${owner.login} holds it`
    const where = environment === '*' ? 'Every environment of this repository' : proposal.environment
    const time = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
    return new Refusal('LOCKED', {
      sentence: `${where} is locked by ${owner?.login ?? 'Gantry'}: ${reason}`,
      found: `locked since ${time(since)}${until === null ? '' : `, until ${time(until)}`}`,
      wanted: 'a free environment, or its holder',
      next: `Ask ${owner?.login ?? 'whoever looks into it'}, or type /unlock ${environment === '*' ? '--all' : proposal.environment} if it is not needed any more.`,
    })
  },
}
