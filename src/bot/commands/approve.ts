import type { Command } from '../command.ts'
import { needsApproval, deploymentWords } from '../deployment-words.ts'
import { MARKS, person } from '../comments.ts'

export const approve: Command = {
  name: 'approve',
  summary: 'Says yes to a deployment that waits for an approval',
  phrase: 'what waits for it',
  purpose: 'To decide for others',
  usage: ['/approve [ID]'],
  who: 'Whoever the rules of the environment name under `approvals`, and else anybody with the role `write`; not whoever asked for it, wrote the pull request or pushed to it last, unless the rules allow that.',
  examples: [
    ['/approve', 'the only deployment of this thread that waits for an approval'],
    ['/approve 9ix-4f0c…', 'the one with this id'],
  ],
  options: [],
  hasParameters: false,
  mostWords: 1,
  role: 'write',
  isOfUse: needsApproval,
  judgedBy: 'standing',
  run: async ({ args, request, service, answer, refuse }) => {
    const said = await service.approve(request, { id: args.words[0] ?? null, isApproval: true, reason: null })
    if ('problem' in said) return refuse(said.problem)
    const { deployment } = said
    const mine = deployment.approvals.filter(({ isApproval, planHash }) => isApproval && planHash === deployment.planHash)
    const missing = (deployment.rules?.approvals?.count ?? 0) - mine.length
    const then = missing > 0 ? `${missing === 1 ? '1 more approval is' : `${missing} more approvals are`} needed` : 'it goes on'
    answer(
      `${missing > 0 ? MARKS.waiting : MARKS.done} ${person(request.actor.login)} approved ${deploymentWords(deployment, request.actor, 'names')}: ${then}.`,
    )
  },
}
