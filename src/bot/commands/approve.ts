import type { Deployment } from '../../deploy/deployment.ts'
import { everyRules, type EnvironmentRules } from '../../deploy/environment.ts'
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
    const asked = demandsIn(deployment)
    const missing = Math.max(0, ...asked.map(({ count }) => count)) - mine.length
    const then = missing > 0 ? `${missing === 1 ? '1 more approval is' : `${missing} more approvals are`} needed` : onwards(asked)
    answer(
      `${missing > 0 ? MARKS.waiting : MARKS.done} ${person(request.actor.login)} approved ${deploymentWords(deployment, request.actor, 'names')}: ${then}.`,
    )
  },
}

type Asked = NonNullable<EnvironmentRules['approvals']>

const demandsIn = ({ rules }: Deployment): readonly Asked[] =>
  rules === null ? [] : everyRules(rules).flatMap(({ approvals }) => (approvals === null ? [] : [approvals]))

/** One person's word may count for the repository's rules and not for the account's: only the gate knows. */
const onwards = (asked: readonly Asked[]): string =>
  new Set(asked.map((one) => JSON.stringify(one))).size > 1 ? 'it goes on once everybody has approved whom the rules ask for' : 'it goes on'
