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

/** A file may declare hundreds, and comparing each with each takes seconds. */
const MOST_MEANT = 50

/** `after` names an environment of the app, and nothing comes after itself. */
function orders({ environments }: AppDocument, say: Say): Finding[] {
  const names = Object.keys(environments)
  return Object.entries(environments).flatMap(([name, { after }]) => {
    if (after === undefined) return []
    const at = ['environments', name, 'after', 'environment']
    if (!Object.hasOwn(environments, after.environment)) {
      const sentence = `The environment ${quoted(after.environment)} is not declared.${didYouMean(after.environment, names.slice(0, MOST_MEANT))}`
      return [say(at, `one of ${listed(names.filter((other) => other !== name))}`, sentence)]
    }
    const circle = circleFrom(name, environments)
    return circle === null ? [] : [say(at, 'an environment that does not wait for this one', `Nothing can come after itself: ${circle.join(' → ')}.`)]
  })
}

/** The way from a name back to it; null where it leads to an end, or into a circle of others. */
function circleFrom(name: string, environments: AppDocument['environments']): readonly string[] | null {
  const way = new Set<string>([name])
  for (let last = name; ;) {
    const next = environments[last]?.after?.environment
    if (next === undefined) return null
    if (next === name) return [...way, next]
    if (way.has(next)) return null
    way.add(next)
    last = next
  }
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
    if (branch.includes('*') || from.branches === undefined || from.branches.some((pattern) => mayFit(pattern, branch))) continue
    const sentence = `${HERE} is no branch that from.branches lets in.`
    findings.push(say(at('push', index), `one of ${listed(from.branches)}`, sentence))
  }
  return findings
}

/** Only what stands before a pattern's first star is looked at: the file may be a stranger's, and thousands of patterns take `matches` half a minute. */
function mayFit(pattern: string, branch: string): boolean {
  const star = pattern.indexOf('*')
  return star === -1 ? pattern === branch : branch.startsWith(pattern.slice(0, star))
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
