import { Refusal } from '../../errors.ts'
import { atLeast } from '../environment.ts'
import type { Gate } from './gate.ts'

/** The person's own role, by user id: logins are given up and taken again by others. */
export const person: Gate = {
  name: 'person',
  judge: ({ request, facts, proposal }) => {
    const { actor } = request
    if (facts.actor.id !== actor.id) {
      return new Refusal('ACTOR_CHANGED', {
        sentence: `The account that asked is not the one that is called ${actor.login} now.`,
        found: facts.actor.id === null ? `nobody is called ${actor.login}` : `user id ${facts.actor.id}`,
        wanted: `user id ${actor.id}`,
        next: 'Ask again from an account that can deploy.',
      })
    }
    const needed = proposal?.rules.allow.role ?? 'write'
    if (atLeast(facts.actor.role, needed)) return `${actor.login} has the role ${facts.actor.role}`
    return new Refusal('PERMISSION_REQUIRED', {
      sentence: `${actor.login} may not deploy here.`,
      found: `role ${facts.actor.role}`,
      wanted: `role ${needed} or higher on this repository`,
      next: `Ask someone with the role ${needed} to deploy, or an administrator of the repository for that role.`,
    })
  },
}
