import { Refusal } from '../errors.ts'
import { isAutomatic, type DeployRequest } from './deployment.ts'
import { atLeast, everyRules, partyName, type EnvironmentRules } from './environment.ts'
import { isOneOf } from './party.ts'
import type { Facts } from './source.ts'
import { listed } from './wording.ts'

/** Whether whoever asks may deploy there: by the repository's rules, and by the account's. */
export const mayDeployThere = (request: Pick<DeployRequest, 'actor' | 'door'>, facts: Facts, own: EnvironmentRules): Refusal | null =>
  everyRules(own)
    .map((rules) => mayDeploy(request, facts, rules))
    .find((may) => may instanceof Refusal) ?? null

/** Whether whoever asks may deploy by these rules; without rules, whether they may deploy anywhere at all. */
export function mayDeploy(
  request: Pick<DeployRequest, 'actor' | 'door'>,
  facts: Facts,
  rules: Pick<EnvironmentRules, 'allow'> | null,
): Refusal | string {
  const { actor, door } = request
  if (isAutomatic(door)) return 'the configuration lets it begin by itself'
  const any = rules?.allow.any ?? []
  if (actor.app !== null) {
    if (rules === null || isOneOf(any, actor, facts.members)) return `the App ${actor.app.slug} is named by the rules`
    return notNamed(actor.login, any.length === 0 ? ['the Apps under allow.any, where there is none yet'] : any.map(partyName))
  }
  if (facts.actor.id !== actor.id) return changedActor(request, facts)
  const needed = rules?.allow.role ?? 'write'
  if (!atLeast(facts.actor.role, needed)) return tooWeak(actor.login, facts.actor.role, needed)
  if (any.length > 0 && !isOneOf(any, actor, facts.members)) return notNamed(actor.login, any.map(partyName))
  return `${actor.login} has the role ${facts.actor.role}${any.length > 0 ? ' and is one of those that the rules name' : ''}`
}

export const changedActor = ({ actor }: Pick<DeployRequest, 'actor'>, facts: Facts): Refusal =>
  new Refusal('ACTOR_CHANGED', {
    sentence: `The account that asked is not the one that is called ${actor.login} now.`,
    found: facts.actor.id === null ? `nobody is called ${actor.login}` : `user id ${facts.actor.id}`,
    wanted: `user id ${actor.id}`,
    next: 'Ask again from an account that can deploy.',
  })

const tooWeak = (login: string, role: string, needed: string): Refusal =>
  new Refusal('PERMISSION_REQUIRED', {
    sentence: `${login} may not deploy here.`,
    found: `role ${role}`,
    wanted: `role ${needed} or higher on this repository`,
    next: `Ask someone with the role ${needed} to deploy, or an administrator of the repository for that role.`,
  })

const notNamed = (login: string, names: readonly string[]): Refusal =>
  new Refusal('PERMISSION_REQUIRED', {
    sentence: `${login} may not deploy here.`,
    found: `${login}, whom the rules do not name`,
    wanted: `one of ${listed(names)}`,
    next: 'Ask one of them to deploy.',
  })
