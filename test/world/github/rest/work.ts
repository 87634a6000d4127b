/** Check runs, deployments and their statuses. */
import { checkActions, checkAnnotations, checkOutput } from '../body.ts'
import type { Body } from '../body.ts'
import * as checks from '../checks.ts'
import { createDeployment, addStatus } from '../deployments.ts'
import { notFound } from '../refusal.ts'
import * as show from '../render.ts'
import type { Repository } from '../state.ts'
import { page } from './route.ts'
import type { Context, Route } from './route.ts'

export const workRoutes: Readonly<Record<string, Route>> = {
  'POST /repos/{owner}/{repo}/check-runs': {
    answer: ({ github, body }, home) => {
      const made = checks.createCheck(github, home, github.identity, body.text('head_sha') ?? '', checkFields(body))
      return { status: 201, stated: show.checkRun(home, made) }
    },
  },

  'POST /repos/{owner}/{repo}/deployments': {
    answer: ({ github, body, bot }, home) => {
      const made = createDeployment(github, home, bot, {
        ref: body.text('ref') ?? '',
        task: body.text('task'),
        autoMerge: body.flag('auto_merge'),
        requiredContexts: body.list('required_contexts')?.map(String),
        payload: body.value('payload'),
        environment: body.text('environment'),
        description: body.text('description'),
        isTransient: body.flag('transient_environment'),
        isProduction: body.flag('production_environment'),
      })
      return typeof made === 'string' ? { status: 202, stated: { message: made } } : { status: 201, stated: show.deployment(made) }
    },
  },

  'GET /repos/{owner}/{repo}/deployments': {
    answer: (context, home) => {
      const { query } = context
      const shown = home.deployments
        .filter((one) => (['sha', 'ref', 'task', 'environment'] as const).every((key) => [null, 'none', one[key]].includes(query.get(key))))
        .toReversed()
      const { items, headers } = page(context, shown)
      return { status: 200, headers, stated: items.map(show.deployment) }
    },
  },

  'POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses': {
    answer: (context, home) => {
      const { github, body, bot } = context
      const status = addStatus(github, home, deploymentOf(context, home), bot, {
        state: body.text('state') ?? '',
        description: body.text('description'),
        environment: body.text('environment'),
        environmentUrl: body.text('environment_url'),
        logUrl: body.text('log_url') ?? body.text('target_url'),
        autoInactive: body.flag('auto_inactive'),
      })
      return { status: 201, stated: show.deploymentStatus(status) }
    },
  },
}

function deploymentOf({ parameters }: Context, home: Repository) {
  const found = home.deployments.find((one) => one.id === Number(parameters['deployment_id']))
  if (found === undefined) throw notFound()
  return found
}

function checkFields(body: Body): checks.CheckFields {
  const output = body.inner('output')
  return {
    name: body.text('name'),
    status: body.text('status'),
    conclusion: body.text('conclusion'),
    output: checkOutput(output),
    annotations: checkAnnotations(output?.list('annotations')),
    actions: checkActions(body.list('actions')),
    externalId: body.text('external_id'),
    detailsUrl: body.text('details_url'),
  }
}
