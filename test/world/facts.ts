import type { World } from './world.ts'

/** The tag that CI gives the image of the pull request's head: the template in `DEPLOY_YML`. */
export const tagOf = (world: World): string => `sha-${(world.pull.pull?.head ?? '').slice(0, 7)}`

/** What the deployed site answers at a path; null where there is nothing. */
export async function servesAt(world: World, path: string): Promise<string | null> {
  const page = await world.life.gantry.sites.get('site')?.find(path)
  return page?.found === 'file' ? new Response(page.content).text() : null
}

/** The states of all deployments, oldest first. */
export const states = (world: World): unknown[] => world.disk.all('select state from deployment order by sequence').map(({ state }) => state)
