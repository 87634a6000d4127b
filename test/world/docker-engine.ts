import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Artifact, PullCredential } from '../../src/deploy/target.ts'
import { endpointFetch } from '../../src/runtime/endpoint.ts'
import { Secret } from '../../src/secret.ts'
import { type Behaviour, DockerImages } from './docker-images.ts'
import { OwnNetwork } from './own-network.ts'

/** A real Docker engine and a real registry, in a network of their own: from outside they are reached by what stands here alone. */
export interface DockerEngine {
  readonly socketPath: string
  /** As an operator file names the engine: its socket, or with TLS its port. */
  readonly host: string
  readonly fetch: typeof globalThis.fetch
  /** For pulls from the registry beside the engine; its address is the same here and there. */
  readonly credential: PullCredential
  /** Builds an image, pushes it, and removes it from the engine, so that it must be pulled. */
  image(name: string, version: string, behaviour: Behaviour): Promise<Artifact>
  /** Runs a program in the engine's network and answers with what it prints. */
  run(program: string, ...args: readonly string[]): string
  stop(): Promise<void>
}

/** Paths of PEM files: with them the engine listens to whoever shows a certificate of that CA. */
export interface EngineTls {
  readonly ca: string
  readonly cert: string
  readonly key: string
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

export async function startDockerEngine(tls: EngineTls | null = null): Promise<DockerEngine> {
  const network = new OwnNetwork(mkdtempSync(join(tmpdir(), 'gantry-engine-')))
  try {
    await network.enter()
    await startContainerd(network)
    const registry = await startRegistry(network)
    const { socketPath, host } = await startDockerd(network, tls)
    const credential = { registry, username: 'deploy', password: new Secret(PASSWORD) }
    const images = new DockerImages(endpointFetch({ socketPath }), credential)
    const image = (name: string, version: string, behaviour: Behaviour) => images.make(name, version, behaviour)
    const run = (program: string, ...args: readonly string[]) => network.run(program, ...args)
    return { socketPath, host, fetch: images.fetch, credential, image, run, stop: () => stopAll(images.fetch, network) }
  } catch (error) {
    await network.stop()
    throw error
  }
}

const PASSWORD = randomBytes(12).toString('hex')

async function startContainerd(network: OwnNetwork): Promise<void> {
  const at = (name: string) => join(network.folder, 'containerd', name)
  mkdirSync(at(''), { recursive: true })
  const paths = `root = "${at('root')}"\nstate = "${at('state')}"\n`
  writeFileSync(at('config.toml'), `version = 2\n${paths}disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "${at('socket')}"\n`)
  network.start('containerd', '/usr/bin/containerd', '-c', at('config.toml'))
  await network.until('containerd', () => existsSync(at('socket')))
}

async function startRegistry(network: OwnNetwork): Promise<string> {
  const at = (name: string) => join(network.folder, name)
  const made = execFileSync('/usr/bin/htpasswd', ['-Bin', '-C', '5', 'deploy'], {
    input: PASSWORD,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  writeFileSync(at('htpasswd'), made)
  const address = `127.0.0.1:${await network.opens()}`
  const config = {
    version: 0.1,
    log: { level: 'info' },
    storage: { filesystem: { rootdirectory: at('registry') } },
    http: { addr: address },
    auth: { htpasswd: { realm: 'test', path: at('htpasswd') } },
  }
  writeFileSync(at('registry.json'), JSON.stringify(config)) // JSON is YAML
  const log = network.start('docker-registry', '/usr/bin/docker-registry', 'serve', at('registry.json'))
  await network.until('docker-registry', () => readFileSync(log, 'utf8').includes('listening on'))
  return address
}

/** cgroupfs: without systemd. The pools: the engine's own ones are used up after 31 networks. */
const OPTIONS = ['--exec-opt', 'native.cgroupdriver=cgroupfs', '--default-address-pool', 'base=10.0.0.0/8,size=24']

async function startDockerd(network: OwnNetwork, tls: EngineTls | null): Promise<Pick<DockerEngine, 'socketPath' | 'host'>> {
  const at = (name: string) => join(network.folder, name)
  const socketPath = at('docker.sock')
  const host = tls === null ? `unix://${socketPath}` : `tcp://127.0.0.1:${await network.opens()}`
  const folders = ['--data-root', at('data'), '--exec-root', at('exec'), '-p', at('dockerd.pid')]
  const sockets = ['--containerd', at('containerd/socket'), '-H', `unix://${socketPath}`, ...listening(host, tls)]
  network.start('dockerd', '/usr/sbin/dockerd', ...folders, ...sockets, ...OPTIONS)
  const fetch = endpointFetch({ socketPath })
  await network.until('dockerd', async () => (await fetch('http://localhost/_ping')).ok)
  return { socketPath, host }
}

const listening = (host: string, tls: EngineTls | null): readonly string[] =>
  tls === null ? [] : ['-H', host, '--tlsverify', '--tlscacert', tls.ca, '--tlscert', tls.cert, '--tlskey', tls.key]

async function stopAll(fetch: typeof globalThis.fetch, network: OwnNetwork): Promise<void> {
  const containers = (await (await fetch('http://localhost/containers/json?all=true')).json()) as { Id: string }[]
  await Promise.all(containers.map(({ Id }) => fetch(`http://localhost/containers/${Id}?force=true&v=true`, { method: 'DELETE' })))
  await network.stop()
}
