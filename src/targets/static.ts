import * as z from 'zod'
import { settingsProblem } from '../deploy/settings-problem.ts'
import type { Artifact, Doors, Hands, Observation, Operation, Page, Target, TargetKind, TargetSettings } from '../deploy/target.ts'
import { sha256 } from '../deploy/plan.ts'
import { Failure } from '../errors.ts'
import { readCurrent, refuseOlder, switchTo } from './static/current.ts'
import { fileOf } from './static/file-of.ts'
import { normalised } from './static/names.ts'
import { unpack } from './static/unpack.ts'

const LISTEN = /^(?:\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+):(\d{1,5})$/

const optionsSchema = z.strictObject({
  listen: z.string().refine((text) => Number(LISTEN.exec(text)?.[1] ?? Infinity) <= 65_535, 'not `host:port`'),
})

const settingsSchema = z.strictObject({
  path: z
    .string()
    .max(500)
    .refine((path) => path.startsWith('/') && normalised(path) !== null, 'not an absolute path inside the image, `/srv/www`')
    .default('/'),
  image: z.string().default('main'),
})

type Options = z.infer<typeof optionsSchema>
type Settings = z.infer<typeof settingsSchema>

/** A folder of an image, served as a web site by this process: the embedded default target. One site per target. */
export const staticSite: TargetKind<Options> = {
  kind: 'static',
  fields: { listen: { form: 'text', isOptional: false, hint: 'Where the site is served on Gantry’s own machine: 127.0.0.1:8081.' } },
  options(raw) {
    const parsed = optionsSchema.safeParse(raw)
    if (parsed.success) return { options: parsed.data }
    const place = { what: 'a static target', next: 'Correct the target in the operator file.', known: { '': ['listen'] } }
    return { problem: settingsProblem(parsed.error.issues, { code: 'OPERATOR_FILE_INVALID', ...place }) }
  },
  place: () => 'this machine',
  create: (name, options, doors) => new StaticTarget(name, options, doors),
}

const WORKLOAD = 'site'

/**
 * Its folder holds `current` (what is served), `releases/NAME/` (complete: they arrive by one move) and `unpacking/OPERATION/`
 * (being written). Contract: versioned; a fence lower than the one in `current` is refused.
 */
class StaticTarget implements Target {
  readonly kind = 'static'
  readonly contract = 'versioned'
  readonly guarded = []
  readonly platform = null
  readonly site
  readonly #files
  #turn: Promise<unknown> = Promise.resolve()

  constructor(name: string, options: Options, doors: Doors) {
    this.#files = doors.files(name)
    this.site = { listen: options.listen, find: (path: string) => this.#find(path) }
  }

  parse(settings: unknown): ReturnType<Target['parse']> {
    const parsed = settingsSchema.safeParse(settings ?? {})
    if (parsed.success) return { settings: parsed.data }
    const place = { what: "the settings of this environment's target (static)", known: { '': Object.keys(settingsSchema.shape) } }
    const next = 'Correct `settings` of the environment in `.github/deploy.yml`.'
    return { problem: settingsProblem(parsed.error.issues, { code: 'SETTINGS_INVALID', next, ...place }) }
  }

  workloads = (): readonly string[] => [WORKLOAD]

  images = (settings: TargetSettings): readonly string[] => [(settings as Settings).image]

  /** One at a time: a try that was given up must not move a half-written folder into its place while the next one is at work. */
  apply(operation: Operation, hands: Hands): Promise<void> {
    const applied = this.#turn.then(() => this.#apply(operation, hands))
    this.#turn = applied.catch(() => undefined)
    return applied
  }

  async observe(): Promise<readonly Observation[]> {
    const [current, unpacking, releases] = [await readCurrent(this.#files), await this.#files.list('unpacking'), await this.#files.list('releases')]
    const pending = unpacking[0] === undefined ? null : decodeURIComponent(unpacking[0])
    if (!current) return [{ workload: WORKLOAD, digest: null, operation: null, fence: null, healthy: false, pending, revision: 'none' }]
    const { digest, operation, fence, revision } = current
    const healthy = releases.includes(current.releases[0] ?? '')
    return [{ workload: WORKLOAD, digest, operation, fence, healthy, pending, revision }]
  }

  /** `current` is read too: where somebody has changed it, no deployment gets further. */
  async reach(): Promise<string> {
    await this.#files.check()
    const [site] = await this.observe()
    return `a folder of Gantry's own, to be served at ${this.site.listen}, with ${site?.digest ?? 'nothing in it yet'}`
  }

  async #apply(operation: Operation, hands: Hands): Promise<void> {
    hands.signal.throwIfAborted()
    const settings = operation.settings as Settings
    const artifact = artifactOf(operation, settings)
    const release = await releaseOf(artifact, settings)
    refuseOlder(await readCurrent(this.#files), operation)
    if (!(await this.#files.list('releases')).includes(release)) await this.#fetchRelease(release, operation, artifact, hands)
    if (hands.signal.aborted) {
      await this.#removeOthers((await readCurrent(this.#files))?.releases ?? [])
      hands.signal.throwIfAborted()
    }
    const kept = await switchTo(this.#files, release, operation, artifact.digest, settings.path)
    hands.log(`serving ${artifact.digest} from ${settings.path}`)
    await this.#removeOthers(kept)
  }

  async #fetchRelease(release: string, operation: Operation, artifact: Artifact, hands: Hands): Promise<void> {
    const to = `unpacking/${encodeURIComponent(operation.id)}`
    await this.#files.remove('unpacking')
    const { layers } = await hands.pull(artifact)
    hands.log(`unpacking ${layers.length} layer${layers.length === 1 ? '' : 's'} of ${artifact.repository}`)
    const root = normalised((operation.settings as Settings).path) ?? ''
    try {
      await unpack({ layers, root, files: this.#files, to, log: (line) => hands.log(line), signal: hands.signal })
    } catch (error) {
      if (error instanceof Failure || hands.signal.aborted) await this.#files.remove('unpacking')
      throw error
    }
    await this.#files.move(to, `releases/${release}`)
  }

  async #removeOthers(kept: readonly string[]): Promise<void> {
    for (const name of await this.#files.list('releases')) if (!kept.includes(name)) await this.#files.remove(`releases/${name}`)
    await this.#files.remove('unpacking')
  }

  async #find(path: string): Promise<Page> {
    const [current, name] = [await readCurrent(this.#files), fileOf(path)]
    const release = current?.releases[0]
    if (!current || release === undefined || name === null) return { found: 'nothing' }
    const file = await this.#files.open(`releases/${release}/${name}`)
    if (file) return { found: 'file', name, digest: current.digest, release, ...file }
    const index = await this.#files.open(`releases/${release}/${name}/index.html`)
    await index?.content.cancel()
    return { found: index ? 'folder' : 'nothing' }
  }
}

function artifactOf(operation: Operation, settings: Settings): Artifact {
  const artifact = operation.artifacts.find(({ name }) => name === settings.image)
  if (artifact) return artifact
  throw new Error(`operation ${operation.id} has no image ${settings.image}`)
}

/** The digest's hex; of a folder in the image, with that folder's hash, because only that folder is unpacked. */
async function releaseOf({ digest }: Artifact, { path }: Settings): Promise<string> {
  const [root, hex] = [normalised(path) ?? '', digest.slice(digest.indexOf(':') + 1)]
  return root === '' ? hex : `${hex}-${(await sha256(root)).slice(0, 16)}`
}
