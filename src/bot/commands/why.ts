import type { Deployment, State } from '../../deploy/deployment.ts'
import type { Problem } from '../../errors.ts'
import type { Command, CommandContext } from '../command.ts'
import { explained, MARKS } from '../comments.ts'

export const why: Command = {
  name: 'why',
  summary: 'Says why a deployment was refused, failed or waits, rule by rule',
  phrase: 'it was refused, failed or waits',
  purpose: 'To know',
  usage: ['/why [ID]'],
  who: 'Anybody who may see the repository and is no stranger to it: the role `triage`, or any in a private one.',
  examples: [
    ['/why', 'the newest deployment of this thread that did not simply succeed'],
    ['/why 9ix-4f0c…', 'any deployment of this repository; its id stands at the end of its comment'],
  ],
  options: [],
  hasParameters: false,
  mostWords: 1,
  role: 'triage',
  judgedBy: 'standing',
  run: (context) => {
    const meant = meantBy(context)
    if (meant === null) return context.answer(`${MARKS.done} Nothing on this thread was refused, failed or waits.`)
    return 'id' in meant ? context.answer(explained(meant, context.links)) : context.refuse(meant.problem)
  },
}

/** What needs no explanation. */
const PLAIN: ReadonlySet<State> = new Set<State>(['success', 'cancelled', 'superseded'])

function meantBy({ args, request, service }: CommandContext): Deployment | { readonly problem: Problem } | null {
  const [id] = args.words
  if (id !== undefined) return service.named(id, request)
  return service.recentOn(request).find(({ state, isQuiet }) => !isQuiet && !PLAIN.has(state)) ?? null
}
