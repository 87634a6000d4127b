import type { Lock, Person } from '../../deploy/deployment.ts'
import { capital } from '../../deploy/wording.ts'
import { lacking, type Command } from '../command.ts'
import { MARKS, person } from '../comments.ts'
import { mention, prose } from '../markdown.ts'
import { readPlace } from '../parse.ts'
import { lockedPlace } from '../place-words.ts'
import { malformed } from '../tokenize.ts'

export const unlock: Command = {
  name: 'unlock',
  summary: 'Gives an environment free again',
  phrase: 'it again',
  purpose: 'To keep others out',
  usage: ['/unlock [app/]environment', '/unlock --all'],
  who: 'Whoever may deploy there, whoever took the lock; `--all` needs the role `maintain`.',
  examples: [
    ['/unlock production', 'and its holder hears of it, if that is somebody else'],
    ['/unlock --all', 'what `/lock --all` took; locks on single environments stay'],
  ],
  options: ['all'],
  hasParameters: false,
  mostWords: 1,
  role: 'write',
  judgedBy: 'standing',
  run: async ({ args: { words, flags }, request, service, answer, refuse }) => {
    const [typed] = words
    const isAll = flags.has('all')
    if (isAll && typed !== undefined) return refuse(malformed('Either an environment is named, or --all.', typed, unlock.usage.join(' or ')))
    if (!isAll && typed === undefined) return refuse(lacking('an environment, or --all', unlock))
    const place = lockedPlace(isAll ? '*' : (typed ?? ''))
    const freed = (former: Lock): string => `${MARKS.done} ${capital(place)} is free again: ${whose(former, request.actor)}.`
    const said = await service.unlock(request, isAll ? null : readPlace(typed ?? null), freed)
    if ('problem' in said) return refuse(said.problem)
    answer(said.former === null ? `${MARKS.skipped} Nobody holds ${place}, so there is nothing to give free.` : freed(said.former))
  },
}

/** Whoever held it hears of it, where somebody else gave it up. */
function whose({ owner, reason }: Lock, by: Person): string {
  if (owner === null) return `${person(by.login)} gave up what Gantry had locked (${prose(reason)})`
  return owner.id === by.id
    ? `${person(by.login)} gave it up`
    : `${person(by.login)} gave it up for ${mention(owner.login)}, who had locked it (${prose(reason)})`
}
