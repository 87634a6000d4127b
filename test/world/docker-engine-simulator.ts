import { createHash } from 'node:crypto'
import type { Digest } from '../../src/registry/reference.ts'
import {
  type Reply,
  type SimulatedContainer,
  type SimulatedImage,
  connect,
  disconnect,
  fail,
  idOf,
  inspect,
  logs,
  ok,
  portsOf,
  stop,
} from './simulated-container.ts'

export type { SimulatedBehaviour } from './simulated-container.ts'

/** What a registry gives for a pull: the image, or the engine's words for why not. */
export type PullAnswer = SimulatedImage | { readonly status: 404 | 500; readonly message: string } | { readonly insideStream: string }

export interface PullAuth {
  readonly username: string
  readonly password: string
}

/**
 * A Docker engine in memory, behind `fetch`: the part of API 1.41 that Gantry uses, with the statuses and words of engine 20.10,
 * whose contract suite it passes. Time is counted in looks: each `inspect` of a container is one probe of its HEALTHCHECK. A route,
 * query or body that is not known here is recorded in `violations`, for the story to fail on.
 */
export class DockerEngineSimulator {
  readonly violations: string[] = []
  /** The requests that arrived, for screenplays. */
  readonly requests: string[] = []
  readonly containers = new Map<string, SimulatedContainer>()
  readonly networks = new Set(['bridge', 'host', 'none'])
  readonly #images = new Map<string, SimulatedImage>()
  readonly #pull: (repository: string, digest: string, auth: PullAuth | null) => PullAnswer | Promise<PullAnswer>
  #isDown = false
  #count = 0

  constructor(pull: (repository: string, digest: string, auth: PullAuth | null) => PullAnswer | Promise<PullAnswer>) {
    this.#pull = pull
  }

  /** The engine does not answer until it `comesBack`. */
  goesAway(): void {
    this.#isDown = true
  }

  comesBack(): void {
    this.#isDown = false
  }

  /** The digest that answers to `alias` on the network; several where the switch is not complete. */
  runs(network: string, alias: string): readonly Digest[] {
    const isThere = ({ state, networks }: SimulatedContainer) => state === 'running' && networks.get(network)?.includes(alias)
    return [...this.containers.values()].filter(isThere).map(({ image }) => image.digest)
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input))
    const method = init?.method ?? 'GET'
    if (this.#isDown) throw new TypeError('fetch failed', { cause: Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }) })
    this.requests.push(`${method} ${url.pathname}`)
    const body = typeof init?.body === 'string' ? (JSON.parse(init.body) as Body) : {}
    const answer = await this.#route({ method, path: url.pathname, query: url.searchParams, body, headers: new Headers(init?.headers) })
    const isEmpty = answer.status === 204 || answer.status === 304
    return new Response(
      isEmpty
        ? null
        : typeof answer.body === 'object' && !(answer.body instanceof Uint8Array)
          ? JSON.stringify(answer.body)
          : (answer.body as BodyInit),
      {
        status: answer.status,
      },
    )
  }

  async #route(asked: Asked): Promise<Reply> {
    for (const [pattern, known, handle] of this.#routes) {
      const match = pattern.exec(`${asked.method} ${asked.path}`)
      if (!match) continue
      for (const key of asked.query.keys()) if (!known.includes(key)) this.violations.push(`${asked.method} ${asked.path}: query ${key}`)
      return handle(asked, decodeURIComponent(match[1] ?? ''))
    }
    this.violations.push(`${asked.method} ${asked.path}: no such route`)
    return fail(404, 'page not found')
  }

  readonly #routes: readonly (readonly [RegExp, readonly string[], (asked: Asked, name: string) => Reply | Promise<Reply>])[] = [
    [/^GET \/version$/, [], () => ok({ Version: '20.10.24', Os: 'linux', Arch: 'amd64' })],
    [/^GET \/containers\/json$/, ['all', 'filters'], ({ query }) => this.#list(query)],
    [/^POST \/containers\/create$/, ['name'], (asked) => this.#create(asked)],
    [/^GET \/containers\/([^/]+)\/json$/, [], (_, name) => this.#with(name, (container) => ok(inspect(container)))],
    [/^POST \/containers\/([^/]+)\/start$/, [], (_, name) => this.#with(name, (container) => this.#start(container))],
    [/^POST \/containers\/([^/]+)\/stop$/, ['t'], (_, name) => this.#with(name, stop)],
    [/^DELETE \/containers\/([^/]+)$/, ['force', 'v'], ({ query }, name) => this.#with(name, (container) => this.#remove(container, query))],
    [/^GET \/containers\/([^/]+)\/logs$/, ['stdout', 'stderr', 'tail'], ({ query }, name) => this.#with(name, (container) => logs(container, query))],
    [/^POST \/images\/create$/, ['fromImage', 'tag'], (asked) => this.#pullImage(asked)],
    [/^GET \/images\/(.+)\/json$/, [], (_, name) => this.#image(name)],
    [/^POST \/networks\/create$/, [], ({ body }) => this.#createNetwork(String(body['Name']))],
    [/^POST \/networks\/([^/]+)\/connect$/, [], ({ body }, name) => this.#onNetwork(name, body, connect)],
    [/^POST \/networks\/([^/]+)\/disconnect$/, [], ({ body }, name) => this.#onNetwork(name, body, disconnect)],
    [/^GET \/networks\/([^/]+)$/, [], (_, name) => (this.networks.has(name) ? ok({ Name: name }) : noNetwork(name))],
    [/^DELETE \/networks\/([^/]+)$/, [], (_, name) => (this.networks.delete(name) ? { status: 204 } : noNetwork(name))],
  ]

  #list(query: URLSearchParams): Reply {
    const { label = [] } = JSON.parse(query.get('filters') ?? '{}') as { label?: readonly string[] }
    const fits = ({ labels, state }: SimulatedContainer) =>
      label.every((wanted) => Object.entries(labels).some(([key, value]) => [key, `${key}=${value}`].includes(wanted))) &&
      (query.get('all') === 'true' || state === 'running')
    const found = [...this.containers.values()].filter(fits).toReversed()
    return ok(found.map(({ id, name, labels, state }) => ({ Id: id, Names: [`/${name}`], Labels: labels, State: state })))
  }

  #create({ query, body }: Asked): Reply {
    const name = query.get('name') ?? ''
    this.#expectKeys('containers/create', body, ['Image', 'Env', 'Labels', 'Cmd', 'ExposedPorts', 'HostConfig'])
    const host = (body['HostConfig'] ?? {}) as Body
    this.#expectKeys('HostConfig', host, ['RestartPolicy', 'PortBindings', 'NetworkMode'])
    if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name)) return fail(400, `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`)
    const taken = [...this.containers.values()].find((container) => container.name === name)
    if (taken)
      return fail(
        409,
        `Conflict. The container name "/${name}" is already in use by container "${taken.id}". You have to remove (or rename) that container to be able to reuse that name.`,
      )
    const image = this.#images.get(String(body['Image']))
    if (!image) return fail(404, `No such image: ${String(body['Image'])}`)
    const id = createHash('sha256')
      .update(`${(this.#count += 1)} ${name}`)
      .digest('hex')
    const network = typeof host['NetworkMode'] === 'string' ? host['NetworkMode'] : 'bridge'
    const [labels, ports] = [(body['Labels'] ?? {}) as Record<string, string>, (host['PortBindings'] ?? {}) as SimulatedContainer['ports']]
    const env = [...((body['Env'] ?? []) as string[]), `VERSION=${image.version}`]
    const networks = new Map([[network, [id.slice(0, 12)]]])
    this.containers.set(id, { id, name, image, labels, env, ports, networks, logs: [], state: 'created', restarts: 0, looks: 0 })
    return { status: 201, body: { Id: id, Warnings: [] } }
  }

  #start(container: SimulatedContainer): Reply {
    if (container.state === 'running') return { status: 304 }
    const missing = [...container.networks.keys()].find((name) => !this.networks.has(name))
    if (missing !== undefined) return fail(404, `network ${missing} not found`)
    const port = portsOf(container).find((wanted) =>
      [...this.containers.values()].some((other) => other.state === 'running' && portsOf(other).includes(wanted)),
    )
    if (port !== undefined) {
      const cause = `Bind for ${port} failed: port is already allocated`
      return fail(500, `driver failed programming external connectivity on endpoint ${container.name} (${container.id}): ${cause}`)
    }
    container.logs.push(`version ${container.image.version} starts`)
    Object.assign(container, { state: 'running', looks: 0 })
    return { status: 204 }
  }

  #remove(container: SimulatedContainer, query: URLSearchParams): Reply {
    if (container.state === 'running' && query.get('force') !== 'true') {
      return fail(409, `You cannot remove a running container ${container.id}. Stop the container before attempting removal or force remove`)
    }
    this.containers.delete(container.id)
    return { status: 204 }
  }

  async #pullImage({ query, headers }: Asked): Promise<Reply> {
    const [repository, digest] = [query.get('fromImage') ?? '', query.get('tag') ?? '']
    const auth = headers.get('x-registry-auth')
    const parsed = auth === null ? null : (JSON.parse(Buffer.from(auth, 'base64url').toString()) as PullAuth)
    const answer = await this.#pull(repository, digest, parsed)
    if ('status' in answer) return fail(answer.status, answer.message)
    const begun = { status: `Pulling from ${repository}`, id: digest }
    if ('insideStream' in answer) return stream(begun, { errorDetail: { message: answer.insideStream }, error: answer.insideStream })
    this.#images.set(`${answer.repository}@${answer.digest}`, answer)
    return stream(begun, { status: `Digest: ${digest}` }, { status: `Status: Downloaded newer image for ${repository}@${digest}` })
  }

  #image(name: string): Reply {
    const image = this.#images.get(name) ?? [...this.#images.values()].find((one) => idOf(one) === name)
    return image ? ok({ Id: idOf(image), RepoDigests: [`${image.repository}@${image.digest}`] }) : fail(404, `No such image: ${name}`)
  }

  #createNetwork(name: string): Reply {
    if (this.networks.has(name)) return fail(409, `network with name ${name} already exists`)
    this.networks.add(name)
    return { status: 201, body: { Id: name, Warning: '' } }
  }

  #onNetwork(network: string, body: Body, act: (container: SimulatedContainer, network: string, body: Body) => Reply): Reply {
    this.#expectKeys(`networks/${network}`, body, ['Container', 'EndpointConfig', 'Force'])
    if (!this.networks.has(network)) return noNetwork(network)
    return this.#with(String(body['Container']), (container) => act(container, network, body))
  }

  /** By id, name, or the start of an id. */
  #with(name: string, act: (container: SimulatedContainer) => Reply): Reply {
    const all = [...this.containers.values()]
    const found = this.containers.get(name) ?? all.find((one) => one.name === name) ?? all.find(({ id }) => id.startsWith(name))
    return found ? act(found) : fail(404, `No such container: ${name}`)
  }

  #expectKeys(what: string, body: Body, known: readonly string[]): void {
    for (const key of Object.keys(body)) if (!known.includes(key)) this.violations.push(`${what}: unknown key ${key}`)
  }
}

type Body = Record<string, unknown>

interface Asked {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly body: Body
  readonly headers: Headers
}

const noNetwork = (name: string): Reply => fail(404, `network ${name} not found`)
const stream = (...lines: readonly unknown[]): Reply => ({ status: 200, body: lines.map((line) => `${JSON.stringify(line)}\r\n`).join('') })
