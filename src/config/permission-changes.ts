import type { PermissionChange } from '../deploy/configuration-check.ts'
import type { App, Configuration, ImageRule } from '../deploy/environment.ts'
import { quoted, visible } from '../deploy/wording.ts'
import { byName, described, fields, looser, span, stricter } from './comparison.ts'
import type { Change } from './comparison.ts'
import { opened, ruleChanges } from './rule-changes.ts'
import type { Ruled } from './rule-changes.ts'

const ORDER: readonly PermissionChange['direction'][] = ['looser', 'different', 'stricter']

/** What a change of the configuration does to who may deploy what where; what gets looser first. `before` is null where there was none. */
export function permissionChanges(before: Configuration | null, after: Configuration): readonly PermissionChange[] {
  const former: Configuration['apps'] = before?.apps ?? new Map<string, App>()
  const apps = new Set([...former.keys(), ...after.apps.keys()])
  const all = [...apps].flatMap((name) => compareApps(former.get(name) ?? nothingOf(name), after.apps.get(name) ?? nothingOf(name)))
  return [...all.filter(({ isNew }) => !isNew), ...all.filter(({ isNew }) => isNew)]
    .toSorted((a, b) => ORDER.indexOf(a.direction) - ORDER.indexOf(b.direction))
    .map(({ direction, where, words }) => ({ direction, sentence: `${where}: ${words}.` }))
}

const nothingOf = (name: string): App => ({ name, images: new Map(), default: null, environments: new Map() })

/** A change, and where. `isNew`: of an image or environment that comes, which must not hide what happens to one that stands there already. */
type Placed = Change & { readonly where: string; readonly isNew: boolean }

/** By field of an app, as the rules are by rule. */
function compareApps(before: App, after: App): readonly Placed[] {
  const parts: Readonly<Record<keyof App, readonly Placed[]>> = {
    name: [],
    images: byName(before.images, after.images, IMAGE_WORDS, (name, was, is) => imageChanges(was, is).map(inImage(name))).map((one) => ({
      ...one,
      where: after.name,
      isNew: one.direction === 'looser',
    })),
    default: defaultChanges(before.default, after.default).map((one) => ({ ...one, where: after.name, isNew: false })),
    environments: environmentChanges(before, after),
  }
  return Object.values(parts).flat()
}

const defaultChanges = described<App['default']>(
  (name) => `the default environment is ${name}`,
  (name) => name ?? 'none',
)

const IMAGE_WORDS = {
  comes: (name: string, { repository }: ImageRule) => looser(`images of ${visible(repository)} may be deployed, as ${name}`),
  goes: (name: string, { repository }: ImageRule) => stricter(`images of ${visible(repository)} may no longer be deployed as ${name}`),
}

const inImage =
  (name: string) =>
  ({ direction, words }: Change): Change => ({ direction, words: `the image ${name} ${words}` })

const imageChanges = fields<ImageRule>({
  name: () => [],
  repository: described((repository) => `comes from ${repository}`, visible),
  tag: described<ImageRule['tag']>(
    (tag) => `has ${tag} where none is named`,
    (tag) => (tag === null ? 'no tag' : `the tag ${quoted(tag)}`),
  ),
  wait: described<ImageRule['wait']>(
    (wait) => `is waited for ${wait}`,
    (wait) => span(wait ?? 0),
  ),
})

function environmentChanges(before: App, after: App): Placed[] {
  const environments = new Set([...before.environments.keys(), ...after.environments.keys()])
  return [...environments].flatMap((environment) => {
    const [was, is] = [ruledIn(before, environment), ruledIn(after, environment)]
    return changesIn(was, is).map((one) => ({ ...one, where: `${after.name}/${environment}`, isNew: was === null }))
  })
}

function ruledIn({ environments, images }: App, environment: string): Ruled | null {
  const rules = environments.get(environment)
  return rules === undefined ? null : { rules, images }
}

function changesIn(was: Ruled | null, is: Ruled | null): readonly Change[] {
  if (was !== null && is !== null) return ruleChanges(was, is)
  if (is !== null) return opened(is)
  return [stricter('there is no such environment any more, so nothing is deployed there')]
}
