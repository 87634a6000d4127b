import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { buildWorker } from './worker-bundle.ts'
import type { WorkerBundle } from './worker-bundle.ts'

/** The program itself: what npm puts into `.bin` is a script that starts it, and would be killed in its place. Throws where there is none. */
const program = (): string => (createRequire(import.meta.url)('workerd') as { readonly default: string }).default

export interface PlainWorkerdOptions {
  /** The Worker's secrets and variables. */
  readonly environment?: Readonly<Record<string, string>>
  /** Gantry's own where it is left out, which takes a second or two to build. */
  readonly bundle?: WorkerBundle
}

/** The Worker in Cloudflare's workerd without anything around it: its objects' databases are files on disk, and its network is loopback alone. */
export async function startPlainWorkerd({ environment = {}, bundle }: PlainWorkerdOptions = {}): Promise<PlainWorkerd> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-workerd-'))
  const started = new PlainWorkerd(folder, environment)
  try {
    const built = join(folder, 'built')
    mkdirSync(built)
    started.installs(bundle ?? (await buildWorker(built)))
    await started.starts()
    return started
  } catch (error) {
    await started.stop()
    throw error
  }
}

export class PlainWorkerd {
  /** Below it are the objects' databases. */
  readonly objects: string
  /** What it printed, over all its starts. */
  log = ''
  /** Milliseconds from the last start to its first answer. */
  startedIn = NaN
  readonly #folder: string
  #environment: Readonly<Record<string, string>>
  #child: ChildProcess | null = null
  #port = 0

  constructor(folder: string, environment: Readonly<Record<string, string>>) {
    this.#folder = folder
    this.#environment = environment
    this.objects = join(folder, 'objects')
    mkdirSync(this.objects)
  }

  /** The same after a restart. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Of the process that runs now. */
  get pid(): number {
    return this.#child?.pid ?? NaN
  }

  /** Another version of the Worker, from the next start on. */
  installs(bundle: WorkerBundle): void {
    for (const [index, { content }] of bundle.modules.entries()) writeFileSync(join(this.#folder, `module-${index}`), content)
    writeFileSync(join(this.#folder, 'config.capnp'), configuration(bundle, this.objects, Object.keys(this.#environment)))
  }

  /** Resolves once it has answered `GET /healthz`, whatever the answer was. */
  async starts(): Promise<void> {
    const before = performance.now()
    const address = ['--socket-addr', `http=127.0.0.1:${this.#port}`]
    const child = spawn(program(), ['serve', '--control-fd=3', ...address, 'config.capnp'], {
      cwd: this.#folder,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    })
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (this.log += chunk.toString()))
    this.#port = await portOf(child, () => this.log)
    await (await fetch(`${this.origin}/healthz`)).arrayBuffer()
    this.startedIn = performance.now() - before
  }

  /** As the power would. */
  async kill9(): Promise<void> {
    if (this.#child === null) return
    const child = this.#child
    this.#child = null
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }

  /** Killed, if it still runs, and started with the same objects at the same address; `environment`: with other values for the same variables. */
  async restart(environment = this.#environment): Promise<void> {
    await this.kill9()
    this.#environment = environment
    await this.starts()
  }

  /** For good: nothing of it is left. */
  async stop(): Promise<void> {
    await this.kill9()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** workerd says on its control pipe where it listens: `{"event":"listen","socket":"http","port":40123}`. */
const portOf = (child: ChildProcess, log: () => string): Promise<number> =>
  new Promise((resolve, reject) => {
    let said = ''
    ;(child.stdio[3] as Readable).on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const port = /"event":"listen"[^\n]*"port":(\d+)/.exec(said)?.[1]
      if (port !== undefined) resolve(Number(port))
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code} before it listened:\n${log()}`)))
  })

/** Cap'n Proto text, as `workerd serve` reads it. JSON's strings are its strings. */
function configuration({ modules, compatibilityDate, compatibilityFlags, objects }: WorkerBundle, disk: string, secrets: readonly string[]): string {
  const text = (value: string) => JSON.stringify(value)
  const list = (items: readonly string[]) => `[ ${items.join(', ')} ]`
  const bindings = [
    ...objects.map(({ name, className }) => `(name = ${text(name)}, durableObjectNamespace = ${text(className)})`),
    ...secrets.map((name) => `(name = ${text(name)}, fromEnvironment = ${text(name)})`),
  ]
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .gantry),
    (name = "disk", disk = (path = ${text(disk)}, writable = true)),
    (name = "loopback", network = (allow = ["local"])),
  ],
  sockets = [ (name = "http", address = "127.0.0.1:0", http = (), service = "main") ],
);
const gantry :Workerd.Worker = (
  modules = ${list(modules.map(({ name }, index) => `(name = ${text(name)}, esModule = embed "module-${index}")`))},
  compatibilityDate = ${text(compatibilityDate)},
  compatibilityFlags = ${list(compatibilityFlags.map(text))},
  durableObjectNamespaces = ${list(objects.map(({ className }) => `(className = ${text(className)}, uniqueKey = ${text(className)}, enableSql = true)`))},
  durableObjectStorage = (localDisk = "disk"),
  bindings = ${list(bindings)},
  globalOutbound = "loopback",
);
`
}
