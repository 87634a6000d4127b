import type { Gantry } from '../assemble.ts'
import type { Site } from '../deploy/target.ts'
import type { Log } from './log.ts'
import { serveSite } from './serve.ts'

/**
 * Serves the sites that targets serve by themselves, as they come and go. One that cannot be served at the start is thrown, and one that
 * comes later is said in the log. Answers with how to stop all of them.
 */
export async function serveSites({ sites, onSites }: Pick<Gantry, 'sites' | 'onSites'>, log: Log): Promise<() => Promise<void>> {
  const served = new Map<string, { readonly site: Site; close(): unknown }>()
  let turn: Promise<void> = Promise.resolve()

  async function serve(target: string, site: Site): Promise<void> {
    const { url, close } = await serveSite(site)
    served.set(target, { site, close })
    log.info({ target, url }, 'serving a site')
  }
  async function update(): Promise<void> {
    for (const [target, { site, close: end }] of served) {
      if (sites.get(target) === site) continue
      served.delete(target)
      await end()
    }
    for (const [target, site] of sites) {
      if (served.has(target)) continue
      await serve(target, site).catch((error: unknown) => log.error({ err: error, target }, 'a site cannot be served'))
    }
  }
  const close = async (): Promise<void> => {
    await turn
    for (const one of served.values()) await one.close()
  }

  try {
    for (const [target, site] of sites) await serve(target, site)
  } catch (error) {
    await close()
    throw error
  }
  onSites(() => void (turn = turn.then(update)))
  return close
}
