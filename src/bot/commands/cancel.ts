import type { Deployment, Person } from '../../deploy/deployment.ts'
import type { Service } from '../../deploy/service.ts'
import type { Command } from '../command.ts'
import { MARKS, person, sentence } from '../comments.ts'
import { deploymentWords } from '../deployment-words.ts'
import { code } from '../markdown.ts'

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
    answer(WORDS[found.outcome](found.deployment, request.actor))
  },
}

type Outcome = Extract<Awaited<ReturnType<Service['cancel']>>, { readonly outcome: string }>['outcome']

// Whoever asked for it hears of it, where it was somebody else who stopped it.
const WORDS: Record<Outcome, (deployment: Deployment, by: Person) => string> = {
  cancelled: (deployment, by) =>
    `${MARKS.skipped} ${person(by.login)} stopped ${deploymentWords(deployment, by, 'mentions')}, before anything was changed.`,
  asked: (deployment, by) =>
    `${MARKS.running} ${person(by.login)} stops ${deploymentWords(deployment, by, 'mentions')}; its own comment says what runs in the end.`,
  'too late': (deployment, by) => {
    const back = code(`/rollback ${deployment.plan?.environment ?? ''}`)
    return `${MARKS.unknown} It is too late to stop ${deploymentWords(deployment, by, 'names')}: the image is in its place. To go back, type ${back} once it has ended.`
  },
  ended: (deployment) => `${MARKS.skipped} There is nothing to stop any more. ${sentence(deployment)}`,
}
