import { fitting } from '../deploy/environment.ts'
import { parametersOf } from '../deploy/parameters.ts'
import { didYouMean, listed, quoted } from '../deploy/wording.ts'
import { Refusal } from '../errors.ts'
import { parameterOf } from './environment-rules.ts'
import { findingAt } from './shape.ts'
import { pathText } from './finding.ts'
import type { Finding, Path } from './finding.ts'
import type { AppDocument, EnvironmentDocument, ParameterDocument } from './repository-schema.ts'
import type { Yaml } from './yaml.ts'

/** What is right key by key and cannot be right together: every finding stands at the key that has to change. */
export function contradictions(document: AppDocument, path: Path, yaml: Yaml): Finding[] {
  const say: Say = (at, wanted, sentence) => {
    const whole = [...path, ...at]
    return findingAt(
      yaml.valueAt(whole),
      whole,
      wanted,
      sentence?.replace(HERE, () => pathText(whole)),
    )
  }
  const environments = Object.entries(document.environments)
  return [
    ...ofApp(document, say),
    ...ofImages(document, say),
    ...orders(document, say),
    ...environments.flatMap(([name, environment]) => [
      ...impossible(name, environment, say),
      ...automatic(name, environment, document, say),
      ...Object.entries(environment.parameters).flatMap(([key, parameter]) => ofParameter(['environments', name, 'parameters', key], parameter, say)),
    ]),
  ]
}

/** Stands in a sentence for the place that it is about. */
const HERE = '{here}'

/** At a path in the app: what it must be, or the whole sentence. */
type Say = (at: Path, wanted: string, sentence?: string) => Finding

function ofApp(document: AppDocument, say: Say): Finding[] {
  const empty = (['images', 'environments'] as const).filter((key) => Object.keys(document[key]).length === 0)
  const findings = empty.map((key) => say([key], 'not empty'))
  const names = Object.keys(document.environments)
  if (document.default !== undefined && !names.includes(document.default)) {
    const sentence = `The default environment ${quoted(document.default)} is not declared.${didYouMean(document.default, names)}`
    findings.push(say(['default'], `one of ${listed(names)}`, sentence))
  }
  return findings
}

/** `/deploy host/name:tag` would not say which of two images is meant. */
function ofImages({ images }: AppDocument, say: Say): Finding[] {
  const seen = new Map<string, string>()
  return Object.entries(images).flatMap(([name, { repository }]) => {
    const earlier = seen.get(repository)
    seen.set(repository, name)
    return earlier === undefined ? [] : [say(['images', name, 'repository'], `another repository than that of ${earlier}`)]
  })
}

/** One is shown, or 50 as annotations; each hint compares a name with all the others. */
const MOST_HINTS = 5

/** `after` names an environment of the app, and nothing comes after itself. */
function orders({ environments }: AppDocument, say: Say): Finding[] {
  const names = Object.keys(environments)
  const circling = inCircles(environments)
  let hints = 0
  return Object.entries(environments).flatMap(([name, { after }]) => {
    if (after === undefined) return []
    const at = ['environments', name, 'after', 'environment']
    if (!Object.hasOwn(environments, after.environment)) {
      const hint = hints++ < MOST_HINTS ? didYouMean(after.environment, names) : ''
      const sentence = `The environment ${quoted(after.environment)} is not declared.${hint}`
      return [say(at, `one of ${listed(names.filter((other) => other !== name))}`, sentence)]
    }
    if (!circling.has(name)) return []
    return [say(at, 'an environment that does not wait for this one', `Nothing can come after itself: ${wayBack(name, environments)}.`)]
  })
}

/** The names that come after themselves. Nobody is passed twice: 64 KiB hold a chain of 800. */
function inCircles(environments: AppDocument['environments']): ReadonlySet<string> {
  const circling = new Set<string>()
  const passed = new Set<string>()
  for (const start of Object.keys(environments)) {
    const way: string[] = []
    let name: string | undefined = start
    while (name !== undefined && !passed.has(name)) {
      passed.add(name)
      way.push(name)
      name = environments[name]?.after?.environment
    }
    const from = name === undefined ? -1 : way.indexOf(name)
    if (from !== -1) for (const one of way.slice(from)) circling.add(one)
  }
  return circling
}

const LONGEST_WAY = 10

/** `staging → qa → staging`; of a long one its beginning. */
function wayBack(name: string, environments: AppDocument['environments']): string {
  const way = [name]
  let next = environments[name]?.after?.environment
  for (; next !== undefined && next !== name && way.length < LONGEST_WAY; next = environments[next]?.after?.environment) way.push(next)
  return [...way, ...(next === name ? [] : ['…']), name].join(' → ')
}

/** Rules that no deployment could ever meet. */
function impossible(name: string, { health, url, from, require, verify, freeze }: EnvironmentDocument, say: Say): Finding[] {
  const at = (...path: Path): Path => ['environments', name, ...path]
  const findings: Finding[] = []
  if (health !== undefined && url === undefined) {
    findings.push(say(at('health'), 'beside url', `${HERE} needs url: the path is asked for at that address.`))
  }
  if (verify.commit === 'proved' && verify.attestation === undefined) {
    const sentence = `${HERE} is proved by an attestation, and none is named.`
    findings.push(say(at('verify', 'commit'), 'claimed, or beside attestation', sentence))
  }
  if (require.reviews !== undefined && !from.pull_requests) {
    const sentence = `${HERE} and from.pull_requests: false leave nothing to deploy: reviews belong to pull requests.`
    findings.push(say(at('require', 'reviews'), 'left out, or from.pull_requests: true', sentence))
  }
  for (const [index, window] of freeze.entries()) {
    if (window.from === window.to) findings.push(say(at('freeze', index, 'to'), 'another moment than from'))
  }
  return findings
}

/** What begins by itself, and never could. */
function automatic(name: string, { auto, from, require }: EnvironmentDocument, { images }: AppDocument, say: Say): Finding[] {
  if (auto === undefined) return []
  const at = (...path: Path): Path => ['environments', name, 'auto', ...path]
  const findings: Finding[] = []
  if (Object.keys(auto).length === 0) findings.push(say(at(), 'at least one of push, checks and package'))
  if (auto.package !== undefined && !Object.values(images).some(({ repository }) => repository.startsWith('ghcr.io/'))) {
    const sentence = `GitHub tells of packages on ghcr.io alone, and no image of the app is there.`
    findings.push(say(at('package'), 'left out', sentence))
  }
  if (require.reviews !== undefined) {
    const sentence = `${HERE} and require.reviews contradict each other: reviews belong to pull requests, and what begins by itself has none.`
    findings.push(say(at(), 'left out, or require.reviews left out', sentence))
  }
  for (const [index, branch] of (auto.push ?? []).entries()) {
    if (branch.includes('*') || from.branches === undefined || from.branches.some(fitting(branch))) continue
    const sentence = `${HERE} is no branch that from.branches lets in.`
    findings.push(say(at('push', index), `one of ${listed(from.branches)}`, sentence))
  }
  return findings
}

/** A default has to be what a person might have said. */
function ofParameter(at: Path, parameter: ParameterDocument, say: Say): Finding[] {
  if (parameter.type === 'enum' && parameter.of === undefined) return [say([...at, 'type'], 'beside of', `${HERE}: enum needs of, what it may be.`)]
  if (parameter.type !== 'enum' && parameter.of !== undefined) return [say([...at, 'of'], 'left out', `${HERE} belongs to type: enum alone.`)]
  const declared = parameterOf(parameter)
  if (declared.default === null) return []
  const fits = parametersOf({ value: declared.default }, { value: declared })
  return fits instanceof Refusal ? [say([...at, 'default'], fits.problem.wanted ?? 'what its type allows')] : []
}
