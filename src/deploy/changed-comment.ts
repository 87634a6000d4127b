import { Refusal } from '../errors.ts'
import type { Facts } from './source.ts'

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
