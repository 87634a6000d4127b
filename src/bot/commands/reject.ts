import { lacking, type Command } from '../command.ts'
import { MARKS, person } from '../comments.ts'
import { deploymentWords, needsApproval } from '../deployment-words.ts'
import { prose } from '../markdown.ts'

export const reject: Command = {
  name: 'reject',
  summary: 'Says no to a deployment that waits for an approval, which ends it',
  phrase: 'what should not happen, with a reason',
  purpose: 'To decide for others',
  usage: ['/reject [ID] reason'],
  who: 'Whoever may approve it.',
  examples: [
    ['/reject not on a Friday', 'the only deployment of this thread that waits for an approval'],
    ['/reject 9ix-4f0c… not on a Friday', 'the one with this id'],
  ],
  options: [],
  hasParameters: false,
  mostWords: Infinity,
  role: 'write',
  isOfUse: needsApproval,
  judgedBy: 'standing',
  run: async ({ args, request, service, answer, refuse }) => {
    const [first = '', ...others] = args.words
    const id = /^[0-9a-z]+-[0-9a-z]{16,}$/.test(first) ? first : null
    const reason = (id === null ? args.words : others).join(' ')
    if (reason === '') return refuse(lacking('a reason', reject))
    const said = await service.approve(request, { id, isApproval: false, reason })
    if ('problem' in said) return refuse(said.problem)
    const what = deploymentWords(said.deployment, request.actor, 'mentions')
    answer(`${MARKS.refused} ${person(request.actor.login)} rejected ${what}: ${prose(reason)}. Talk about it, then ask again.`)
  },
}
