import { Refusal } from '../errors.ts'
import { canonicalRepository, parseReference } from '../registry/reference.ts'
import type { Reference } from '../registry/reference.ts'
import type { Asks, Deployment, DeployRequest } from './deployment.ts'
import type { App, Configuration, EnvironmentRules, ImageRule } from './environment.ts'
import type { PlannedArtifact } from './plan.ts'
import { fillTag } from './tag-template.ts'
import type { TagValues } from './tag-template.ts'
import { didYouMean, listed, quoted } from './wording.ts'

/** What somebody asked for, in terms of the configuration. */
export interface Asked {
  readonly app: App
  readonly environment: EnvironmentRules
  /** The image that was named, with a tag or a digest; null where the templates are meant. */
  readonly image: Reference | null
}

/** Finds what the words of a request mean in this configuration. */
export function interpretAsk(asks: DeployRequest['asks'], configuration: Configuration): Asked | Refusal {
  const place = findPlace(asks, configuration)
  if (place instanceof Refusal) return place
  const from = asks.origin?.kind === 'promote' ? asks.origin.from : null
  if (from !== null && !place.app.environments.has(from)) return environmentUnknown(from, [place.app])
  const image = asks.image === null ? null : findImage(asks.image, place.app)
  return image instanceof Refusal ? image : { ...place, image }
}

/**
 * The images of a deployment, before their digests are known: the one that was named, and for every other its template.
 * `used`: names of the images that the environment's settings use; all of the app's where it is not given.
 */
export function nameArtifacts(
  asked: Asked,
  values: TagValues,
  used: Iterable<string> = asked.app.images.keys(),
): readonly PlannedArtifact[] | Refusal {
  const { app, environment, image } = asked
  const rules: ImageRule[] = []
  for (const name of new Set(used)) {
    const rule = app.images.get(name)
    if (rule === undefined) return imageNameUnknown(name, asked)
    rules.push(rule)
  }
  if (image !== null && !rules.some((rule) => rule.repository === canonicalRepository(image))) {
    return new Refusal('IMAGE_NOT_DECLARED', {
      sentence: `Nothing in ${quoted(environment.name)} runs the image ${quoted(canonicalRepository(image))}.`,
      found: canonicalRepository(image),
      wanted: listed(rules.map((rule) => rule.repository)),
      next: `Name an image that ${environment.name} runs, or none.`,
    })
  }
  const artifacts = rules.map((rule) => nameArtifact(rule, image, values))
  return artifacts.find((artifact) => artifact instanceof Refusal) ?? (artifacts as readonly PlannedArtifact[])
}

type Place = Pick<Asked, 'app' | 'environment'>

function findPlace({ app: appName, environment }: DeployRequest['asks'], { apps }: Configuration): Place | Refusal {
  const app = appName === null ? undefined : apps.get(appName)
  if (appName !== null && app === undefined) return appUnknown(appName, environment, apps)
  const among = app === undefined ? [...apps.values()] : [app]
  return environment === null ? defaultPlace(among) : namedPlace(environment, among)
}

function defaultPlace(among: readonly App[]): Place | Refusal {
  const [app, ...others] = among
  const environment = app?.environments.get(app.default ?? '')
  if (app !== undefined && environment !== undefined && others.length === 0) return { app, environment }
  const sentence =
    others.length > 0
      ? 'This repository has several apps, so the command must say which one and where.'
      : 'The configuration has no default environment, so the command must name one.'
  return environmentRequired(sentence, among)
}

function namedPlace(name: string, among: readonly App[]): Place | Refusal {
  const places = among.flatMap((app) => {
    const environment = app.environments.get(name)
    return environment === undefined ? [] : [{ app, environment }]
  })
  const [place, ...others] = places
  if (place === undefined) return environmentUnknown(name, among)
  if (others.length === 0) return place
  return environmentRequired(
    `Several apps have an environment ${quoted(name)}.`,
    places.map(({ app }) => app),
    name,
  )
}

function findImage(typed: string, app: App): Reference | Refusal {
  const reference = readImage(typed, app)
  if (reference instanceof Refusal) return reference
  const repository = canonicalRepository(reference)
  const declared = [...app.images.values()].map((rule) => rule.repository)
  if (!declared.includes(repository)) return imageNotDeclared(repository, declared)
  if (reference.tag !== null || reference.digest !== null) return reference
  return new Refusal('REFERENCE_INVALID', {
    sentence: `The image ${quoted(typed)} is named without a tag or digest.`,
    found: typed,
    wanted: `${repository}:TAG or ${repository}@sha256:…`,
    next: 'Add the tag or the digest.',
  })
}

/** `:tag` and `@digest` leave out the repository, which must then be the app's only one. */
function readImage(typed: string, app: App): Reference | Refusal {
  if (!typed.startsWith(':') && !typed.startsWith('@')) return parseReference(typed)
  const [only, ...others] = [...app.images.values()].map((rule) => rule.repository)
  if (only !== undefined && others.length === 0) return parseReference(`${only}${typed}`)
  return new Refusal('IMAGE_REQUIRED', {
    sentence: `The app ${quoted(app.name)} has several images, so ${quoted(typed)} does not say which one.`,
    found: typed,
    wanted: `one of ${listed([...app.images.values()].map((rule) => `${rule.repository}${typed}`))}`,
    next: 'Name the image in full.',
  })
}

function nameArtifact(rule: ImageRule, image: Reference | null, values: TagValues): PlannedArtifact | Refusal {
  const { name, repository } = rule
  if (image !== null && canonicalRepository(image) === repository) {
    return image.digest === null
      ? { name, repository, tag: image.tag, digest: null, ...waitOf(rule) }
      : { name, repository, tag: null, digest: image.digest }
  }
  if (rule.tag === null) return imageRequired(rule)
  const tag = fillTag(rule.tag, values)
  return tag instanceof Refusal ? tag : { name, repository, tag, digest: null, ...waitOf(rule) }
}

const waitOf = ({ wait }: ImageRule): Pick<PlannedArtifact, 'wait'> => (wait === null ? {} : { wait })

// The refusals.

const placesOf = (apps: Iterable<App>, qualified: boolean): string[] =>
  [...apps].flatMap((app) => [...app.environments.keys()].map((name) => (qualified ? `${app.name}/${name}` : name)))

function appUnknown(name: string, environment: string | null, apps: Configuration['apps']): Refusal {
  return new Refusal('APP_UNKNOWN', {
    sentence: `This repository has no app ${quoted(name)}.${didYouMean(name, apps.keys())}`,
    found: environment === null ? name : `${name}/${environment}`,
    wanted: listed(placesOf(apps.values(), true)),
    next: 'Name one of the declared apps, or an image with its tag (name:tag) or digest.',
  })
}

function environmentUnknown(name: string, among: readonly App[]): Refusal {
  const known = placesOf(among, false)
  return new Refusal('ENVIRONMENT_UNKNOWN', {
    sentence: `There is no environment ${quoted(name)}.${didYouMean(name, known)}`,
    found: name,
    wanted: listed(new Set(known)),
    next: 'Name one of the declared environments; a tag is written :TAG, a branch --ref BRANCH.',
  })
}

function environmentRequired(sentence: string, among: readonly App[], name?: string): Refusal {
  const places = placesOf(among, among.length > 1).filter((place) => name === undefined || place.endsWith(`/${name}`))
  return new Refusal('ENVIRONMENT_REQUIRED', {
    sentence,
    wanted: `one of ${listed(places)}`,
    next: `Name the environment, for example /deploy ${places[0] ?? 'staging'}.`,
  })
}

function imageNotDeclared(repository: string, declared: readonly string[]): Refusal {
  return new Refusal('IMAGE_NOT_DECLARED', {
    sentence: `The configuration does not declare the image ${quoted(repository)}.${didYouMean(repository, declared)}`,
    found: repository,
    wanted: listed(declared),
    next: 'Name one of the declared images, or declare this one in .github/deploy.yml on the default branch.',
  })
}

function imageNameUnknown(name: string, { app, environment }: Asked): Refusal {
  return new Refusal('SETTINGS_INVALID', {
    sentence: `The settings of ${quoted(environment.name)} use an image ${quoted(name)} that the app does not declare.${didYouMean(name, app.images.keys())}`,
    found: name,
    wanted: listed(app.images.keys()),
    next: 'Correct the settings or the images in .github/deploy.yml on the default branch.',
  })
}

function imageRequired({ name, repository }: ImageRule): Refusal {
  return new Refusal('IMAGE_REQUIRED', {
    sentence: `The configuration gives no tag for the image ${quoted(name)}, so the command must name one.`,
    wanted: `${repository}:TAG or ${repository}@sha256:…`,
    next: `Name the image: ${repository}:TAG.`,
  })
}

/**
 * One that got as far as a plan is repeated by it. One that did not, and one that took its plan from another deployment, is asked for in
 * the same words; an override is somebody's own word and is not repeated.
 */
export function askedAgain({ id, plan, endedAt, request }: Deployment): Asks {
  const asks = { ...request.asks, override: null }
  const isOwnPlan = asks.origin === null || asks.origin.kind === 'retry'
  if (plan === null || (endedAt !== null && !isOwnPlan)) return asks
  return { ...asks, environment: plan.environment, origin: { kind: 'retry', of: id } }
}

/** The thread and the commit that somebody means who asks for a deployment again by its id: its record says which commit it is about. */
export const seenThere = ({ request, plan }: Deployment): Pick<DeployRequest, 'subject' | 'headSeen'> => ({
  subject: request.subject,
  headSeen: plan?.commit ?? request.headSeen,
})
