import { askedAgain } from '../../deploy/ask.ts'
import type { Deployment, State } from '../../deploy/deployment.ts'
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
    return deployOrRehearse('state' in meant ? askedAgain(meant) : meant, context)
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

const nothing = (): Problem =>
  problem('NOTHING_TO_REPEAT', {
    sentence: 'Nothing on this thread failed, was refused or was stopped.',
    wanted: 'such a deployment, or an id',
    next: "Name the deployment by the id at the end of its comment, or type the command on that deployment's thread.",
  })
