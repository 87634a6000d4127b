import { createHash } from 'node:crypto'
import type { Digest } from '../../src/registry/reference.ts'

/** How an image behaves once it runs; `needs long` passes its HEALTHCHECK at the fifth look. */
export type SimulatedBehaviour = 'healthy' | 'no healthcheck' | 'never healthy' | 'needs long' | 'stops'

export interface SimulatedImage {
  readonly repository: string
  readonly digest: Digest
  readonly version: string
  readonly behaviour: SimulatedBehaviour
}

export interface SimulatedContainer {
  readonly id: string
  readonly name: string
  readonly image: SimulatedImage
  readonly labels: Readonly<Record<string, string>>
  readonly env: readonly string[]
  readonly ports: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[]>>
  readonly networks: Map<string, string[]>
  readonly logs: string[]
  state: 'created' | 'running' | 'restarting' | 'exited'
  restarts: number
  /** How often it was looked at since it was started: the simulator's time. */
  looks: number
}

export interface Reply {
  readonly status: number
  readonly body?: unknown
}

export const ok = (body: unknown): Reply => ({ status: 200, body })
export const fail = (status: number, message: string): Reply => ({ status, body: { message } })

export const idOf = ({ digest }: SimulatedImage): string => `sha256:${createHash('sha256').update(digest).digest('hex')}`

export const portsOf = ({ ports }: SimulatedContainer): readonly string[] =>
  Object.values(ports).flatMap((bindings) => bindings.map(({ HostIp, HostPort }) => `${HostIp || '0.0.0.0'}:${HostPort}`))

/** A look is a probe: time passes by being looked at. */
export function inspect(container: SimulatedContainer): unknown {
  const { id, name, image, labels, env, ports, networks } = container
  if (container.state === 'running' || container.state === 'restarting') advance(container)
  const health = healthOf(container)
  return {
    Id: id,
    Name: `/${name}`,
    Image: idOf(image),
    RestartCount: container.restarts,
    State: {
      Status: container.state,
      Running: container.state !== 'exited' && container.state !== 'created',
      ExitCode: container.image.behaviour === 'stops' ? 3 : 0,
      ...(health && { Health: { Status: health } }),
    },
    Config: { Image: `${image.repository}@${image.digest}`, Labels: labels, Env: env },
    HostConfig: { PortBindings: ports },
    NetworkSettings: { Networks: Object.fromEntries([...networks].map(([network, aliases]) => [network, { Aliases: aliases }])) },
  }
}

export function stop(container: SimulatedContainer): Reply {
  if (container.state !== 'running' && container.state !== 'restarting') return { status: 304 }
  container.state = 'exited'
  return { status: 204 }
}

/** Crash loops go between `restarting` and `running`, as under `unless-stopped`. */
function advance(container: SimulatedContainer): void {
  container.looks += 1
  if (container.image.behaviour !== 'stops') return
  container.state = container.looks % 2 === 1 ? 'restarting' : 'running'
  container.restarts += 1
  container.logs.push(`version ${container.image.version} gives up`)
}

function healthOf({ state, looks, image: { behaviour } }: SimulatedContainer): string | null {
  if (behaviour === 'no healthcheck' || behaviour === 'stops') return null
  if (state !== 'running') return state === 'created' ? 'starting' : 'unhealthy'
  if (behaviour === 'never healthy') return looks < 3 ? 'starting' : 'unhealthy'
  return looks < (behaviour === 'healthy' ? 2 : 5) ? 'starting' : 'healthy'
}

/** Each line in a frame of its own: stream 1, three zeros, length. */
export function logs({ logs: lines }: SimulatedContainer, query: URLSearchParams): Reply {
  const frames = lines.slice(-Number(query.get('tail') ?? lines.length)).map((line) => {
    const text = Buffer.from(`${line}\n`)
    const header = Buffer.alloc(8)
    header.writeUInt8(1, 0)
    header.writeUInt32BE(text.length, 4)
    return Buffer.concat([header, text])
  })
  return ok(new Uint8Array(Buffer.concat(frames)))
}

export function connect(container: SimulatedContainer, network: string, body: Readonly<Record<string, unknown>>): Reply {
  if (container.networks.has(network)) return fail(403, `endpoint with name ${container.name} already exists in network ${network}`)
  const { Aliases = [] } = (body['EndpointConfig'] ?? {}) as { Aliases?: string[] }
  container.networks.set(network, [...Aliases, container.id.slice(0, 12)])
  return { status: 200, body: '' }
}

export function disconnect(container: SimulatedContainer, network: string): Reply {
  if (!container.networks.delete(network)) return fail(500, `container ${container.id} is not connected to network ${network}`)
  return { status: 200, body: '' }
}
