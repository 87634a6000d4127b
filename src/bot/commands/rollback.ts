import { NOTHING_ASKED } from '../../deploy/deployment.ts'
import type { Command } from '../command.ts'
import { deployOrRehearse } from '../rehearsal.ts'
import { readPlace, valueOf } from '../parse.ts'

export const rollback: Command = {
  name: 'rollback',
  summary: 'Brings back what ran before and was healthy',
  phrase: 'to what ran before',
  purpose: 'To change what runs',
  usage: ['/rollback [app/][environment] [--to ID] [--dry-run]'],
  who: 'Whoever may deploy there. Reviews, checks and whatever else that plan has passed before are not asked again; permission, locks and the bounds of the target always are.',
  examples: [
    ['/rollback production', 'the last plan that succeeded there before the present one'],
    ['/rollback production --to 9ix-4f0c…', 'the plan of one deployment; its id stands at the end of its comment'],
    ['/rollback production --dry-run', 'says what it would come to, and changes nothing'],
  ],
  options: ['to', 'dry-run'],
  hasParameters: false,
  mostWords: 1,
  role: 'write',
  judgedBy: 'gates',
  run: (context) => {
    const { words, flags } = context.args
    const asks = { ...NOTHING_ASKED, ...readPlace(words[0] ?? null), origin: { kind: 'rollback', to: valueOf(flags, 'to') } } as const
    return deployOrRehearse(asks, context)
  },
}
