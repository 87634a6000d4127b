import type { Json, PullCredential } from '../../deploy/target.ts'
import type { Digest } from '../../registry/reference.ts'
import type { Call } from './engine.ts'

/** What Gantry writes on its containers, and knows them by. */
export const LABELS = {
  workload: 'gantry.workload',
  operation: 'gantry.operation',
  fence: 'gantry.fence',
  digest: 'gantry.digest',
  /** Where the container answers once it is in force; neither is there without a network. */
  network: 'gantry.network',
  alias: 'gantry.alias',
} as const

/** What a container of ours is to be. */
export interface Spec {
  readonly name: string
  readonly workload: string
  readonly operation: string
  readonly fence: number
  readonly repository: string
  readonly digest: Digest
  /** Null: the engine's default bridge, without an alias. */
  readonly place: Place | null
  readonly env: Readonly<Record<string, string>>
  readonly ports: readonly PublishedPort[]
  readonly command: readonly string[] | null
}

/** A network, and the name under which others on it find the workload. */
export interface Place {
  readonly network: string
  readonly alias: string
}

export interface PublishedPort {
  /** `''`: every address of the host. */
  readonly ip: string
  readonly host: string
  /** `80/tcp`. */
  readonly container: string
}

/** Docker Engine API, paths and bodies: https://docs.docker.com/reference/api/engine/ (written against 1.41). */
export const calls = {
  version: { method: 'GET', path: '/version' } satisfies Call,
  /** Those of one workload, or all that are Gantry's. */
  containers: (workload?: string): Call => {
    const label = workload === undefined ? LABELS.workload : `${LABELS.workload}=${workload}`
    return { method: 'GET', path: `/containers/json?all=true&filters=${encodeURIComponent(JSON.stringify({ label: [label] }))}` }
  },
  container: (id: string): Call => ({ method: 'GET', path: `/containers/${encodeURIComponent(id)}/json` }),
  image: (name: string): Call => ({ method: 'GET', path: `/images/${name}/json` }),
  network: (name: string): Call => ({ method: 'GET', path: `/networks/${encodeURIComponent(name)}` }),
  pull: (repository: string, digest: Digest, credential: PullCredential | null): Call => ({
    method: 'POST',
    path: `/images/create?fromImage=${encodeURIComponent(repository)}&tag=${encodeURIComponent(digest)}`,
    ...(credential && { headers: { 'X-Registry-Auth': registryAuth(credential) } }),
  }),
  create: (spec: Spec): Call => ({ method: 'POST', path: `/containers/create?name=${encodeURIComponent(spec.name)}`, body: containerOf(spec) }),
  start: (id: string): Call => ({ method: 'POST', path: `/containers/${id}/start` }),
  stop: (id: string): Call => ({ method: 'POST', path: `/containers/${id}/stop?t=10` }),
  /** Its anonymous volumes too. */
  remove: (id: string): Call => ({ method: 'DELETE', path: `/containers/${id}?force=true&v=true` }),
  connect: ({ network, alias }: Place, id: string): Call => ({
    method: 'POST',
    path: `/networks/${encodeURIComponent(network)}/connect`,
    body: { Container: id, EndpointConfig: { Aliases: [alias] } },
  }),
  disconnect: (network: string, id: string): Call => ({
    method: 'POST',
    path: `/networks/${encodeURIComponent(network)}/disconnect`,
    body: { Container: id, Force: true },
  }),
  logs: (id: string, lines: number): Call => ({ method: 'GET', path: `/containers/${id}/logs?stdout=true&stderr=true&tail=${lines}` }),
}

/** Base64url of JSON, with padding: engines before 23 insist on it. */
function registryAuth({ registry, username, password }: PullCredential): string {
  const login = username === null ? { identitytoken: password.reveal() } : { username, password: password.reveal() }
  const text = JSON.stringify({ ...login, serveraddress: registry })
  const binary = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_')
}

/**
 * `unless-stopped`: comes back after a reboot, and stays stopped while the next one is tried in its place. The alias is not
 * given yet: it comes when the container is healthy.
 */
function containerOf(spec: Spec): Json {
  const { place } = spec
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {}
  for (const { ip, host, container } of spec.ports) (bindings[container] ??= []).push({ HostIp: ip, HostPort: host })
  return {
    Image: `${spec.repository}@${spec.digest}`,
    Env: Object.entries(spec.env).map(([key, value]) => `${key}=${value}`),
    Labels: labelsOf(spec),
    ...(spec.command && { Cmd: spec.command }),
    ExposedPorts: Object.fromEntries(Object.keys(bindings).map((port) => [port, {}])),
    HostConfig: { RestartPolicy: { Name: 'unless-stopped' }, PortBindings: bindings, ...(place && { NetworkMode: place.network }) },
  }
}

function labelsOf({ workload, operation, fence, digest, place }: Spec): Json {
  return {
    [LABELS.workload]: workload,
    [LABELS.operation]: operation,
    [LABELS.fence]: String(fence),
    [LABELS.digest]: digest,
    ...(place && { [LABELS.network]: place.network, [LABELS.alias]: place.alias }),
  }
}
