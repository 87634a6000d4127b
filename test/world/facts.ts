import { createLocks } from '../../src/store/locks.ts'
import type { Person } from './github/people.ts'
import type { World } from './world.ts'
import { MAC } from './mac.ts'

/** The tag that CI gives the image of the pull request's head: the template in `DEPLOY_YML`. */
export const tagOf = (world: World): string => `sha-${(world.pull.pull?.head ?? '').slice(0, 7)}`

/** What the deployed site answers at a path; null where there is nothing. Where the process dies of the visit, its successor is asked. */
export async function servesAt(world: World, path: string): Promise<string | null> {
  const { crossings, gantry } = world.life
  const page = gantry.sites.get('site')?.find(path)
  const text = page?.then((found) => (found.found === 'file' ? new Response(found.content).text() : null)) ?? null
  const answer = await Promise.race([text, crossings.died])
  if (answer !== undefined) return answer
  await world.settle()
  return servesAt(world, path)
}

/** The states of all deployments, oldest first. */
export const states = (world: World): unknown[] => world.disk.all('select state from deployment order by sequence').map(({ state }) => state)

/** Somebody holds `app/environment` for a day, taken on this thread. */
export function holds(world: World, { id, login }: Person, environment: string, on: { readonly number: number; readonly node: string }): void {
  const { repository, installation } = world.github
  const home = { id: repository.id, node: repository.node, owner: repository.owner.login, name: repository.name, installation: installation.id }
  const now = world.time.now()
  const subject = { number: on.number, node: on.node, isPull: true }
  const lock = {
    repository: home,
    environment,
    owner: { id, login },
    reason: 'a migration',
    since: now,
    askedAt: now,
    until: now + 86_400_000,
    subject,
    url: null,
  }
  createLocks(world.disk, MAC).take(lock, {})
}

/** The id that a comment of the bot's gives at its end. */
export const idIn = (said: string): string => /deployment \[?`([0-9a-z]+-[0-9a-z]{32})`/.exec(said)?.[1] ?? ''
