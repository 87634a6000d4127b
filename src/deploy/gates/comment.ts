import { changedComment } from '../changed-comment.ts'
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
