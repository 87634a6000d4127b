import { join } from 'node:path'
import { readAssets } from '../assets.ts'
import type { CliCommand } from '../terminal.ts'
import { writeStaticAssets } from './build/static-assets.ts'

/** What Wrangler runs before it deploys the Worker (`build.command`). */
export const worker: CliCommand = {
  name: 'worker',
  help: `gantry worker FOLDER
               writes the Worker for Cloudflare: its modules, and what it serves without running`,
  async run([folder, ...others], { say, print }) {
    if (folder === undefined || others.length > 0) {
      say('Which folder?')
      return 2
    }
    // What bundles is for development; who runs Gantry on Node has no need of it.
    const { writeModules } = await import('./build/modules.ts')
    const assets = readAssets()
    const modules = await writeModules(join(folder, 'modules'), assets)
    print(`${modules} modules and ${await writeStaticAssets(join(folder, 'assets'), assets)} static assets in ${folder}\n`)
    return 0
  },
}
