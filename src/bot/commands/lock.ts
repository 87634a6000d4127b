import type { Lock } from '../../deploy/deployment.ts'
import { utc } from '../../deploy/wording.ts'
import type { Problem } from '../../errors.ts'
import { lacking, type Command } from '../command.ts'
import { MARKS, person } from '../comments.ts'
import { code, mention, prose } from '../markdown.ts'
import { readPlace, readSpan, valueOf, type Args } from '../parse.ts'
import { lockedPlace } from '../place-words.ts'
import { malformed } from '../tokenize.ts'

export const lock: Command = {
  name: 'lock',
  summary: 'Keeps everybody else from deploying to an environment for a while',
  phrase: 'an environment',
  purpose: 'To keep others out',
  usage: ['/lock [app/]environment reason [--for 2h] [--take-over]', '/lock --all reason [--for 2h] [--take-over]'],
  who: 'Whoever may deploy there; `--all` needs the role `maintain`.',
  examples: [
    ['/lock production the database is being moved', 'for a day'],
    ['/lock production release week --for 5d', 'for as long as you say: 30m, 2h, 3d, at most 30d'],
    ['/lock production hotfix --take-over', 'over somebody else’s lock, and tells them'],
    ['/lock --all GitHub is unwell', 'every environment of this repository'],
  ],
  options: ['for', 'take-over', 'all'],
  hasParameters: false,
  mostWords: Infinity,
  role: 'write',
  judgedBy: 'standing',
  run: async ({ args, request, service, answer, refuse }) => {
    const asked = interpret(args)
    if ('problem' in asked) return refuse(asked.problem)
    const held = await service.lock(request, asked)
    if ('problem' in held) return refuse(held.problem)
    answer(words(held.lock, args.flags.has('all') ? '--all' : (args.words[0] ?? '')))
  },
}

const DAY = 86_400_000
const LONGEST = 30 * DAY

function interpret({ words: all, flags }: Args) {
  const isAll = flags.has('all')
  const [place, ...others] = isAll ? [undefined, ...all] : all
  if (!isAll && place === undefined) return { problem: lacking('an environment and a reason', lock) }
  const reason = others.join(' ')
  if (reason === '') return { problem: lacking('a reason, so that others know what they wait for', lock) }
  const span = valueOf(flags, 'for')
  const lasts = span === null ? DAY : readSpan(span)
  if (lasts === null || lasts > LONGEST) return { problem: badSpan(span ?? '') }
  return { place: isAll ? null : readPlace(place ?? null), reason, lasts, takesOver: flags.has('take-over') }
}

const badSpan = (span: string): Problem =>
  malformed('The option --for does not hold a time that a lock can last.', span, '30m, 2h or 3d, and at most 30d')

function words({ owner, environment, former, until, reason }: Lock, typed: string): string {
  const place = lockedPlace(environment === '*' ? environment : typed)
  const holds = former === undefined ? `holds ${place}` : `took ${place} over from ${mention(former.login)} and holds it`
  const time = until === null ? 'until further notice' : `until ${utc(until)}`
  return `${MARKS.done} ${person(owner?.login ?? '')} ${holds} ${time}: ${prose(reason)}. Nobody else deploys there; ${code(`/unlock ${typed}`)} gives it up, and so does closing this thread.`
}
