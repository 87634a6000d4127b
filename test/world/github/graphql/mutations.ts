/** Writes by GraphQL, and the types that are written: check runs, deployments and their statuses. */
import { Body, checkActions, checkAnnotations, checkOutput } from '../body.ts'
import * as checks from '../checks.ts'
import { addStatus } from '../deployments.ts'
import { GitHubSays } from '../refusal.ts'
import { nodeId, stamp } from '../state.ts'
import type { Deployment, DeploymentStatus, Node, Repository } from '../state.ts'
import * as threads from '../threads.ts'
import { isRequired } from './judged.ts'
import { allow, nodeOf, REACTIONS } from './queries.ts'
import { account, connection, within } from './sources.ts'
import type { Args, Asked, NodeOf, Resolvers, StatusSource } from './sources.ts'

export const mutations: Resolvers = {
  Mutation: {
    addComment: (_, args, asked) => {
      const on = target(asked, args, 'subjectId', 'Issue')
      allow(asked, 'Mutation.addComment', on)
      const comment = threads.comment(asked.github, on.repository, on.issue, asked.github.bot, text(args, 'body'))
      return { subject: on, commentEdge: { node: { ...on, kind: 'IssueComment', comment } } }
    },
    updateIssueComment: (_, args, asked) => {
      const on = target(asked, args, 'id', 'IssueComment')
      allow(asked, 'Mutation.updateIssueComment', on)
      threads.edit(asked.github, on.repository, on.issue, on.comment, asked.github.bot, text(args, 'body'))
      return { issueComment: on }
    },
    deleteIssueComment: (_, args, asked) => {
      const on = target(asked, args, 'id', 'IssueComment')
      allow(asked, 'Mutation.deleteIssueComment', on)
      threads.remove(asked.github, on.repository, on.issue, on.comment, asked.github.bot)
      return { clientMutationId: null }
    },
    minimizeComment: (_, args, asked) => {
      const on = target(asked, args, 'subjectId', 'IssueComment')
      allow(asked, 'Mutation.minimizeComment', on)
      on.comment.minimized = text(args, 'classifier').toLowerCase().replace('_', '-')
      return { minimizedComment: on }
    },
    unminimizeComment: (_, args, asked) => {
      const on = target(asked, args, 'subjectId', 'IssueComment')
      allow(asked, 'Mutation.unminimizeComment', on)
      on.comment.minimized = null
      return { unminimizedComment: on }
    },
    addReaction: (_, args, asked) => {
      const on = reactable(asked, args, 'Mutation.addReaction')
      const { reaction } = threads.react(asked.github, on.to, asked.github.bot, content(args))
      return { subject: on.node, reaction: { id: nodeId('REA', reaction.id), databaseId: reaction.id, content: within(args, 'input', 'content') } }
    },
    removeReaction: (_, args, asked) => {
      const on = reactable(asked, args, 'Mutation.removeReaction')
      const gone = threads.unreact(on.to, asked.github.bot, content(args))
      const reaction = gone && { id: nodeId('REA', gone.id), databaseId: gone.id, content: within(args, 'input', 'content') }
      return { subject: on.node, reaction }
    },
    removeLabelsFromLabelable: (_, args, asked) => {
      const on = target(asked, args, 'labelableId', 'Issue')
      allow(asked, 'Mutation.removeLabelsFromLabelable', on)
      const ids = input(args).list('labelIds')?.map(String) ?? []
      const names = [...on.issue.labels].filter((name) => ids.includes(nodeId('LA', `${on.repository.id}:${name}`)))
      for (const name of names) threads.removeLabel(asked.github, on.repository, on.issue, asked.github.bot, name)
      return { labelable: on }
    },
    createCheckRun: (_, args, asked) => {
      const { repository } = target(asked, args, 'repositoryId', 'Repository')
      allow(asked, 'Mutation.createCheckRun', { repository })
      const check = checks.createCheck(asked.github, repository, asked.github.identity, text(args, 'headSha'), checkFields(args))
      return { checkRun: { kind: 'CheckRun', repository, check } }
    },
    updateCheckRun: (_, args, asked) => {
      const on = target(asked, args, 'checkRunId', 'CheckRun')
      allow(asked, 'Mutation.updateCheckRun', { repository: on.repository })
      checks.updateCheck(asked.github, on.repository, asked.github.identity, on.check, checkFields(args))
      return { checkRun: on }
    },
    createDeploymentStatus: (_, args, asked) => {
      const on = target(asked, args, 'deploymentId', 'Deployment')
      allow(asked, 'Mutation.createDeploymentStatus', { repository: on.repository })
      const its = input(args)
      const status = addStatus(asked.github, on.repository, on.deployment, asked.github.bot, {
        state: text(args, 'state').toLowerCase(),
        description: its.text('description'),
        environment: its.text('environment'),
        environmentUrl: its.text('environmentUrl'),
        logUrl: its.text('logUrl'),
        autoInactive: its.flag('autoInactive'),
      })
      return { deploymentStatus: statusSource(on.repository, on.deployment, status) }
    },
  },

  CheckRun: {
    id: ({ check }) => check.node,
    databaseId: ({ check }) => check.id,
    name: ({ check }) => check.name,
    status: ({ check }) => check.status.toUpperCase(),
    conclusion: ({ check }) => check.conclusion?.toUpperCase() ?? null,
    externalId: ({ check }) => check.externalId,
    detailsUrl: ({ check }) => check.detailsUrl,
    title: ({ check }) => check.output?.title ?? null,
    summary: ({ check }) => check.output?.summary ?? null,
    text: ({ check }) => check.output?.text ?? null,
    startedAt: ({ check }) => stamp(check.startedAt),
    completedAt: ({ check }) => (check.completedAt === null ? null : stamp(check.completedAt)),
    url: ({ repository, check }) => `${repository.url}/runs/${check.id}`,
    isRequired: ({ repository, check }, args) => isRequired(repository, check.name, args),
    checkSuite: ({ repository, check }) => {
      const runs = repository.checks.filter((one) => one.suite === check.suite)
      return { kind: 'CheckSuite', repository, id: check.suite, app: check.app, runs }
    },
  },

  CheckSuite: {
    id: ({ id }) => nodeId('CS', id),
    databaseId: ({ id }) => id,
    app: ({ app }) => ({ kind: 'App', id: nodeId('A', app.id), databaseId: app.id, slug: app.slug, name: app.name }),
    checkRuns: ({ repository, runs }, args) => {
      const name = within(args, 'filterBy', 'checkName')
      const shown = runs.filter((one) => name === undefined || one.name === name)
      return connection(
        shown.map((check): NodeOf<'CheckRun'> => ({ kind: 'CheckRun', repository, check })),
        args,
      )
    },
  },

  Deployment: {
    id: ({ deployment }) => deployment.node,
    databaseId: ({ deployment }) => deployment.id,
    environment: ({ deployment }) => deployment.environment,
    ref: () => null,
    commitOid: ({ deployment }) => deployment.sha,
    task: ({ deployment }) => deployment.task,
    payload: ({ deployment: { payload } }) => (typeof payload === 'string' ? payload : JSON.stringify(payload)),
    description: ({ deployment }) => deployment.description,
    state: ({ deployment }) => {
      const state = deployment.statuses.at(-1)?.state ?? 'pending'
      return state === 'success' ? 'ACTIVE' : state.toUpperCase()
    },
    creator: ({ deployment }) => account(deployment.creator),
    createdAt: ({ deployment }) => stamp(deployment.createdAt),
    latestStatus: ({ repository, deployment }) => {
      const status = deployment.statuses.at(-1)
      return status ? statusSource(repository, deployment, status) : null
    },
    statuses: ({ repository, deployment }, args) => {
      return connection(
        deployment.statuses.toReversed().map((status) => statusSource(repository, deployment, status)),
        args,
      )
    },
  },

  DeploymentStatus: {
    id: ({ status }) => status.node,
    state: ({ status }) => status.state.toUpperCase(),
    description: ({ status }) => status.description,
    environment: ({ status }) => status.environment,
    environmentUrl: ({ status }) => status.environmentUrl || null,
    logUrl: ({ status }) => status.logUrl || null,
    createdAt: ({ status }) => stamp(status.createdAt),
    creator: ({ status }) => account(status.creator),
    deployment: ({ repository, deployment }): NodeOf<'Deployment'> => ({ kind: 'Deployment', repository, deployment }),
  },
}

const input = (args: Args): Body => new Body(args['input'])
const text = (args: Args, key: string): string => input(args).text(key) ?? ''
const content = (args: Args): string => REACTIONS[text(args, 'content')] ?? ''

/** The node that an input names; a node of another type is not found, as GitHub has it. */
function target<Kind extends Node['kind']>(asked: Asked, args: Args, key: string, kind: Kind): NodeOf<Kind> {
  const id = text(args, key)
  const found = nodeOf(asked, id)
  if (isKind(found, kind)) return found
  throw new GitHubSays(404, `Could not resolve to ${kind} node with the global id of '${id}'.`)
}

function isKind<Kind extends Node['kind']>(node: Node, kind: Kind): node is NodeOf<Kind> {
  return node.kind === kind
}

function reactable(asked: Asked, args: Args, field: string) {
  const node = nodeOf(asked, text(args, 'subjectId'))
  if (node.kind !== 'Issue' && node.kind !== 'IssueComment') throw new GitHubSays(404, 'Could not resolve to Reactable node.')
  allow(asked, field, node)
  return { node, to: node.kind === 'Issue' ? node.issue : node.comment }
}

function checkFields(args: Args): checks.CheckFields {
  const its = input(args)
  const output = its.inner('output')
  return {
    name: its.text('name'),
    status: its.text('status')?.toLowerCase(),
    conclusion: its.text('conclusion')?.toLowerCase(),
    output: checkOutput(output),
    annotations: checkAnnotations(output?.list('annotations')),
    actions: checkActions(its.list('actions')),
    externalId: its.text('externalId'),
    detailsUrl: its.text('detailsUrl'),
  }
}

const statusSource = (repository: Repository, deployment: Deployment, status: DeploymentStatus): StatusSource => ({
  kind: 'DeploymentStatus',
  repository,
  deployment,
  status,
})
