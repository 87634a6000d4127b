import { isAutomatic, isPerson } from '../deployment.ts'
import { locked } from '../locked.ts'
import type { Gate } from './gate.ts'

/** An environment that somebody holds is deployed to by its holder alone; nothing else sets this aside but giving the lock up. */
export const lock: Gate = {
  name: 'lock',
  skippedBy: [],
  judge: ({ request, proposal, records }) => {
    const held = records.lock
    if (proposal === null || held === null) return null
    const { owner, environment } = held
    // What begins by itself is nobody's, also where the holder has pushed.
    const isTheirs = isPerson(request.actor) && !isAutomatic(request.door)
    if (owner !== null && owner.id === request.actor.id && isTheirs) return `${owner.login} holds it`
    return locked(held, `type "/unlock ${environment === '*' ? '--all' : proposal.environment}" if it is not needed any more`)
  },
}
