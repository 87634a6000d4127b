import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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
    place(folder, new Map([...below('modules', modules), ...below('assets', files)]))
    const scripts = [...modules.keys()].filter((name) => name.endsWith('.js'))
    print(`${scripts.length} modules and ${files.size} static assets in ${folder}\n`)
    return 0
  },
}

type Files = ReadonlyMap<string, string | Uint8Array>

const below = (folder: string, files: Files) => [...files].map(([name, content]) => [join(folder, name), content] as const)

/** What is in the folder from here: what is not written again goes, and nothing else. */
const WRITTEN = 'written.json'

/** Each file is there whole, and none goes that stays: another build may be reading. */
function place(folder: string, files: Files): void {
  const before = writtenIn(folder)
  const beside = join(folder, `new-${process.pid}`)
  const all = new Map([...files, [WRITTEN, JSON.stringify([...files.keys()])]])
  for (const [name, content] of all) {
    const file = join(folder, name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(beside, content)
    renameSync(beside, file)
  }
  for (const name of before) if (!files.has(name)) rmSync(join(folder, name), { force: true })
}

function writtenIn(folder: string): readonly string[] {
  try {
    return JSON.parse(readFileSync(join(folder, WRITTEN), 'utf8')) as readonly string[]
  } catch {
    return []
  }
}
