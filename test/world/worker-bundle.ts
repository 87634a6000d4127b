import { spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { parse } from 'yaml'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CONFIGURATION = join(ROOT, 'src/runtime/cloudflare/wrangler.jsonc')
const WRANGLER = join(ROOT, 'node_modules/wrangler/bin/wrangler.js')

export interface WorkerModule {
  readonly name: string
  readonly content: string
}

export interface ObjectBinding {
  readonly name: string
  readonly className: string
}

/** A Worker as it is uploaded. The first module is the one that answers. */
export interface WorkerBundle {
  readonly compatibilityDate: string
  readonly compatibilityFlags: readonly string[]
  readonly modules: readonly WorkerModule[]
  readonly objects: readonly ObjectBinding[]
}

/** What `wrangler deploy` would upload; `folder` is empty and takes its files. `root`: where it is run, and `file` what it finds there. */
export async function buildWorker(folder: string, { root, file } = { root: ROOT, file: CONFIGURATION }): Promise<WorkerBundle> {
  const { main, compatibility_date, compatibility_flags, durable_objects } = configurationIn(file)
  await runWrangler(['deploy', '--dry-run', '--outdir', folder], join(folder, 'log'), root)
  const entry = basename(main)
  const others = readdirSync(folder).filter((name) => name.endsWith('.js') && name !== entry)
  return {
    compatibilityDate: compatibility_date,
    compatibilityFlags: compatibility_flags ?? [],
    modules: [entry, ...others].map((name) => ({ name, content: readFileSync(join(folder, name), 'utf8') })),
    objects: durable_objects.bindings.map(({ name, class_name }) => ({ name, className: class_name })),
  }
}

/** In bytes, as wrangler counts what Cloudflare's limit is about: all modules, compressed together. */
export const compressedSize = ({ modules }: WorkerBundle): number => gzipSync(modules.map(({ content }) => content).join('')).byteLength

export interface Configuration {
  readonly main: string
  readonly build: { readonly command: string; readonly watch_dir: string | readonly string[] }
  readonly assets: { readonly directory: string }
  readonly compatibility_date: string
  readonly compatibility_flags: readonly string[]
  readonly durable_objects: { readonly bindings: readonly { readonly name: string; readonly class_name: string }[] }
}

/** JSON with comments, all of which have lines of their own: without them it is YAML. */
export const configurationIn = (file = CONFIGURATION): Configuration =>
  parse(readFileSync(file, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as Configuration

export interface WranglerDev {
  readonly origin: string
  stop(): Promise<void>
}

/** `wrangler dev`, whose objects are in `folder`: the Worker with its static assets. */
export async function startWranglerDev(folder: string): Promise<WranglerDev> {
  const words = ['dev', '--ip', '127.0.0.1', '--port', '0', '--inspector-port', '0', '--persist-to', folder]
  const wrangler = runningWrangler(words, join(folder, 'log'), ROOT)
  const origin = await new Promise<string>((resolve, reject) => {
    wrangler.onOutput((output) => {
      const [, found] = /Ready on (http:\S+)/.exec(output) ?? []
      if (found !== undefined) resolve(found)
    })
    void wrangler.ended.then((code) => reject(new Error(`wrangler dev ended with ${code}:\n${wrangler.output()}`)))
  })
  return {
    origin,
    stop: async () => {
      wrangler.child.kill('SIGTERM')
      await wrangler.ended
    },
  }
}

async function runWrangler(words: readonly string[], log: string, root: string): Promise<void> {
  const { ended, output } = runningWrangler(words, log, root)
  const code = await ended
  if (code !== 0) throw new Error(`wrangler ${words.join(' ')} ended with ${code}:\n${output()}`)
}

/** Without its banner, for which it would ask the registry for a newer version of itself. */
function runningWrangler(words: readonly string[], log: string, root: string) {
  const env = { PATH: process.env['PATH'] ?? '', WRANGLER_SEND_METRICS: 'false', WRANGLER_HIDE_BANNER: 'true', WRANGLER_LOG_PATH: log }
  const child = spawn(process.execPath, [WRANGLER, ...words], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const listeners: ((output: string) => void)[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      for (const listen of listeners) listen(output)
    })
  }
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  return { child, ended, output: () => output, onOutput: (listen: (output: string) => void) => void listeners.push(listen) }
}
