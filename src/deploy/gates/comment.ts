import { Refusal } from '../../errors.ts'
import type { Facts } from '../source.ts'
import type { Gate } from './gate.ts'

/** Anyone with write access can edit anyone's comment, so only the text that was signed and still stands is obeyed. */
export const comment: Gate = {
  name: 'comment',
  skippedBy: [],
  judge: ({ facts }) => {
    if (facts === null) return null
    if (facts.comment === 'none') return null
    return changedComment(facts) ?? 'the comment stands as it was written'
  },
}

/** Why it is not obeyed; null where it stands, or there is none. */
export const changedComment = ({ comment: now }: Pick<Facts, 'comment'>): Refusal | null =>
  now === 'none' || now === 'unchanged'
    ? null
    : new Refusal('COMMENT_CHANGED', {
        sentence: `The comment was ${now} after it was posted, so it is not obeyed.`,
        found: `comment ${now}`,
        wanted: 'the comment as it was posted',
        next: 'Post the command again in a new comment.',
      })
