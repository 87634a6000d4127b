import { Refusal } from '../../errors.ts'
import { isAutomatic } from '../deployment.ts'
import type { Gate } from './gate.ts'

/** Setting rules aside is an administrator's own word: a person's, with the role of now. What may be set aside says so in its `skippedBy`. */
export const override: Gate = {
  name: 'override',
  skippedBy: [],
  judge: ({ request, facts }) => {
    const { actor, asks, door } = request
    if (asks.override === null || facts === null) return null
    const isPerson = actor.app === null && !isAutomatic(door) && facts.actor.id === actor.id
    if (isPerson && facts.actor.role === 'admin' && asks.override.trim() !== '') return `${actor.login}, an administrator, says why: ${asks.override}`
    return new Refusal('OVERRIDE_REFUSED', {
      sentence: `${actor.login} may not set rules aside here.`,
      found: actor.app === null ? `role ${facts.actor.role}` : `the App ${actor.app.slug}`,
      wanted: 'a person with the role admin, and a reason',
      next: 'Ask again without --override, or ask an administrator of the repository.',
    })
  },
}
