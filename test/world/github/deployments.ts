/** Deployments and their statuses: https://docs.github.com/rest/deployments/deployments and …/statuses */
import { commit, contains, findCommit } from './git.ts'
import type { Hub } from './hub.ts'
import { GitHubSays, invalid } from './refusal.ts'
import * as show from './render.ts'
import { newId, nodeId } from './state.ts'
import type { Account, Deployment, DeploymentStatus, Repository } from './state.ts'

export interface DeploymentFields {
  readonly ref: string
  readonly task: string | undefined
  readonly autoMerge: boolean | undefined
  readonly requiredContexts: readonly string[] | undefined
  readonly payload: unknown
  readonly environment: string | undefined
  readonly description: string | undefined
  readonly isTransient: boolean | undefined
  readonly isProduction: boolean | undefined
}

export interface StatusFields {
  readonly state: string
  readonly description: string | undefined
  readonly environment: string | undefined
  readonly environmentUrl: string | undefined
  readonly logUrl: string | undefined
  readonly autoInactive: boolean | undefined
}

/** The new deployment, or the sentence of the 202 that made none. */
export function createDeployment(hub: Hub, home: Repository, creator: Account, fields: DeploymentFields): Deployment | string {
  const found = findCommit(home, fields.ref)
  if (found === null) throw new GitHubSays(422, `No ref found for: ${fields.ref}`)
  const merged = fields.autoMerge === false ? null : autoMerge(hub, home, fields.ref)
  if (merged !== null) return merged
  requireContexts(home, found.sha, fields)
  const id = newId(hub.state)
  const environment = fields.environment ?? 'production'
  const made: Deployment = {
    id,
    node: nodeId('DE', id),
    ref: fields.ref,
    sha: found.sha,
    task: fields.task ?? 'deploy',
    environment,
    description: fields.description ?? '',
    payload: fields.payload ?? '',
    creator,
    app: creator.app,
    createdAt: hub.now(),
    isTransient: fields.isTransient ?? false,
    isProduction: fields.isProduction ?? environment === 'production',
    statuses: [],
  }
  home.deployments.push(made)
  hub.state.nodes.set(made.node, { kind: 'Deployment', repository: home, deployment: made })
  hub.send('deployment-created', home, creator, { deployment: show.deployment(made) })
  return made
}

export function addStatus(hub: Hub, home: Repository, deployment: Deployment, creator: Account, fields: StatusFields): DeploymentStatus {
  if ((fields.description ?? '').length > 140) throw invalid('DeploymentStatus', 'description', 'description is too long (maximum is 140 characters)')
  const status = append(hub, deployment, creator, fields)
  tell(hub, home, deployment, status)
  if (fields.state === 'success' && fields.autoInactive !== false) inactivateOlder(hub, home, deployment, creator)
  return status
}

/** "Attempts to automatically merge the default branch into the requested ref, if it's behind": then it answers 202 and creates nothing. */
function autoMerge(hub: Hub, home: Repository, ref: string): string | null {
  const branch = ref.replace(/^refs\/heads\//, '')
  const head = home.branches.get(branch)
  const main = home.branches.get(home.defaultBranch)
  if (head === undefined || main === undefined || contains(home, head, main)) return null
  home.branches.set(branch, commit(hub.state, home, [head, main], hub.now(), { message: `Merge ${home.defaultBranch} into ${branch}` }).sha)
  return `Auto-merged ${home.defaultBranch} into ${branch} on deployment.`
}

/** "If you omit this parameter, GitHub verifies all unique contexts": check runs count, our own unfinished one too. */
function requireContexts(home: Repository, sha: string, fields: DeploymentFields): void {
  const runs = home.checks.filter((one) => one.headSha === sha).map((one) => ({ context: one.name, state: one.conclusion ?? 'pending' }))
  const latest = new Map([...(home.contexts.get(sha) ?? []), ...runs].map((one) => [one.context, one.state]))
  const wanted = fields.requiredContexts ?? [...latest.keys()]
  const contexts = wanted.map((context) => ({ context, state: latest.get(context) ?? 'pending' }))
  if (contexts.every((one) => ['success', 'neutral', 'skipped'].includes(one.state))) return
  const errors = [{ contexts, resource: 'Deployment', field: 'required_contexts', code: 'invalid' }]
  throw new GitHubSays(409, `Conflict: Commit status checks failed for ${fields.ref}.`, { errors })
}

/** `auto_inactive`: prior, non-transient, **non-production** deployments of the environment that succeeded; told by no webhook. */
function inactivateOlder(hub: Hub, home: Repository, newer: Deployment, creator: Account): void {
  for (const older of home.deployments) {
    if (older.id >= newer.id || older.environment !== newer.environment || older.isTransient || older.isProduction) continue
    if (older.statuses.at(-1)?.state === 'success') append(hub, older, creator, { state: 'inactive' })
  }
}

function append(hub: Hub, deployment: Deployment, creator: Account, fields: Partial<StatusFields> & { readonly state: string }): DeploymentStatus {
  const id = newId(hub.state)
  const environment = fields.environment ?? deployment.environment
  const urls = { environmentUrl: fields.environmentUrl ?? '', logUrl: fields.logUrl ?? '' }
  const status = {
    id,
    node: nodeId('DES', id),
    state: fields.state,
    description: fields.description ?? '',
    environment,
    ...urls,
    creator,
    createdAt: hub.now(),
  }
  deployment.statuses.push(status)
  return status
}

/** "When a deployment status is set to `inactive`, a webhook event is not created." */
function tell(hub: Hub, home: Repository, deployment: Deployment, status: DeploymentStatus): void {
  if (status.state === 'inactive') return
  const stated = { deployment: show.deployment(deployment), deployment_status: show.deploymentStatus(status) }
  hub.send('deployment-status-created', home, status.creator, stated)
}
