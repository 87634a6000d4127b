import { Refusal, type Problem } from '../errors.ts'
import { interpretAsk, nameArtifacts, type Asked } from './ask.ts'
import { declarationKey, OPERATOR } from './declaration.ts'
import { isAutomatic, type DeployRequest, type Repository } from './deployment.ts'
import { environmentKey, type Bound, type Configuration, type EnvironmentRules, type ReadConfiguration } from './environment.ts'
import type { TargetAccess } from './images.ts'
import type { FindOrigin } from './origin.ts'
import { filled, parametersOf } from './parameters.ts'
import type { Plan, PlannedArtifact, PlanSource } from './plan.ts'
import type { Facts } from './source.ts'
import type { Target, TargetSettings } from './target.ts'
import { listed } from './wording.ts'

/** A target with what its administrators say of it. */
export interface PlacedTarget {
  /** As its account calls it. */
  readonly name: string
  /** Of all targets of all accounts only this one has it (`declarationKey`). */
  readonly key: string
  readonly target: Target
  /** Changes with the operator's declaration. */
  readonly revision: string
  readonly bounds: readonly Bound[]
  readonly access: Omit<TargetAccess, 'user'>
}

/** What a request would come to, before anyone has judged it and before any tag is a digest. */
export interface Proposal {
  readonly app: string
  readonly environment: string
  readonly rules: EnvironmentRules
  readonly placed: PlacedTarget
  readonly settings: TargetSettings
  readonly artifacts: readonly PlannedArtifact[]
  readonly commit: string
  readonly source: PlanSource | null
  /** As text, by name; filled into the settings. */
  readonly parameters: { readonly [name: string]: string }
  readonly configuration: string
  /** Whether the configuration still gives this workload of the target to that environment of the repository (by its key). */
  holds(environment: string, workload: string): boolean
}

export interface Surroundings {
  readonly readConfiguration: ReadConfiguration
  /** By `key`: those of now. */
  readonly targets: ReadonlyMap<string, PlacedTarget>
  /** One that was declared otherwise since, or is not declared any more. */
  formerTarget?(key: string, revision: string): PlacedTarget | undefined
}

/** What a plan has settled already: it is judged again by the rules of now, and not made again. */
export type Settled = Pick<Proposal, 'settings' | 'artifacts' | 'commit' | 'source' | 'parameters'>

/** Request, facts and configuration → proposal, or why they make none. Pure, but for what `findOrigin` reads. */
export function propose(
  request: DeployRequest,
  facts: Facts,
  around: Surroundings & { readonly settled?: Settled },
  findOrigin: FindOrigin = noOrigin,
): Proposal | { readonly problem: Problem } {
  const read = readRules(request, facts, around)
  if ('problem' in read) return read
  const asked = interpretAsk(request.asks, read.configuration)
  if (asked instanceof Refusal) return asked
  const { app, environment: rules } = asked
  const placed = findTarget(around.targets, request.repository, rules.target)
  if (placed === undefined) return unknownTarget(rules, request.repository, around)
  const content = around.settled ?? contentOf({ request, facts, asked, placed, findOrigin })
  if ('problem' in content) return content
  const holds = holdsIn(read.configuration, request.repository.id, placed)
  return { app: app.name, environment: rules.name, rules, placed, configuration: read.blob, holds, ...content }
}

interface Making {
  readonly request: DeployRequest
  readonly facts: Facts
  readonly asked: Asked
  readonly placed: PlacedTarget
  readonly findOrigin: FindOrigin
}

/** What is to run: by the configuration and the words of the command, or by another deployment's plan. */
function contentOf(making: Making): Settled | { readonly problem: Problem } {
  const { request, asked, findOrigin } = making
  const { origin } = request.asks
  if (origin === null) return declared(making)
  const key = environmentKey(request.repository.id, asked.app.name, asked.environment.name)
  const found = findOrigin(origin, asked.app.name, key)
  if (found instanceof Refusal) return found
  const plan = found.plan as Plan
  return origin.kind === 'promote' ? promoted(plan, making) : repeated(plan, making)
}

function declared(making: Making): Settled | { readonly problem: Problem } {
  const { request, facts, asked, placed } = making
  const parsed = settingsOf(making)
  if ('problem' in parsed) return parsed
  const commit = commitOf(request, facts)
  if (commit instanceof Refusal) return commit
  const values = { ...commit, pr: facts.pull === null ? null : (request.subject?.number ?? null) }
  const artifacts = nameArtifacts(asked, values, placed.target.images(parsed.settings))
  if (artifacts instanceof Refusal) return artifacts
  return { ...parsed, artifacts, commit: commit.sha, source: sourceOf(request, facts, commit.branch) }
}

/** The environment's settings with what was asked for filled in. */
function settingsOf({ request, asked, placed }: Making): Pick<Settled, 'settings' | 'parameters'> | { readonly problem: Problem } {
  const parameters = parametersOf(request.asks.parameters, asked.environment.parameters)
  if (parameters instanceof Refusal) return parameters
  const parsed = placed.target.parse(filled(asked.environment.settings, parameters))
  return 'problem' in parsed ? parsed : { settings: parsed.settings, parameters }
}

/** The same plan again, in the same place. */
function repeated(plan: Plan, { asked, placed }: Making): Settled | Refusal {
  if (placed.key === plan.target)
    return { settings: plan.settings, artifacts: plan.artifacts, commit: plan.commit, source: plan.source ?? null, parameters: plan.parameters ?? {} }
  return new Refusal('NOTHING_TO_REPEAT', {
    sentence: `That plan was for another target than the one ${asked.environment.name} has now.`,
    found: plan.target,
    wanted: placed.name,
    next: 'Deploy an image by its tag instead.',
  })
}

/** The digests that run elsewhere, in the place that is declared here. */
function promoted(plan: Plan, making: Making): Settled | { readonly problem: Problem } {
  const parsed = settingsOf(making)
  if ('problem' in parsed) return parsed
  const artifacts: PlannedArtifact[] = []
  for (const name of new Set(making.placed.target.images(parsed.settings))) {
    const artifact = plan.artifacts.find((one) => one.name === name)
    if (artifact === undefined) return notThere(name, plan)
    artifacts.push(artifact)
  }
  return { ...parsed, artifacts, commit: plan.commit, source: plan.source ?? null }
}

const notThere = (name: string, { environment, artifacts }: Plan): Refusal =>
  new Refusal('NOTHING_TO_REPEAT', {
    sentence: `${environment} does not run the image ${name}, so it cannot be promoted from there.`,
    found: listed(artifacts.map((artifact) => artifact.name)),
    wanted: name,
    next: 'Deploy that image by its tag instead.',
  })

const noOrigin: FindOrigin = () => {
  throw new Error('nobody looks for another plan here')
}

const holdsIn =
  ({ apps }: Configuration, repositoryId: number, { name, target }: PlacedTarget): Proposal['holds'] =>
  (environment, workload) =>
    [...apps.values()].some((app) =>
      [...app.environments.values()].some((rules) => {
        if (rules.target !== name || environmentKey(repositoryId, app.name, rules.name) !== environment) return false
        const parsed = target.parse(rules.settings)
        return 'problem' in parsed || target.workloads(parsed.settings).includes(workload)
      }),
    )

export function planOf(request: DeployRequest, proposal: Proposal): Plan {
  return {
    repositoryId: request.repository.id,
    app: proposal.app,
    environment: proposal.environment,
    target: proposal.placed.key,
    targetRevision: proposal.placed.revision,
    artifacts: proposal.artifacts,
    settings: proposal.settings,
    parameters: proposal.parameters,
    commit: proposal.commit,
    source: proposal.source,
    configuration: proposal.configuration,
    url: proposal.rules.url,
  }
}

/** The configuration on the default branch, tightened by the account's defaults, and the blobs of both; why there is none to go by. */
export function readRules(
  { repository }: DeployRequest,
  facts: Facts,
  { readConfiguration }: Pick<Surroundings, 'readConfiguration'>,
): { readonly configuration: Configuration; readonly blob: string } | { readonly problem: Problem } {
  if (facts.configuration === null) {
    return new Refusal('CONFIGURATION_MISSING', {
      sentence: `This repository has no .github/deploy.yml on its default branch ${facts.repository.defaultBranch}.`,
      wanted: 'a file that names the images and environments',
      next: 'Add .github/deploy.yml to the default branch; docs/configuration.md has one to start from.',
    })
  }
  const { configuration, account } = facts
  const read = readConfiguration(configuration.text, repository.name, account?.text ?? null)
  // What was approved by other defaults was another plan.
  return 'problem' in read ? read : { ...read, blob: account === null ? configuration.blob : `${configuration.blob}+${account.blob}` }
}

/** A commit of the pull request is no other commit because somebody named it. */
function sourceOf({ asks }: DeployRequest, { pull, ref }: Facts, branch: string): PlanSource {
  const isPull = pull !== null && (asks.ref === null || ref?.isOfPull === true)
  return { isPull, isFork: isPull && pull.isFork, branch: isPull ? pull.base : branch }
}

/** As the beginning of a commit is written, or one that is too long: whoever types it means a commit, and anybody may call a branch so. */
const LIKE_A_COMMIT = /^[0-9a-f]{6,}$/i

function commitOf(request: DeployRequest, facts: Facts): { sha: string; branch: string } | Refusal {
  const { ref } = request.asks
  if (ref !== null && LIKE_A_COMMIT.test(ref) && facts.ref?.commit !== ref && !isAutomatic(request.door)) return likeACommit(ref)
  if (request.asks.ref === null && facts.pull !== null) return { sha: facts.pull.head, branch: facts.pull.branch }
  if (facts.ref !== null) return { sha: facts.ref.commit, branch: facts.ref.name }
  return new Refusal('REF_NOT_FOUND', {
    sentence: `This repository has no branch or tag called ${request.asks.ref ?? facts.repository.defaultBranch}.`,
    found: request.asks.ref ?? facts.repository.defaultBranch,
    wanted: 'a branch or tag of this repository',
    next: 'Check the name after --ref.',
  })
}

const likeACommit = (ref: string): Refusal =>
  new Refusal('REF_NOT_FOUND', {
    sentence: `${ref} reads like a part of a commit's id, so no branch or tag of that name is taken for it.`,
    found: ref,
    wanted: 'a whole commit in lower case, or the name of a branch or tag that cannot be mistaken for one',
    next: 'Write the whole commit after --ref.',
  })

/** The account's own goes before the operator's; another account's is never given, so that it is as if it were not there. */
export function findTarget(targets: Surroundings['targets'], { account = OPERATOR }: Repository, name: string): PlacedTarget | undefined {
  const operators = targets.get(name)
  return targets.get(declarationKey({ account, name })) ?? (operators?.access.account === OPERATOR ? operators : undefined)
}

const unknownTarget = (rules: EnvironmentRules, { account }: Repository, { targets }: Surroundings): Refusal =>
  new Refusal('TARGET_UNKNOWN', {
    sentence: `Environment ${rules.name} names the target ${rules.target}, which is not declared.`,
    found: rules.target,
    // Names of targets that other repositories use are not told.
    wanted: [...targets.values()].some(({ access }) => access.account === OPERATOR || access.account === account)
      ? 'a target that is declared in the operator file or kept for this account'
      : 'a target: none is declared yet',
    next: `Change environments.${rules.name}.target in .github/deploy.yml, or ask the account's administrators to declare it.`,
  })
