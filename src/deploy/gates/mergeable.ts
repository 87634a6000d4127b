import { Refusal } from '../../errors.ts'
import type { Gate } from './gate.ts'

/** Whether the pull request is one that could be merged: no draft, without conflicts, and up to date where the rules want that. */
export const mergeable: Gate = {
  name: 'mergeable',
  skippedBy: ['rollback', 'promote', 'override'],
  judge: ({ request, facts, proposal }) => {
    // A commit of the pull request is no other commit because somebody named it.
    const isOther = request.asks.ref !== null && facts?.ref?.isOfPull !== true
    if (facts?.pull == null || proposal === null || isOther) return null
    const { isDraft, merge, behind, base } = facts.pull
    const { from, require, name } = proposal.rules
    if (isDraft && !from.drafts) return draft(name)
    if (merge === 'conflicting') return conflicting(base)
    if (require.upToDate && behind !== 0) return late(behind, base)
    return require.upToDate ? `the branch has everything that ${base} has` : 'the pull request could be merged'
  },
}

const draft = (environment: string): Refusal =>
  new Refusal('PULL_REQUEST_DRAFT', {
    sentence: 'This pull request is a draft.',
    found: 'a draft',
    wanted: `one that is ready for review, or from.drafts: true for ${environment}`,
    next: 'Mark it as ready for review, then ask again.',
  })

const conflicting = (base: string): Refusal =>
  new Refusal('PULL_REQUEST_CONFLICTING', {
    sentence: `This pull request conflicts with ${base}.`,
    found: `conflicts with ${base}`,
    wanted: 'a branch that can be merged',
    next: `Merge ${base} into the branch, then ask again.`,
  })

const late = (behind: number | null, base: string): Refusal =>
  new Refusal('PULL_REQUEST_BEHIND', {
    sentence: behind === null ? `GitHub does not say whether the branch has everything that ${base} has.` : `The branch lacks commits of ${base}.`,
    found: behind === null ? 'a comparison that cannot be read' : `${behind} commit${behind === 1 ? '' : 's'} behind ${base}`,
    wanted: `all of ${base}`,
    next: behind === null ? 'Ask again in a minute.' : `Merge ${base} into the branch, then ask again.`,
    ...(behind === null && { who: 'github', retryable: true }),
  })
