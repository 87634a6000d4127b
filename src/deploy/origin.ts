import { Refusal } from '../errors.ts'
import type { Deployment, DeployRequest, Origin } from './deployment.ts'
import { environmentKey } from './environment.ts'
import type { Journal } from './journal.ts'
import { whatRuns } from './plan.ts'
import { quoted } from './wording.ts'

/** Finds whose plan is meant, once it is known which environment is: `key` is its own, `app` the app's name. */
export type FindOrigin = (origin: Origin, app: string, key: string) => Deployment | Refusal

export const originIn =
  (journal: Journal, { repository }: DeployRequest): FindOrigin =>
  (origin, app, key) => {
    if (origin.kind === 'promote') return promoted(journal, environmentKey(repository.id, app, origin.from), origin.from)
    if (origin.kind === 'retry') return origin.of === null ? nothing('retry', 'a deployment that has ended') : retried(journal, origin.of, key)
    return origin.to === null ? former(journal, key) : earlier(journal, origin.to, key)
  }

const LOOKED_AT = 100

/**
 * The last one that succeeded here before what runs now first did: what a rollback goes back to, and again from there, never forth to
 * what was rolled back. A plan's hash says more than what runs: another configuration with the same images and settings is nothing to go back to.
 */
function former(journal: Journal, key: string): Deployment | Refusal {
  const all = journal.succeeded(key, LOOKED_AT)
  const now = all[0]?.plan ?? null
  const first = all.findLastIndex(({ plan }) => plan !== null && now !== null && whatRuns(plan) === whatRuns(now))
  return all[first + 1] ?? nothing('roll back to', 'an earlier deployment that succeeded here')
}

function earlier(journal: Journal, id: string, key: string): Deployment | Refusal {
  const found = journal.find(id)
  if (found?.environment !== key || found.plan === null) return unknownId(id)
  if (found.state === 'success') return found
  return new Refusal('NOTHING_TO_REPEAT', {
    sentence: 'That deployment never succeeded, so nobody knows whether going back to it would help.',
    found: `${id}, ${found.state}`,
    wanted: 'a deployment that succeeded here',
    next: 'Name one that succeeded, or none: the last one before the present is meant then.',
  })
}

function promoted(journal: Journal, key: string, from: string): Deployment | Refusal {
  const last = journal.lastSuccess(key)
  if (last?.plan != null && journal.occupant(key) === null) return last
  return nothing('promote', `something that runs in ${from} and is at rest`)
}

/** An older plan never overtakes a newer one: going back has a command of its own. */
function retried(journal: Journal, id: string, key: string): Deployment | Refusal {
  const found = journal.find(id)
  if (found?.environment !== key || found.plan === null) return unknownId(id)
  if (found.endedAt === null) {
    return new Refusal('NOTHING_TO_REPEAT', {
      sentence: 'That deployment has not ended yet.',
      found: `${id}, ${found.state}`,
      wanted: 'one that failed, was cancelled or was refused',
      next: 'Wait for its end, or type /cancel.',
    })
  }
  const last = journal.lastSuccess(key)
  if (last === null || last.sequence <= found.sequence) return found
  return new Refusal('SUPERSEDED', {
    sentence: 'A newer deployment has succeeded here since, so the older one is not tried again.',
    found: `${last.id} succeeded`,
    wanted: 'the newest plan of this environment',
    next: 'Type /rollback with --to and its id if you want to go back to a plan that succeeded.',
  })
}

const unknownId = (id: string): Refusal =>
  new Refusal('DEPLOYMENT_UNKNOWN', {
    sentence: `There is no deployment ${quoted(id)} in this environment.`,
    found: id,
    wanted: "the id at the end of a deployment's comment",
    next: 'Look at /status, and write the command in a new comment.',
  })

const nothing = (verb: string, wanted: string): Refusal =>
  new Refusal('NOTHING_TO_REPEAT', {
    sentence: `There is nothing to ${verb} here.`,
    wanted,
    next: 'Deploy an image by its tag instead.',
  })
