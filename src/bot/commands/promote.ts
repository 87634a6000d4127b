import { NOTHING_ASKED, type Asks } from '../../deploy/deployment.ts'
import { quoted } from '../../deploy/wording.ts'
import type { Problem } from '../../errors.ts'
import { lacking, type Command } from '../command.ts'
import { readPlace, type Args } from '../parse.ts'
import { deployOrRehearse } from '../rehearsal.ts'
import { malformed } from '../tokenize.ts'

export const promote: Command = {
  name: 'promote',
  summary: 'Deploys to one environment the very images that run in another',
  phrase: 'what runs elsewhere',
  purpose: 'To change what runs',
  usage: ['/promote FROM [app/]TO [--dry-run] [key=value …]'],
  who: 'Whoever may deploy to the second environment.',
  examples: [
    ['/promote staging production', 'the digests that run in staging, with the settings of production'],
    ['/promote staging production --dry-run', 'says what it would come to, and changes nothing'],
  ],
  options: ['dry-run'],
  hasParameters: true,
  mostWords: 2,
  role: 'write',
  isOfUse: ({ apps }) => [...apps.values()].some(({ environments }) => environments.size > 1),
  judgedBy: 'gates',
  run: (context) => deployOrRehearse(interpret(context.args), context),
}

function interpret({ words, parameters }: Args): Asks | { readonly problem: Problem } {
  const [first, second] = words
  if (first === undefined || second === undefined) return { problem: lacking('two environments', promote) }
  const [from, to] = [readPlace(first), readPlace(second)]
  const app = to.app ?? from.app
  if (from.app !== null && from.app !== app) return { problem: wrong('Images are promoted within one app.', `${first} ${second}`) }
  if (from.environment === to.environment) return { problem: wrong(`Nothing is to be promoted from ${quoted(first)} to itself.`, second) }
  const origin = { kind: 'promote', from: from.environment ?? '' } as const
  return { ...NOTHING_ASKED, app, environment: to.environment, origin, parameters: Object.fromEntries(parameters) }
}

const wrong = (sentence: string, found: string): Problem => malformed(sentence, found, promote.usage[0])
