import * as z from 'zod'
import { settingsProblem } from '../deploy/settings-problem.ts'
import type { Doors, Hands, Observation, Operation, Target, TargetKind, TargetSettings } from '../deploy/target.ts'
import type { Digest } from '../registry/reference.ts'
import { Secret } from '../secret.ts'
import { type PublishedPort, type Spec, calls } from './docker/calls.ts'
import { type Container, containersOf, inForce, isHealthy, read } from './docker/containers.ts'
import { Engine } from './docker/engine.ts'
import { inWords } from './docker/version.ts'
import { replace } from './docker/replace.ts'

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/
const HOST = /^(?:unix:\/\/(?<socket>\/.+)|tcp:\/\/(?<host>\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+):(?<port>\d{1,5}))$/
const PORT = /^(?:(?<ip>\[[0-9a-fA-F:.]+\]|[0-9.]+):)?(?<host>\d{1,5}):(?<container>\d{1,5})(?<protocol>\/(?:tcp|udp))?$/
const LOOPBACK = /^tcp:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\]):/

const pem = (form: RegExp, wanted: string) => z.instanceof(Secret, { error: REFERENCE }).refine((secret) => form.test(secret.reveal()), wanted)
const REFERENCE = 'not given by reference, as `{ file: PATH }` or `{ env: NAME }`'
const certificate = pem(/-----BEGIN (TRUSTED )?CERTIFICATE-----\r?\n/, 'not a certificate in PEM form (`-----BEGIN CERTIFICATE-----`)')
// Nobody is there to type a passphrase.
const privateKey = pem(
  /^(?![^]*ENCRYPTED)[^]*-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\r?\n/,
  'not a private key in PEM form without a passphrase (`-----BEGIN PRIVATE KEY-----`)',
)

const tlsSchema = z
  .strictObject({ ca: certificate.optional(), cert: certificate.optional(), key: privateKey.optional() })
  .refine(({ cert, key }) => cert !== undefined || key === undefined, { path: ['cert'], message: 'needed beside `tls.key`' })
  .refine(({ cert, key }) => cert === undefined || key !== undefined, { path: ['key'], message: 'needed beside `tls.cert`' })

const optionsSchema = z
  .strictObject({
    host: z.string().regex(HOST, 'not `unix:///path` or `tcp://host:port`'),
    tls: tlsSchema.optional(),
    platform: z
      .string()
      .regex(/^[a-z0-9]+\/[a-z0-9]+(\/v\d+)?$/, 'not `linux/amd64` or the like')
      .default('linux/amd64'),
    plain_http: z.boolean().default(false),
  })
  .refine(({ host, tls }) => !(tls && host.startsWith('unix:')), { path: ['tls'], message: 'a unix socket has no TLS' })
  .refine(({ host, tls, plain_http }) => tls || plain_http || host.startsWith('unix:') || LOOPBACK.test(host), {
    path: ['tls'],
    message: 'needed where the engine is on another machine: whoever reaches an engine without it owns that machine (or say `plain_http: true`)',
  })

const settingsSchema = z
  .strictObject({
    container: z.string().regex(NAME, 'not a container name'),
    image: z.string().default('main'),
    network: z
      .string()
      .regex(NAME, 'not a network name')
      .refine((name) => !['bridge', 'host', 'none'].includes(name), 'one of the built-in networks, which have no names to find a container by')
      .optional(),
    alias: z.string().regex(NAME, 'not a host name').optional(),
    env: z.record(z.string().regex(/^[^=\0]+$/, 'not a variable name'), z.string()).default({}),
    ports: z.array(z.string().regex(PORT, 'not `[address:]port:port-inside`')).default([]),
    command: z.array(z.string()).min(1).optional(),
    health: z.strictObject({ wait: z.int().min(1).max(900).default(60) }).default({ wait: 60 }),
  })
  .refine(({ network, alias }) => alias === undefined || network !== undefined, { path: ['alias'], message: 'only of use with `network`' })

type Options = z.infer<typeof optionsSchema>
type Settings = z.infer<typeof settingsSchema>

/** A container on a Docker engine (or what speaks its API), one per target and container name. */
export const docker: TargetKind<Options> = {
  kind: 'docker',
  fields: {
    host: { form: 'text', isOptional: false, hint: 'The engine’s address: tcp://host:2376, or unix:///var/run/docker.sock on Gantry’s own machine.' },
    'tls.ca': { form: 'lines', isOptional: true, hint: 'The CA that signed the engine’s certificate, in PEM form.' },
    'tls.cert': { form: 'lines', isOptional: true, hint: 'The client certificate that the engine asks for, in PEM form.' },
    'tls.key': { form: 'lines', isOptional: true, hint: 'Its private key without a passphrase, in PEM form.' },
    platform: { form: 'text', isOptional: true, hint: 'What its machine runs: linux/amd64 where this is left out.' },
    plain_http: { form: 'flag', isOptional: true, hint: 'Without TLS, over a network that is private by other means.' },
  },
  options(raw) {
    const parsed = optionsSchema.safeParse(raw)
    if (parsed.success) return { options: parsed.data }
    const known = { '': ['host', 'tls', 'platform', 'plain_http'], tls: ['ca', 'cert', 'key'] }
    const place = { what: 'a docker target', next: 'Correct the target in the operator file.', known }
    return { problem: settingsProblem(parsed.error.issues, { code: 'OPERATOR_FILE_INVALID', ...place }) }
  },
  place({ host }) {
    const { host: name, port } = HOST.exec(host)?.groups ?? {}
    return name === undefined ? 'this machine' : { host: `${name}:${port}` }
  },
  create: (_name, options, doors) => new DockerTarget(options, doors),
}

/** Contract: keyed. The operation's id is in the container's name and, like its fence, in a label. */
class DockerTarget implements Target {
  readonly kind = 'docker'
  readonly contract = 'keyed'
  /** A published port belongs to the whole machine, and a network to everybody on it. */
  readonly guarded = ['ports', 'network']
  readonly platform
  readonly #engine
  readonly #clock

  constructor(options: Options, doors: Doors) {
    this.platform = options.platform
    this.#engine = engineOf(options, doors)
    this.#clock = doors.clock
  }

  parse(settings: unknown): ReturnType<Target['parse']> {
    const parsed = settingsSchema.safeParse(settings ?? {})
    // JSON has no `undefined`: keys that are not said are not there.
    if (parsed.success) return { settings: JSON.parse(JSON.stringify(parsed.data)) as TargetSettings }
    const known = { '': ['container', 'image', 'network', 'alias', 'env', 'ports', 'command', 'health'], health: ['wait'] }
    const next = 'Correct `settings` of the environment in `.github/deploy.yml`.'
    const place = { what: "the settings of this environment's target (docker)", next, known }
    return { problem: settingsProblem(parsed.error.issues, { code: 'SETTINGS_INVALID', ...place }) }
  }

  workloads = (settings: TargetSettings): readonly string[] => [settingsOf(settings).container]

  images = (settings: TargetSettings): readonly string[] => [settingsOf(settings).image]

  async apply(operation: Operation, hands: Hands): Promise<void> {
    const settings = settingsOf(operation.settings)
    const artifact = operation.artifacts.find(({ name }) => name === settings.image)
    if (!artifact) throw new Error(`operation ${operation.id} has no image ${settings.image}`)
    const spec = specOf(operation, settings, artifact)
    await replace({ engine: this.#engine, clock: this.#clock, hands, artifact, spec, seconds: settings.health.wait })
  }

  async observe(settings: TargetSettings): Promise<readonly Observation[]> {
    const workload = settingsOf(settings).container
    const containers = await containersOf(this.#engine, workload)
    const current = inForce(containers)
    const youngest = containers.at(-1)
    if (!current) {
      const pending = youngest?.operation ?? null
      return [{ workload, digest: null, operation: null, fence: null, healthy: false, pending, revision: 'none' }]
    }
    const { id: revision, operation, fence } = current
    const healthy = isHealthy(current)
    const pending = containers.length > 1 || !healthy ? (youngest?.operation ?? null) : null
    return [{ workload, digest: await this.#digestOf(current), operation, fence, healthy, pending, revision }]
  }

  async reach(): Promise<string> {
    await containersOf(this.#engine)
    return inWords(this.#engine)
  }

  /** The label's digest, unless the image that really runs says otherwise. */
  async #digestOf({ digest, image }: Container): Promise<Digest> {
    const call = calls.image(image)
    const answer = await this.#engine.find(call)
    const digests = answer === null ? [] : (read(imageSchema, answer, call).RepoDigests ?? []).map((name) => name.slice(name.indexOf('@') + 1))
    return digests.length === 0 || digests.includes(digest) ? digest : (digests[0] as Digest)
  }
}

const imageSchema = z.object({ RepoDigests: z.array(z.string()).nullish() })

function engineOf({ host, tls }: Options, doors: Doors): Engine {
  const { socket, host: name, port } = HOST.exec(host)?.groups ?? {}
  if (socket !== undefined) return new Engine(doors.fetch({ socketPath: socket }), 'http://localhost')
  if (!tls) return new Engine(doors.fetch({}), `http://${name}:${port}`)
  const [ca, cert] = [tls.ca?.reveal(), tls.cert?.reveal()]
  const endpoint = { tls: { ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(tls.key && { key: tls.key }) } }
  return new Engine(doors.fetch(endpoint), `https://${name}:${port}`)
}

/** Plans are stored as JSON and were made by `parse`. */
const settingsOf = (settings: TargetSettings): Settings => settings as unknown as Settings

function specOf({ id, fence }: Operation, settings: Settings, { repository, digest }: Operation['artifacts'][number]): Spec {
  const { container, network, alias = container, env, ports, command = null } = settings
  const short = id.replace(/[^a-zA-Z0-9_.-]/g, '-').slice(-12)
  const place = network === undefined ? null : { network, alias }
  const published = ports.map(portOf)
  return { name: `${container}-${short}`, workload: container, operation: id, fence, repository, digest, place, env, ports: published, command }
}

function portOf(port: string): PublishedPort {
  const { ip = '', host = '', container = '', protocol = '/tcp' } = PORT.exec(port)?.groups ?? {}
  return { ip: ip.replace(/^\[|\]$/g, ''), host, container: `${container}${protocol}` }
}
