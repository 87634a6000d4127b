import { Refusal } from '../../errors.ts'
import type { Gate } from './gate.ts'

/** Anyone with write access can edit anyone's comment, so only the text that was signed and still stands is obeyed. */
export const comment: Gate = {
  name: 'comment',
  skippedBy: [],
  judge: ({ facts }) => {
    if (facts === null) return null
    if (facts.comment === 'none') return null
    if (facts.comment === 'unchanged') return 'the comment stands as it was written'
    return new Refusal('COMMENT_CHANGED', {
      sentence: `The comment was ${facts.comment} after it was posted, so it is not obeyed.`,
      found: `comment ${facts.comment}`,
      wanted: 'the comment as it was posted',
      next: 'Post the command again in a new comment.',
    })
  },
}
