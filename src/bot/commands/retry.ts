import type { Asks, Deployment, State } from '../../deploy/deployment.ts'
import { problem, type Problem } from '../../errors.ts'
import type { Command, CommandContext } from '../command.ts'
import { deployOrRehearse } from '../rehearsal.ts'

export const retry: Command = {
  name: 'retry',
  summary: 'Runs a deployment that failed, was refused or was stopped once more, with the same plan',
  phrase: 'what failed',
  purpose: 'To change what runs',
  usage: ['/retry [ID] [--dry-run]'],
  who: 'Whoever may deploy there.',
  examples: [
    ['/retry', 'the newest deployment of this thread that did not succeed'],
    ['/retry 9ix-4f0c…', 'any deployment of this repository; its id stands at the end of its comment'],
  ],
  options: ['dry-run'],
  hasParameters: false,
  mostWords: 1,
  role: 'write',
  judgedBy: 'gates',
  run: (context) => {
    const meant = meantBy(context)
    return deployOrRehearse('state' in meant ? asksOf(meant) : meant, context)
  },
}

const RETRIED: ReadonlySet<State> = new Set<State>(['failure', 'refused', 'cancelled', 'unknown'])

function meantBy({ args, request, service }: CommandContext): Deployment | { readonly problem: Problem } {
  const [id] = args.words
  if (id !== undefined) return service.named(id, request)
  // After a crash this command's own deployment may be among them.
  return (
    service.recentOn(request).find(({ state, isQuiet, request: { key } }) => RETRIED.has(state) && !isQuiet && key !== request.key) ?? {
      problem: nothing(),
    }
  )
}

/**
 * One that got as far as a plan is repeated by it. One that did not, and one that took its plan from another deployment, is asked for in
 * the same words; an override is somebody's own word and is not repeated.
 */
function asksOf({ id, plan, endedAt, request }: Deployment): Asks {
  const asks = { ...request.asks, override: null }
  const isOwnPlan = asks.origin === null || asks.origin.kind === 'retry'
  if (plan === null || (endedAt !== null && !isOwnPlan)) return asks
  return { ...asks, environment: plan.environment, origin: { kind: 'retry', of: id } }
}

const nothing = (): Problem =>
  problem('NOTHING_TO_REPEAT', {
    sentence: 'Nothing on this thread failed, was refused or was stopped.',
    wanted: 'such a deployment, or an id',
    next: "Name the deployment by the id at the end of its comment, or type the command on that deployment's thread.",
  })
