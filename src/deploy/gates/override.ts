import { Refusal } from '../../errors.ts'
import { actorName, isAutomatic, isPerson } from '../deployment.ts'
import { capital } from '../wording.ts'
import type { Gate } from './gate.ts'

/** Setting rules aside is an administrator's own word: a person's, with the role of now. What may be set aside says so in its `skippedBy`. */
export const override: Gate = {
  name: 'override',
  skippedBy: [],
  judge: ({ request, facts }) => {
    const { actor, asks, door } = request
    if (asks.override === null || facts === null) return null
    const isThem = isPerson(actor) && !isAutomatic(door) && facts.actor.id === actor.id
    if (isThem && facts.actor.role === 'admin' && asks.override.trim() !== '') return `${actor.login}, an administrator, says why: ${asks.override}`
    return new Refusal('OVERRIDE_REFUSED', {
      sentence: `${capital(actorName(actor))} may not set rules aside here.`,
      found: isPerson(actor) ? `role ${facts.actor.role}` : actorName(actor),
      wanted: 'a person with the role admin, and a reason',
      next: 'Ask again without --override, or ask an administrator of the repository.',
    })
  },
}
