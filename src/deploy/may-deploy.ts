import { Refusal } from '../errors.ts'
import { actorName, isAutomatic, isPerson, type Actor, type DeployRequest } from './deployment.ts'
import { atLeast, everyRules, matches, partyName, type EnvironmentRules, type Party } from './environment.ts'
import { isOneOf } from './party.ts'
import type { Facts } from './source.ts'
import { capital, listed } from './wording.ts'

/** Whether whoever asks may deploy there: by the repository's rules, and by the account's. */
export const mayDeployThere = (request: Pick<DeployRequest, 'actor' | 'door'>, facts: Facts, own: EnvironmentRules): Refusal | null =>
  everyRules(own)
    .map((rules) => mayDeploy(request, facts, rules))
    .find((may) => may instanceof Refusal) ?? null

/** Whether whoever asks may deploy by these rules; without rules, whether they may deploy anywhere at all. */
export function mayDeploy(
  request: Pick<DeployRequest, 'actor' | 'door'>,
  facts: Facts,
  rules: (Pick<EnvironmentRules, 'allow'> & { readonly name?: string }) | null,
): Refusal | string {
  const { actor, door } = request
  if (isAutomatic(door)) return 'the configuration lets it begin by itself'
  if (!isPerson(actor)) return mayProgram(actor, facts, rules)
  const any = rules?.allow.any ?? []
  if (facts.actor.id !== actor.id) return changedActor(request, facts)
  const needed = rules?.allow.role ?? 'write'
  if (!atLeast(facts.actor.role, needed)) return tooWeak(actor.login, facts.actor.role, needed)
  if (any.length > 0 && !isOneOf(any, actor, facts)) return notNamed(actor.login, any.map(partyName))
  return `${actor.login} has the role ${facts.actor.role}${any.length > 0 ? ' and is one of those that the rules name' : ''}`
}

/** Its own limits come first: whoever made a token, or started a job in an environment of GitHub's, meant no other environment. */
function mayProgram(actor: Actor, facts: Facts, rules: Parameters<typeof mayDeploy>[2]): Refusal | string {
  const name = actorName(actor)
  if (facts.actor.id === null) return revoked(name)
  if (rules === null) return `${name} is somebody that rules may name`
  if (rules.name !== undefined && !isFor(actor, rules.name)) return outside(name, rules.name)
  const { any } = rules.allow
  if (isOneOf(any, actor, facts)) return `${name} is named by the rules`
  return unnamed(actor, any, facts)
}

/** GitHub tells its environments apart without regard to case. */
function isFor({ program }: Actor, environment: string): boolean {
  if (program?.kind === 'token') return program.environments.some((pattern) => matches(pattern, environment))
  return program?.environment == null || program.environment.toLowerCase() === environment.toLowerCase()
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

/** Who reads it may be who wrote the rules. */
const unnamed = (actor: Actor, any: readonly Party[], { repository }: Facts): Refusal => {
  const name = actorName(actor)
  return new Refusal('PERMISSION_REQUIRED', {
    sentence: `${capital(name)} may not deploy here.`,
    found: `${name}, which the rules do not name`,
    wanted: any.length === 0 ? 'one of the programs under allow.any, where there is none yet' : `one of ${listed(any.map(partyName))}`,
    next: `Name ${partyName(partyOf(actor, repository.defaultBranch))} under allow.any of the environment, or ask somebody who may to deploy.`,
  })
}

/** How the rules would have to name it. */
function partyOf({ app, program }: Actor, defaultBranch: string): Party {
  if (program?.kind === 'token') return { kind: 'token', name: program.name }
  if (program === undefined) return { kind: 'app', app: app?.slug ?? '' }
  const { file, ref } = program
  return { kind: 'workflow', file, ref: ref === `refs/heads/${defaultBranch}` ? null : ref.replace(/^refs\/heads\//, '') }
}

const revoked = (name: string): Refusal =>
  new Refusal('PERMISSION_REQUIRED', {
    sentence: `${capital(name)} was revoked.`,
    found: `${name}, which is not valid any more`,
    wanted: 'a token that is valid when the deployment begins, too',
    next: "Ask the account's administrators for another token, and ask again with it.",
    who: 'account',
  })

const outside = (name: string, environment: string): Refusal =>
  new Refusal('PERMISSION_REQUIRED', {
    sentence: `${capital(name)} is not for ${environment}.`,
    found: environment,
    wanted: 'an environment that it was made or started for',
    next: 'Ask for an environment that it is for, or use another token.',
  })

const notNamed = (login: string, names: readonly string[]): Refusal =>
  new Refusal('PERMISSION_REQUIRED', {
    sentence: `${login} may not deploy here.`,
    found: `${login}, whom the rules do not name`,
    wanted: `one of ${listed(names)}`,
    next: 'Ask one of them to deploy.',
  })
