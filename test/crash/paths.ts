import { tagOf } from '../world/facts.ts'
import type { World } from '../world/world.ts'

const PULL = 1

const builds = (world: World, tag: string): Promise<unknown> =>
  world.registry.has(`acme/shop:${tag}`, { 'site/index.html': `hello from ${tag}`, 'site/style.css': 'a {}' })

const byComment = (text: string) => (world: World) => new Map([[world.github.people.ada.comments(PULL, text).id, 1]])

const byLabel = (name: string) => (world: World) => {
  world.github.people.ada.labels(PULL, name)
  return new Map<number, number>()
}

/** Another image runs already: the new one takes its place. */
async function afterAnother(world: World, environment: string): Promise<ReadonlyMap<number, number>> {
  await builds(world, '1')
  const asked = byComment(`/deploy ${environment} :1`)(world)
  await world.settle()
  return asked
}

export const PATHS = {
  'static by comment': { isFirst: true, environment: 'staging', asks: byComment('/deploy staging') },
  'static by label': { isFirst: false, environment: 'staging', asks: byLabel('deploy:staging') },
  'docker by comment': { isFirst: false, environment: 'production', asks: byComment('/deploy production') },
  'docker by label': { isFirst: true, environment: 'production', asks: byLabel('deploy:production') },
} as const

export type PathName = keyof typeof PATHS

/** Prepares the path's world; with the commands that were asked on the way. */
export async function begin(name: PathName, world: World): Promise<ReadonlyMap<number, number>> {
  await builds(world, tagOf(world))
  const { isFirst, environment } = PATHS[name]
  return isFirst ? new Map() : afterAnother(world, environment)
}
