import type { Artifact, PullCredential, Target } from '../../src/deploy/target.ts'
import { docker } from '../../src/targets/docker.ts'
import type { Behaviour } from '../world/docker-images.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { isWorkerd } from '../world/which-runtime.ts'
import type { TargetPlace } from './target.contract.ts'

const { endpointFetch } = isWorkerd ? await import('../../src/runtime/cloudflare/machine.ts') : await import('../../src/runtime/endpoint.ts')

/** Where no engine is; a Worker has no sockets of a machine. */
const NOBODY = isWorkerd ? { host: 'tcp://127.0.0.1:1', plain_http: true } : { host: 'unix:///nobody/engine.sock' }

/** An engine, real or simulated. */
export interface AnyEngine {
  readonly fetch: typeof globalThis.fetch
  readonly credential: PullCredential
  image(name: string, version: string, behaviour: Behaviour): Promise<Artifact>
}

/** What of the Engine API a witness needs. */
interface Listed {
  readonly Id: string
  readonly State: string
  readonly Names: readonly string[]
}

let places = 0

/** A network and a container name of its own on the engine. What is served there is read from the engine, not from the target. */
export async function dockerPlace(
  engine: AnyEngine,
  healthy: Behaviour = 'healthy',
  clock = systemClock,
): Promise<TargetPlace & { readonly name: string }> {
  const name = `shop-${(places += 1)}`
  const ask = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await engine.fetch(`http://localhost${path}`, init)
    if (response.ok) return response.json()
    throw new Error(`${path}: ${response.status} ${await response.text()}`)
  }
  const body = JSON.stringify({ Name: `${name}-network` })
  await ask('/networks/create', { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  const containers = async () => {
    const all = (await ask('/containers/json?all=true')) as Listed[]
    return all.filter(({ Names }) => Names.some((one) => one === `/${name}` || one.startsWith(`/${name}-`)))
  }
  return {
    name,
    target: (crossings): Target => {
      const fetch = () => crossings.fetch('engine', engine.fetch)
      return docker.create('engine', accepted({ host: 'unix:///engine.sock' }), { fetch, files: noFiles, clock })
    },
    lost: () => docker.create('engine', accepted(NOBODY), { fetch: endpointFetch, files: noFiles, clock }),
    settings: { container: name, image: 'main', network: `${name}-network`, env: { GREETING: 'hello' }, ports: [], health: { wait: 10 } },
    image: (version, health) => engine.image('acme/shop', version, health === 'unhealthy' ? 'never healthy' : healthy),
    hands: { pull: noLayers, credential: async () => engine.credential },
    async serves() {
      const answering = []
      for (const { Id, State } of await containers()) {
        if (State !== 'running') continue
        const { Config, NetworkSettings } = (await ask(`/containers/${Id}/json`)) as Inspected
        if (!NetworkSettings.Networks[`${name}-network`]?.Aliases?.includes(name)) continue
        answering.push(Config.Env.find((variable) => variable.startsWith('VERSION='))?.slice('VERSION='.length))
      }
      return answering.length === 0 ? null : answering.join(' and ')
    },
    async leftovers() {
      const names = (await containers()).map((container) => `${container.Names.join()} ${container.State}`)
      return names.filter((_, index) => index > 0 || !names[0]?.endsWith('running'))
    },
    async end() {
      for (const { Id } of await containers()) await engine.fetch(`http://localhost/containers/${Id}?force=true`, { method: 'DELETE' })
      await engine.fetch(`http://localhost/networks/${name}-network`, { method: 'DELETE' })
    },
  }
}

interface Inspected {
  readonly Config: { readonly Env: readonly string[] }
  readonly NetworkSettings: { readonly Networks: Readonly<Record<string, { readonly Aliases: readonly string[] | null }>> }
}

function accepted(raw: unknown) {
  const result = docker.options(raw)
  if ('options' in result) return result.options
  throw new Error(result.problem.sentence)
}

const noFiles = (): never => {
  throw new Error('a docker target has no files')
}

const noLayers = (): never => {
  throw new Error('a docker target lets the engine pull')
}

/** What an engine calls itself. */
export const ENGINE = /^container engine \d+[\w.+~-]*, linux\/\w+$/

/** Settings that are refused, and the key that the refusal names. */
export const WRONG = [
  [{}, 'container'],
  [{ container: 'shop', netwrk: 'front' }, 'netwrk'],
  [{ container: 'no spaces' }, 'container'],
  [{ container: 'shop', network: 'bridge' }, 'network'],
  [{ container: 'shop', alias: 'web' }, 'alias'],
  [{ container: 'shop', ports: ['80'] }, 'ports.0'],
  [{ container: 'shop', health: { wait: 0 } }, 'health.wait'],
  [{ container: 'shop', health: { retries: 3 } }, 'health.retries'],
  [{ container: 'shop', volumes: ['/:/host'] }, 'volumes'],
  [{ container: 'shop', privileged: true }, 'privileged'],
] as const
