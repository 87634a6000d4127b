import type { Deployment } from '../../deploy/deployment.ts'
import type { Service } from '../../deploy/service.ts'
import type { Command } from '../command.ts'
import { MARKS, person, sentence } from '../comments.ts'
import { deploymentWords } from '../deployment-words.ts'
import { code, mention } from '../markdown.ts'

export const cancel: Command = {
  name: 'cancel',
  summary: 'Stops a deployment that waits or runs',
  phrase: 'what waits or runs',
  purpose: 'To change what runs',
  usage: ['/cancel [ID]'],
  who: 'Whoever asked for it, and whoever may deploy there.',
  examples: [
    ['/cancel', 'the only deployment of this thread that has not ended'],
    ['/cancel 9ix-4f0c…', 'the one with this id'],
  ],
  options: [],
  hasParameters: false,
  mostWords: 1,
  role: 'write',
  judgedBy: 'standing',
  run: async ({ args, request, service, answer, refuse }) => {
    const found = await service.cancel(request, args.words[0] ?? null)
    if ('problem' in found) return refuse(found.problem)
    answer(WORDS[found.outcome](found.deployment, request.actor.login))
  },
}

type Outcome = Extract<Awaited<ReturnType<Service['cancel']>>, { readonly outcome: string }>['outcome']

/** Whoever asked for it hears of it, where it was somebody else who stopped it. */
const whose = ({ request: { actor } }: Deployment, by: string): string => (actor.login === by ? '' : `, which ${mention(actor.login)} had asked for`)

const WORDS: Record<Outcome, (deployment: Deployment, by: string) => string> = {
  cancelled: (deployment, by) =>
    `${MARKS.skipped} ${person(by)} stopped ${deploymentWords(deployment)}${whose(deployment, by)}, before anything was changed.`,
  asked: (deployment, by) =>
    `${MARKS.running} ${deploymentWords(deployment)}${whose(deployment, by)} is being stopped; its own comment says what runs in the end.`,
  'too late': (deployment) => {
    const environment = deployment.plan?.environment ?? ''
    return `${MARKS.unknown} Too late to stop ${deploymentWords(deployment)}: it is in its place already. To go back, type ${code(`/rollback ${environment}`)} once it has ended.`
  },
  ended: (deployment) => `${MARKS.skipped} There is nothing to stop any more. ${sentence(deployment)}`,
}
