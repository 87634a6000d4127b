import type { CompareConfigurations, ConfigurationFinding, ConfigurationVerdict, PermissionChange } from '../deploy/configuration-check.ts'
import type { App, Configuration, ReadConfiguration } from '../deploy/environment.ts'
import { interpretDefaults, readDefaults, tightened, type Defaults } from './account-file.ts'
import { contradictions } from './contradictions.ts'
import { demandChanges } from './demand-changes.ts'
import { rulesOf } from './environment-rules.ts'
import { codeOf, inOrder, problemOf } from './finding.ts'
import type { Finding, Path } from './finding.ts'
import { permissionChanges } from './permission-changes.ts'
import { repositorySchema } from './repository-schema.ts'
import type { AppDocument, RepositoryDocument } from './repository-schema.ts'
import { checkShape, findingAt, name as appName } from './shape.ts'
import { readYaml } from './yaml.ts'
import type { Yaml } from './yaml.ts'

/**
 * `.github/deploy.yml` → what it says, tightened by the account's defaults, or the first problem of the two files. `repositoryName` names
 * the app where the file does not.
 */
export const readConfiguration = (text: string, repositoryName: string, defaults: string | null = null): ReturnType<ReadConfiguration> => {
  const account = defaults === null ? { defaults: [] } : readDefaults(defaults)
  if ('problem' in account) return account
  const { configuration, findings } = interpret(text, repositoryName, account.defaults)
  const problem = problemOf(findings, codeOf, '.github/deploy.yml on the default branch')
  return problem === null ? { configuration } : { problem }
}

/** What a change of the file means: everything that is wrong with what it becomes, or what it permits that was not permitted before. */
export const compareConfigurations: CompareConfigurations = (before, after, repositoryName, file = '.github/deploy.yml') =>
  file === '.github/deploy.yml'
    ? compare(
        before,
        after,
        (text) => interpret(text, repositoryName),
        (was, is) => permissionChanges(was?.configuration ?? null, is.configuration),
      )
    : compare(
        before,
        after,
        (text) => interpretDefaults(text, true),
        (was, is) => demandChanges(was?.defaults ?? [], is.defaults),
      )

function compare<Read extends { readonly findings: readonly Finding[] }>(
  before: string | null,
  after: string,
  read: (text: string) => Read,
  changesOf: (was: Read | null, is: Read) => readonly PermissionChange[],
): ConfigurationVerdict {
  const [was, is] = [before === null ? null : read(before), read(after)]
  const former = was === null ? 'missing' : was.findings.length > 0 ? 'invalid' : 'valid'
  const findings = findingsOf(is.findings)
  if (findings.length > 0) return { findings, more: is.findings.length - findings.length, changes: [], former }
  return { findings, more: 0, changes: changesOf(was, is), former }
}

/** What GitHub takes as annotations in one request. */
const MOST_FINDINGS = 50

const findingsOf = (findings: readonly Finding[]): ConfigurationFinding[] =>
  inOrder(findings)
    .slice(0, MOST_FINDINGS)
    .map(({ line, column, path, message, found, wanted, kind }) => ({ code: codeOf({ kind }), line, column, path, message, found, wanted }))

interface Interpretation {
  /** Empty where there are findings. */
  readonly configuration: Configuration
  readonly findings: readonly Finding[]
}

const broken = (findings: readonly Finding[]): Interpretation => ({ configuration: { apps: new Map() }, findings })

function interpret(text: string, repositoryName: string, defaults: Defaults = []): Interpretation {
  const yaml = readYaml(text, true)
  if ('findings' in yaml) return broken([...yaml.findings, ...(yaml.rest === undefined ? [] : besides(yaml.findings, yaml.rest))])
  const shape = checkShape(yaml, repositorySchema)
  if ('findings' in shape) return broken(shape.findings)
  const parts = partsOf(shape.value, repositoryName, yaml)
  if ('findings' in parts) return broken(parts.findings)
  const findings = parts.apps.flatMap(({ path, document }) => contradictions(document, path, yaml))
  if (findings.length > 0) return broken(findings)
  return { configuration: { apps: new Map(parts.apps.map(({ name, document }) => [name, appOf(name, document, defaults)])) }, findings }
}

/** What else is wrong: not that a value is missing which was refused. */
function besides(refused: readonly Finding[], rest: Yaml): readonly Finding[] {
  const shape = checkShape(rest, repositorySchema)
  const known = new Set(refused.map(({ path }) => path))
  return 'findings' in shape ? shape.findings.filter(({ path }) => !known.has(path)) : []
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

function appOf(name: string, document: AppDocument, defaults: Defaults): App {
  const images = Object.entries(document.images).map(
    ([image, { repository, tag, wait }]) => [image, { name: image, repository, tag: tag ?? null, wait: wait ?? null }] as const,
  )
  const environments = Object.entries(document.environments).map(
    ([environment, rules]) => [environment, tightened(rulesOf(environment, rules), defaults)] as const,
  )
  return { name, images: new Map(images), default: document.default ?? null, environments: new Map(environments) }
}
