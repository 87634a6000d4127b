import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packTar } from 'modern-tar'
import type { Artifact, PullCredential } from '../../src/deploy/target.ts'
import type { Digest } from '../../src/registry/reference.ts'
import { endpointFetch } from '../../src/runtime/endpoint.ts'
import { Secret } from '../../src/secret.ts'

/** How a test image behaves once it runs. */
export type Behaviour = 'healthy' | 'no healthcheck' | 'never healthy' | 'stops'

/** A real Docker engine and a real registry, in a network of their own: nothing of them can be seen from outside but the socket. */
export interface DockerEngine {
  readonly socketPath: string
  readonly fetch: typeof globalThis.fetch
  /** For pulls from the registry beside the engine. */
  readonly credential: PullCredential
  /** Builds an image, pushes it, and removes it from the engine, so that it must be pulled. */
  image(name: string, version: string, behaviour: Behaviour): Promise<Artifact>
  /** Runs a program in the engine's network and answers with what it prints. */
  run(program: string, ...args: readonly string[]): string
  stop(): Promise<void>
}

const PROGRAMS = [
  '/usr/sbin/dockerd',
  '/usr/bin/containerd',
  '/usr/bin/docker-registry',
  '/usr/bin/htpasswd',
  '/usr/bin/busybox',
  '/usr/sbin/iptables',
]

/** Why it cannot be started here; null where it can. */
export function missingDockerEngine(): string | null {
  const absent = PROGRAMS.filter((path) => !existsSync(path))
  if (absent.length > 0)
    return `${absent.join(', ')} not installed (apt-get install docker.io containerd docker-registry apache2-utils busybox-static iptables)`
  return process.getuid?.() === 0 ? null : 'only root can start an engine'
}

export async function startDockerEngine(): Promise<DockerEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-engine-'))
  const world = new Processes(folder)
  try {
    await world.enter()
    await startContainerd(world)
    const host = await startRegistry(world)
    const socketPath = await startDockerd(world)
    const credential = { registry: host, username: 'deploy', password: new Secret(PASSWORD) }
    const images = new Images(endpointFetch({ socketPath }), credential)
    const image = (name: string, version: string, behaviour: Behaviour) => images.make(name, version, behaviour)
    const run = (program: string, ...args: readonly string[]) => world.run(program, ...args)
    return { socketPath, fetch: images.fetch, credential, image, run, stop: () => stopAll(images.fetch, world) }
  } catch (error) {
    await world.stop()
    throw error
  }
}

const PASSWORD = randomBytes(12).toString('hex')

async function startContainerd(world: Processes): Promise<void> {
  const at = (name: string) => join(world.folder, 'containerd', name)
  mkdirSync(at(''), { recursive: true })
  const paths = `root = "${at('root')}"\nstate = "${at('state')}"\n`
  writeFileSync(at('config.toml'), `version = 2\n${paths}disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "${at('socket')}"\n`)
  world.start('containerd', '/usr/bin/containerd', '-c', at('config.toml'))
  await world.until('containerd', () => existsSync(at('socket')))
}

async function startRegistry(world: Processes): Promise<string> {
  const at = (name: string) => join(world.folder, name)
  const made = execFileSync('/usr/bin/htpasswd', ['-Bin', '-C', '5', 'deploy'], {
    input: PASSWORD,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  writeFileSync(at('htpasswd'), made)
  const storage = { filesystem: { rootdirectory: at('registry') } }
  const config = {
    version: 0.1,
    log: { level: 'info' },
    storage,
    http: { addr: '127.0.0.1:0' },
    auth: { htpasswd: { realm: 'test', path: at('htpasswd') } },
  }
  writeFileSync(at('registry.json'), JSON.stringify(config)) // JSON is YAML
  const log = world.start('docker-registry', '/usr/bin/docker-registry', 'serve', at('registry.json'))
  const port = () => /listening on [^ ]*:(\d+)/.exec(readFileSync(log, 'utf8'))?.[1]
  await world.until('docker-registry', () => port() !== undefined)
  return `127.0.0.1:${port()}`
}

/** cgroupfs: without systemd. The pools: the engine's own ones are used up after 31 networks. */
const OPTIONS = ['--exec-opt', 'native.cgroupdriver=cgroupfs', '--default-address-pool', 'base=10.0.0.0/8,size=24']

async function startDockerd(world: Processes): Promise<string> {
  const at = (name: string) => join(world.folder, name)
  const socketPath = at('docker.sock')
  const folders = ['--data-root', at('data'), '--exec-root', at('exec'), '-p', at('dockerd.pid')]
  const sockets = ['--containerd', at('containerd/socket'), '-H', `unix://${socketPath}`]
  world.start('dockerd', '/usr/sbin/dockerd', ...folders, ...sockets, ...OPTIONS)
  const fetch = endpointFetch({ socketPath })
  await world.until('dockerd', async () => (await fetch('http://localhost/_ping')).ok)
  return socketPath
}

async function stopAll(fetch: typeof globalThis.fetch, world: Processes): Promise<void> {
  const containers = (await (await fetch('http://localhost/containers/json?all=true')).json()) as { Id: string }[]
  await Promise.all(containers.map(({ Id }) => fetch(`http://localhost/containers/${Id}?force=true&v=true`, { method: 'DELETE' })))
  await world.stop()
}

/** Programs in a network and mount namespace of their own, which ends with this process. */
class Processes {
  readonly folder: string
  #holder: ChildProcess | undefined
  #started: ChildProcess[] = []

  constructor(folder: string) {
    this.folder = folder
  }

  /** The namespaces live as long as `cat` waits for its input, and so no longer than this process. */
  async enter(): Promise<void> {
    this.#holder = spawn('/usr/bin/unshare', ['-n', '-m', 'sh', '-c', 'ip link set lo up && echo up && exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: ENV,
    })
    const [said] = (await Promise.race([once(this.#holder.stdout ?? this.#holder, 'data'), once(this.#holder, 'exit')])) as [unknown]
    if (!String(said).startsWith('up')) throw new Error('no network namespace could be made here')
  }

  /** Answers with the log's path. The program is ended by the kernel should this process die. */
  start(name: string, program: string, ...args: readonly string[]): string {
    const log = join(this.folder, `${name}.log`)
    const output = openSync(log, 'a')
    const command = ['--pdeathsig', 'TERM', '/usr/bin/nsenter', ...this.#inside(), program, ...args]
    this.#started.push(spawn('/usr/bin/setpriv', command, { stdio: ['ignore', output, output], env: ENV }))
    return log
  }

  run(program: string, ...args: readonly string[]): string {
    return execFileSync('/usr/bin/nsenter', [...this.#inside(), program, ...args], { encoding: 'utf8', env: ENV, stdio: ['ignore', 'pipe', 'pipe'] })
  }

  /** Asks again every 20 ms, for at most 30 s. */
  async until(name: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
    const began = Date.now()
    while (
      !(await Promise.resolve()
        .then(isThere)
        .catch(() => false))
    ) {
      if (Date.now() - began > 30_000)
        throw new Error(`${name} did not start: ${readFileSync(join(this.folder, `${name}.log`), 'utf8').slice(-3000)}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async stop(): Promise<void> {
    for (const child of [...this.#started.toReversed(), this.#holder]) {
      if (child?.exitCode !== null || child.signalCode !== null) continue
      child.kill()
      await once(child, 'exit')
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 })
  }

  #inside(): string[] {
    return ['-t', String(this.#holder?.pid), '-n', '-m']
  }
}

const ENV = { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }

/** Test images: busybox and a start script, made by import, because the engine builds nothing without a plugin. */
class Images {
  readonly fetch: typeof globalThis.fetch
  readonly #credential: PullCredential

  constructor(fetch: typeof globalThis.fetch, credential: PullCredential) {
    this.fetch = fetch
    this.#credential = credential
  }

  async make(name: string, version: string, behaviour: Behaviour): Promise<Artifact> {
    const repository = `${this.#credential.registry}/${name}`
    const query = new URLSearchParams({ fromSrc: '-', repo: repository, tag: version })
    for (const change of changesFor(version, behaviour)) query.append('changes', change)
    await this.#ask('POST', `/images/create?${query}`, new Uint8Array(await fileSystem(version)))
    const pushed = await this.#ask('POST', `/images/${repository}/push?tag=${version}`)
    const digest = /"Digest":"(sha256:[0-9a-f]{64})"/.exec(pushed)?.[1]
    if (digest === undefined) throw new Error(`the push of ${repository}:${version} gave no digest: ${pushed}`)
    await this.#ask('DELETE', `/images/${repository}:${version}?force=true`)
    return { name: 'main', repository, digest: digest as Digest }
  }

  async #ask(method: string, path: string, body?: Uint8Array<ArrayBuffer>): Promise<string> {
    const { registry, username, password } = this.#credential
    const auth = Buffer.from(JSON.stringify({ username, password: password.reveal(), serveraddress: registry })).toString('base64url')
    const response = await this.fetch(`http://localhost${path}`, { method, headers: { 'x-registry-auth': auth }, ...(body && { body }) })
    const text = await response.text()
    if (response.ok && !text.includes('errorDetail')) return text
    throw new Error(`${method} ${path}: ${response.status} ${text}`)
  }
}

/** The waiting is done in the background, so that the signal to stop is heard at once. */
const START = (version: string) => `#!/bin/sh
echo "version ${version} starts"
trap 'exit 0' TERM
busybox httpd -p 80 -h /www
while :; do sleep 60 & wait $!; done
`

async function fileSystem(version: string): Promise<Uint8Array> {
  const busybox = readFileSync('/usr/bin/busybox')
  const file = (name: string, body: string | Uint8Array, mode = 0o644) => ({ header: { name, mode, size: Buffer.byteLength(body) }, body })
  const link = (name: string) => ({ header: { name, type: 'symlink' as const, size: 0, linkname: 'busybox' } })
  const programs = [file('bin/busybox', busybox, 0o755), ...['sh', 'sleep', 'true', 'false', 'test'].map((name) => link(`bin/${name}`))]
  return packTar([...programs, file('start', START(version), 0o755), file('www/index.html', version)])
}

function changesFor(version: string, behaviour: Behaviour): readonly string[] {
  const command = behaviour === 'stops' ? `CMD ["/bin/sh","-c","echo version ${version} gives up; exit 3"]` : 'CMD ["/start"]'
  const probe = behaviour === 'never healthy' ? '/bin/false' : '/bin/true'
  const check = `HEALTHCHECK --interval=150ms --retries=2 CMD ["${probe}"]`
  const hasCheck = behaviour === 'healthy' || behaviour === 'never healthy'
  return [command, `ENV VERSION=${version}`, 'ENV PATH=/bin', ...(hasCheck ? [check] : [])]
}
