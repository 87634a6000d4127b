import { NOTHING_ASKED, type Asks, type DeployRequest, type Door } from '../deploy/deployment.ts'
import { fitting, type App, type Configuration, type EnvironmentRules } from '../deploy/environment.ts'
import type { Happening } from '../deploy/happening.ts'
import type { Announcements, Delivery } from '../deploy/journal.ts'
import type { Service } from '../deploy/service.ts'
import type { Facts } from '../deploy/source.ts'
import { fillTag } from '../deploy/tag-template.ts'
import { DEFAULTS_FILE, isHome } from './account-defaults.ts'
import type { GitHub } from './github.ts'
import type { TidingCame } from './intake.ts'
import type { Log } from './missed.ts'
import { missedOrNot } from './requests.ts'
import type { GitHubSource } from './source.ts'
import type { Published, Push } from './tidings.ts'

export interface TriggerDoors {
  readonly service: Service
  readonly source: Pick<GitHubSource, 'look' | 'pushed'>
  readonly github: Pick<GitHub, 'forget'>
  readonly announcements: Pick<Announcements, 'answer'>
  readonly announce: (key: string) => void
  readonly log: Log
}

type Came = Pick<Delivery, 'key' | 'receivedAt' | 'missed' | 'payload'>

/**
 * What is to be done about a delivery that is no command: the engine is told, and begins by itself what the configuration wants so
 * (`auto`). May be repeated, because every deployment has its key. Throws what `Source.look` throws.
 */
export function createTriggers(doors: TriggerDoors): (delivery: Came) => Promise<void> {
  const { service, source, github } = doors
  const watched = new Watched()

  const onPush = async (delivery: Came, push: Push): Promise<void> => {
    source.pushed(push.repository)
    if (watched.isIdle(push)) return
    // Until what it brings is read: a push that comes meanwhile may be to a branch that only now is named.
    if (push.branch === push.defaultBranch) watched.forgets(push)
    const configuration = await begin(delivery, push, (_, rules) => startOnPush(push, rules), doors)
    watched.learns(push, configuration)
  }
  return async (delivery) => {
    const came = JSON.parse(delivery.payload) as TidingCame
    if (came.is === 'push') return onPush(delivery, came.push)
    if (came.is === 'package') {
      const { published } = came
      await service.happened({ kind: 'image', repository: published.repository })
      return void (await begin(delivery, published, (app, rules, ref) => startOnPackage(published, app, rules, ref), doors))
    }
    const { happening } = came
    if (happening.kind !== 'gone') {
      await service.happened(happening)
      if (happening.kind === 'head') checkHead(happening, delivery.receivedAt, doors)
      return
    }
    // Old news may be over: the next call finds that out by itself, and what was asked for since then stands.
    if (delivery.missed !== undefined) return service.happened({ ...happening, at: delivery.receivedAt })
    // First: what is cancelled with it must not be told there any more.
    if (happening.repositories === undefined) github.forget(happening.installation)
    return service.happened(happening)
  }
}

/** What the pull request makes of the configuration is found out and said by the announcer, whenever it comes to it: nothing waits for that. */
function checkHead(
  { repository, pull, head, base }: Extract<Happening, { kind: 'head' }>,
  createdAt: number,
  { announcements, announce }: TriggerDoors,
): void {
  // What was said against the former base does not hold any more.
  const key = `k:${repository.id}:${pull}:${head}${base === undefined ? '' : `:${base}`}`
  const own = { key, repository, pull, head, createdAt }
  const defaults = { ...own, key: `${key}:defaults`, file: DEFAULTS_FILE }
  for (const check of isHome(repository) ? [own, defaults] : [own]) {
    announcements.answer(check)
    announce(check.key)
  }
}

const MOST_REPOSITORIES = 1_000

/** Which branches the configurations name: most pushes are to others, and a configuration changes only with a push to the default branch. */
class Watched {
  readonly #branches = new Map<number, { readonly defaultBranch: string; readonly patterns: readonly string[] }>()

  isIdle({ repository, branch, defaultBranch }: Push): boolean {
    const known = this.#branches.get(repository.id)
    if (known === undefined || branch === defaultBranch || known.defaultBranch !== defaultBranch) return false
    return !known.patterns.some(fitting(branch))
  }

  forgets({ repository }: Push): void {
    this.#branches.delete(repository.id)
  }

  learns({ repository, defaultBranch }: Push, configuration: Configuration | null): void {
    const environments = [...(configuration?.apps.values() ?? [])].flatMap((app) => [...app.environments.values()])
    this.#branches.delete(repository.id) // so that it is the newest
    this.#branches.set(repository.id, { defaultBranch, patterns: environments.flatMap(({ auto }) => auto?.push ?? []) })
    const [oldest] = this.#branches.keys()
    if (this.#branches.size > MOST_REPOSITORIES && oldest !== undefined) this.#branches.delete(oldest)
  }
}

/** What begins by itself in an environment. */
interface Start {
  readonly door: Door
  readonly asks: Partial<Asks>
  readonly headSeen: string | null
}

/** Everything that the configuration lets begin; returns the configuration. Where it is not valid, nothing begins, and there is nobody to tell why. */
async function begin(
  delivery: Came,
  event: Push | Published,
  starts: (app: App, rules: EnvironmentRules, ref: Facts['ref']) => Start | null,
  doors: TriggerDoors,
): Promise<Configuration | null> {
  const { repository, by } = event
  const request: DeployRequest = {
    ...missedOrNot(delivery),
    ...{ door: 'push', askedAt: delivery.receivedAt, repository, subject: null, comment: null, headSeen: null, asks: NOTHING_ASKED },
    actor: { ...by, app: null },
  }
  const { configuration, ref } = await read(request, doors)
  for (const app of configuration?.apps.values() ?? []) {
    for (const rules of app.environments.values()) {
      const start = starts(app, rules, ref)
      if (start === null) continue
      const { door, headSeen } = start
      const asks = { ...NOTHING_ASKED, app: app.name, environment: rules.name, ...start.asks }
      doors.service.deploy({ ...request, key: `${delivery.key}:${app.name}:${rules.name}`, door, headSeen, asks })
    }
  }
  return configuration
}

async function read(
  request: DeployRequest,
  { service, source, log }: TriggerDoors,
): Promise<{ readonly configuration: Configuration | null; readonly ref: Facts['ref'] }> {
  const facts = await source.look(request, { commit: null })
  const found = service.configuration(request.repository, facts)
  if (!('problem' in found)) return { configuration: found.configuration, ref: facts.ref }
  const { id, owner, name } = request.repository
  log.info({ repository: `${owner}/${name}`, id, code: found.problem.code }, 'nothing begins by itself: the configuration is not valid')
  return { configuration: null, ref: null }
}

/** With `checks` the deployment waits until they are green: their own reports never begin a second one. */
function startOnPush({ branch, defaultBranch, commit }: Push, { auto }: EnvironmentRules): Start | null {
  if (auto === null || (auto.push.length === 0 && !auto.checks)) return null
  const branches = auto.push.length > 0 ? auto.push : null
  if (branches === null ? branch !== defaultBranch : !branches.some(fitting(branch))) return null
  return { door: auto.checks ? 'checks' : 'push', asks: { ref: branch }, headSeen: commit }
}

/**
 * Only the image of the default branch's head: CI may well build those of pull requests under the same name. Its tag says so where there is
 * a template; without one the image itself has to (`verify.commit`). Whether the environment runs the image is known only to its target.
 */
function startOnPackage({ image, tag }: Published, { images }: App, { auto, verify }: EnvironmentRules, ref: Facts['ref']): Start | null {
  if (auto?.package !== true || ref === null) return null
  const values = { sha: ref.commit, branch: ref.name, pr: null }
  const isMeant = [...images.values()].some(
    (rule) => rule.repository === image && (rule.tag === null ? verify.commit !== null : fillTag(rule.tag, values) === tag),
  )
  return isMeant ? { door: 'package', asks: { image: `${image}:${tag}` }, headSeen: null } : null
}
