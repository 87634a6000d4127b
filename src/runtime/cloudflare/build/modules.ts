import { readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ChunkingContext, type Plugin, rolldown } from 'rolldown'
import { esmExternalRequirePlugin } from 'rolldown/plugins'
import { minifySync } from 'rolldown/utils'
import type { Assets } from '../../../web/visit.ts'
import { LEFT_OUT } from './left-out.ts'
import { STAND_INS } from './stand-ins.ts'

const OWN = fileURLToPath(new URL('../../../', import.meta.url))
const ENTRY = fileURLToPath(new URL('../main.ts', import.meta.url))
const STUBS = fileURLToPath(new URL('stubs/', import.meta.url))

/** What of our own tables the build never met: a mistake in one of them, or another version of a package. */
interface Unmet {
  readonly plugin: Plugin
  unmet(): readonly string[]
}

/**
 * The Worker's modules by name, with their source maps: `main.js` and `start.js`, which answer, and beside them what objects are made of, which is not run before there is
 * one. The pages find what they load at the paths of `assets`.
 */
export async function workerModules({ style, script }: Assets): Promise<ReadonlyMap<string, string | Uint8Array>> {
  const tables = [standIns(), leftOut()]
  const build = await rolldown({
    input: ENTRY,
    platform: 'browser',
    // Not there where Gantry is a package. An import that nothing is left of goes.
    tsconfig: false,
    resolve: { conditionNames: ['workerd', 'worker', 'browser', 'import', 'module', 'default'], mainFields: ['browser', 'module', 'main'] },
    external: /^cloudflare:/,
    transform: { define: { 'process.env.NODE_ENV': '"production"', STYLE_PATH: JSON.stringify(style), SCRIPT_PATH: JSON.stringify(script) } },
    optimization: { inlineConst: true },
    plugins: [...tables.map(({ plugin }) => plugin), minified, esmExternalRequirePlugin({ external: [/^node:/, ...builtinModules] })],
  })
  const { output } = await build.generate({
    ...{ entryFileNames: 'main.js', chunkFileNames: '[name].js', codeSplitting: { groups: [{ name: inOne, debugName: 'start' }] } },
    ...{ minify: true, sourcemap: true },
    // Packages of CommonJS say `crypto`.
    paths: (name) => (builtinModules.includes(name) ? `node:${name}` : name),
  })
  await build.close()
  const unmet = tables.flatMap((table) => table.unmet())
  if (unmet.length > 0) throw new Error(`Nothing that goes into the Worker has ${unmet.join(', nor ')}: correct src/runtime/cloudflare/build/.`)
  return new Map(output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]))
}

/** What is run at once goes into one module, by whomever else it is used. */
const inOne = (id: string, modules: ChunkingContext): string | null => (runAtOnce(ENTRY, modules).has(id) ? 'start' : null)

function runAtOnce(id: string, modules: ChunkingContext, found = new Set<string>()): ReadonlySet<string> {
  if (found.has(id)) return found
  found.add(id)
  for (const next of modules.getModuleInfo(id)?.importedIds ?? []) runAtOnce(next, modules, found)
  return found
}

function standIns(): Unmet {
  const all = STAND_INS.flatMap(({ of, imports, by }) => of.flatMap((name) => imports.map((words) => [`${words} in ${name}`, by] as const)))
  const stubs = new Map<string, string>(all)
  const met = new Set<string>()
  return {
    plugin: {
      name: 'stand-ins',
      resolveId(words, importer) {
        const name = `${words} in ${packageOf(importer ?? '')}`
        const stub = stubs.get(name)
        if (stub === undefined) return null
        met.add(name)
        return join(STUBS, stub)
      },
    },
    unmet: () => [...stubs.keys()].filter((name) => !met.has(name)),
  }
}

const packageOf = (file: string): string => placeOf(file).name

/** Of which package a file is, and where in it: of Gantry's own, below `src/`. */
function placeOf(file: string): { readonly name: string; readonly path: string } {
  if (file.startsWith(OWN)) return { name: 'gantry', path: file.slice(OWN.length).replaceAll('\\', '/') }
  const [, name = file, path = ''] = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)/.exec(file.replaceAll('\\', '/')) ?? []
  return { name, path }
}

function leftOut(): Unmet {
  const met = new Set<RegExp>()
  return {
    plugin: {
      name: 'left-out',
      load(file) {
        const { name, path } = placeOf(file)
        const all = LEFT_OUT.filter(({ of, files }) => of === name && files.test(path))
        if (all.length === 0) return null
        let code = readFileSync(file, 'utf8')
        for (const { files, without } of all) {
          const left = without(code, file)
          if (left !== code) met.add(files)
          code = left
        }
        return { code, moduleType: file.endsWith('.ts') ? 'ts' : 'js' }
      },
    },
    unmet: () => LEFT_OUT.filter(({ files }) => !met.has(files)).map(({ of, files }) => `${files} in ${of}`),
  }
}

/** Before Rolldown minifies it: what that leaves unused goes by doing it again, 1.5 KB. */
const minified: Plugin = {
  name: 'minified',
  renderChunk(code, { fileName }) {
    const { code: shorter, map } = minifySync(fileName, code, { module: true, compress: true, mangle: true, sourcemap: true })
    return { code: shorter, map: map ?? null }
  },
}
