import type { DeployRequest } from '../../deploy/deployment.ts'
import { asksForApprovals, everyRules, partyName, type EnvironmentRules, type Party } from '../../deploy/environment.ts'
import { mayApproveThere } from '../../deploy/may-approve.ts'
import { mayDeployThere } from '../../deploy/may-deploy.ts'
import { duration } from '../../deploy/words.ts'
import type { Standing } from '../../deploy/wishes.ts'
import type { Command } from '../command.ts'
import { person } from '../comments.ts'
import { code } from '../markdown.ts'
import { readPlace } from '../parse.ts'
import { lockWords } from '../place-words.ts'

export const who: Command = {
  name: 'who',
  summary: 'Says who may deploy and approve in an environment, and who holds it',
  phrase: 'may deploy and approve',
  purpose: 'To know',
  usage: ['/who [app/][environment]'],
  who: 'Anybody who may see the repository and is no stranger to it: the role `triage`, or any in a private one.',
  examples: [['/who production', 'roles, teams and people, and whether you are among them']],
  options: [],
  hasParameters: false,
  mostWords: 1,
  role: 'triage',
  judgedBy: 'standing',
  run: async ({ args, request, service, answer, refuse }) => {
    const found = await service.place(request, readPlace(args.words[0] ?? null))
    if ('problem' in found) return refuse(found.problem)
    answer(placeWords(request, found))
  },
}

function placeWords(request: DeployRequest, { rules, facts, locks }: Standing): string {
  const may = mayDeployThere(request, facts, rules) === null
  const [, ...others] = everyRules(rules)
  return [
    `**${code(rules.name)}**`,
    [
      `Deploys: ${deployers(rules)}`,
      `Approves: ${approvers(rules)}`,
      ...new Set(others.flatMap((demands) => besides(rules, demands))),
      ...(locks.length === 0 ? ['Held by nobody'] : locks.map((lock) => `Now ${lockWords(lock)}`)),
      `You, ${person(request.actor.login)}, have the role ${code(facts.actor.role)}: you ${may ? 'may deploy' : 'may not deploy'} here${ownWord(request, rules, facts)}`,
    ]
      .map((line) => `- ${line}`)
      .join('\n'),
  ].join('\n')
}

/** What the account's defaults ask for that the repository does not. */
const besides = (own: EnvironmentRules, demands: EnvironmentRules): readonly string[] => [
  ...(deployers(own) === deployers(demands) ? [] : [`The account's defaults let deploy: only ${deployers(demands)}`]),
  ...(approvers(own) === approvers(demands) ? [] : [`The account's defaults ask for approvals as well: ${approvers(demands)}`]),
]

const deployers = ({ allow }: EnvironmentRules): string => `whoever has the role ${code(allow.role)}${oneOf(allow.any, ' and is one of ')}`

const MOST_PARTIES = 20

const oneOf = (parties: readonly Party[], words: string): string =>
  parties.length === 0
    ? ''
    : `${words}${parties
        .slice(0, MOST_PARTIES)
        .map((party) => code(partyName(party)))
        .join(', ')}${parties.length > MOST_PARTIES ? ` and ${parties.length - MOST_PARTIES} more` : ''}`

const EXCLUDED = { requester: 'whoever asked for it', author: "the pull request's author", pusher: 'whoever pushed last' } as const

function approvers({ approvals }: EnvironmentRules): string {
  if (approvals === null) return 'nobody has to'
  const { count, by, not, expire } = approvals
  const excluded = not.length === 0 ? '' : `, but not ${not.map((one) => EXCLUDED[one]).join(', ')}`
  return `${count} of ${by.length === 0 ? 'those with the role `write`' : `these: ${oneOf(by, '')}`}${excluded}, within ${duration(expire)}`
}

function ownWord(request: DeployRequest, rules: EnvironmentRules, facts: Standing['facts']): string {
  if (!asksForApprovals(rules) || facts.actor.id === null) return ''
  const nobodys = { ...request, actor: { id: 0, login: '', app: null } }
  const refusal = mayApproveThere({ ...request.actor, role: facts.actor.role }, nobodys, facts, rules)
  return refusal === null ? ', and may approve what others ask for' : ', and may not approve on this thread'
}
