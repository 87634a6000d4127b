import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { readAssets } from '../assets.ts'
import type { CliCommand } from '../terminal.ts'
import { staticAssets } from './build/static-assets.ts'

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
    const { workerModules } = await import('./build/modules.ts')
    const assets = readAssets()
    const [modules, files] = [await workerModules(assets), await staticAssets(assets)]
    place(join(folder, 'modules'), modules)
    place(join(folder, 'assets'), files)
    const scripts = [...modules.keys()].filter((name) => name.endsWith('.js'))
    print(`${scripts.length} modules and ${files.size} static assets in ${folder}\n`)
    return 0
  },
}

/** Nothing else is left in the folder. Each file is there whole, and none goes that stays: another build may be reading. */
function place(folder: string, files: ReadonlyMap<string, string | Uint8Array>): void {
  mkdirSync(folder, { recursive: true })
  const beside = mkdtempSync(`${folder}-`)
  for (const [name, content] of files) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(join(beside, 'new'), content)
    renameSync(join(beside, 'new'), file)
  }
  rmSync(beside, { recursive: true })
  const placed = new Set([...files.keys()].map((name) => join(folder, name)))
  for (const found of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = join(found.parentPath, found.name)
    if (found.isFile() && !placed.has(file)) rmSync(file, { force: true })
  }
}
