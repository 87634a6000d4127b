import type { App, Configuration, ReadConfiguration } from '../deploy/environment.ts'
import { contradictions } from './contradictions.ts'
import { rulesOf } from './environment-rules.ts'
import { inOrder, problemOf } from './finding.ts'
import type { Finding, Path } from './finding.ts'
import { repositorySchema } from './repository-schema.ts'
import type { AppDocument, RepositoryDocument } from './repository-schema.ts'
import { checkShape, findingAt, name as appName } from './shape.ts'
import { readYaml } from './yaml.ts'
import type { Yaml } from './yaml.ts'

/** Something wrong in `.github/deploy.yml`, as an annotation at its line needs it. */
export interface ConfigurationFinding extends Finding {
  readonly code: 'CONFIGURATION_INVALID' | 'CONFIGURATION_UNSUPPORTED'
}

/** `.github/deploy.yml` → what it says, or its first problem. `repositoryName` names the app where the file does not. */
export const readConfiguration: ReadConfiguration = (text, repositoryName) => {
  const { configuration, findings } = interpret(text, repositoryName)
  const problem = problemOf(findings, codeOf, '.github/deploy.yml on the default branch')
  return problem === null ? { configuration } : { problem }
}

/** Everything wrong in the file, in the order of its lines; at most 50, which is what GitHub takes as annotations in one request. */
export function checkConfiguration(text: string, repositoryName: string): readonly ConfigurationFinding[] {
  const findings = inOrder(interpret(text, repositoryName).findings)
  return findings.slice(0, 50).map((finding) => ({ ...finding, code: codeOf(finding) }))
}

const codeOf = ({ kind }: Finding): ConfigurationFinding['code'] => (kind === 'invalid' ? 'CONFIGURATION_INVALID' : 'CONFIGURATION_UNSUPPORTED')

interface Interpretation {
  /** Empty where there are findings. */
  readonly configuration: Configuration
  readonly findings: readonly Finding[]
}

const broken = (findings: readonly Finding[]): Interpretation => ({ configuration: { apps: new Map() }, findings })

function interpret(text: string, repositoryName: string): Interpretation {
  const yaml = readYaml(text, true)
  if ('findings' in yaml) return broken(yaml.findings)
  const shape = checkShape(yaml, repositorySchema)
  if ('findings' in shape) return broken(shape.findings)
  const parts = partsOf(shape.value, repositoryName, yaml)
  if ('findings' in parts) return broken(parts.findings)
  const findings = parts.apps.flatMap(({ path, document }) => contradictions(document, path, yaml))
  if (findings.length > 0) return broken(findings)
  return { configuration: { apps: new Map(parts.apps.map(({ name, document }) => [name, appOf(name, document)])) }, findings }
}

interface AppPart {
  readonly name: string
  readonly path: Path
  readonly document: AppDocument
}

/** One app whose parts stand at the top, or several below `apps`; never both. */
function partsOf(document: RepositoryDocument, repositoryName: string, yaml: Yaml): { readonly apps: AppPart[] } | { readonly findings: Finding[] } {
  const { apps, app, images, environments } = document
  if (apps !== undefined) {
    const besides = (['app', 'images', 'default', 'environments'] as const).filter((key) => document[key] !== undefined)
    const findings = besides.map((key) =>
      findingAt(yaml.keyAt([key]), [key], 'below one of the apps', `With apps, ${key} must stand below one of them.`),
    )
    if (Object.keys(apps).length === 0) findings.push(findingAt(yaml.keyAt(['apps']), ['apps'], 'not empty'))
    if (findings.length > 0) return { findings }
    return { apps: Object.entries(apps).map(([name, part]) => ({ name, path: ['apps', name], document: part })) }
  }
  const name = app ?? repositoryName
  const missing: Finding[] = []
  for (const key of ['images', 'environments'] as const) {
    if (document[key] === undefined) missing.push(findingAt(yaml.keyAt([]), [key], 'a mapping of names to values', `${key} is missing.`))
  }
  if (!appName.safeParse(name).success)
    missing.push(findingAt(yaml.keyAt([]), ['app'], 'a name', 'app is missing, and the name of this repository cannot be one.'))
  if (images === undefined || environments === undefined || missing.length > 0) return { findings: missing }
  return { apps: [{ name, path: [], document: { images, environments, default: document.default } }] }
}

function appOf(name: string, document: AppDocument): App {
  const images = Object.entries(document.images).map(
    ([image, { repository, tag, wait }]) => [image, { name: image, repository, tag: tag ?? null, wait: wait ?? null }] as const,
  )
  const environments = Object.entries(document.environments).map(([environment, rules]) => [environment, rulesOf(environment, rules)] as const)
  return { name, images: new Map(images), default: document.default ?? null, environments: new Map(environments) }
}
