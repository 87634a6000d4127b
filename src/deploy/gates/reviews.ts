import { Refusal } from '../../errors.ts'
import type { Facts, Review } from '../source.ts'
import { listed } from '../wording.ts'
import { judged, type Gate } from './gate.ts'

/** Enough people have approved exactly this commit of the pull request, and nobody who counts wants it changed. */
export const reviews: Gate = {
  name: 'reviews',
  skippedBy: ['rollback', 'override'],
  judge: (situation) => {
    const { facts, proposal } = situation
    const needed = proposal?.rules.require.reviews ?? 0
    if (facts === null || proposal === null || needed === 0) return null
    if (facts.pull === null) return without(needed)
    const words = lastWords(facts.pull)
    if (words === null) return unreadable(needed)
    const against = words.filter(({ isApproval }) => !isApproval)
    if (against.length > 0) return unwanted(against)
    const approved = words.filter(({ commit }) => commit === judged(situation))
    if (approved.length >= needed) return `approved by ${listed(approved.map(({ author }) => author.login))}`
    return missing(needed, approved.length, words.length)
  },
}

/** Those that count, one a person; nobody reviews their own work. */
function lastWords({ reviews: all, author }: NonNullable<Facts['pull']>): readonly Review[] | null {
  if (all === null) return null
  const byPerson = new Map(all.map((review) => [review.author.id, review]))
  return [...byPerson.values()].filter(({ counts, author: by }) => counts && by.id !== author?.id)
}

const approvals = (count: number): string => `${count} approving review${count === 1 ? '' : 's'}`

const missing = (needed: number, found: number, onAny: number): Refusal =>
  new Refusal('REVIEW_REQUIRED', {
    sentence: `This commit needs ${approvals(needed)}.`,
    found: onAny > found ? `${approvals(found)} of this commit, ${onAny - found} of an older one` : approvals(found),
    wanted: `${approvals(needed)} of exactly this commit, by others than its author`,
    next: 'Ask for a review of the newest commit, then ask again.',
  })

const unwanted = (against: readonly Review[]): Refusal =>
  new Refusal('REVIEW_REQUIRED', {
    sentence: `${listed(against.map(({ author }) => author.login))} asked for changes.`,
    found: 'changes requested',
    wanted: 'nobody who wants changes',
    next: 'Talk to them: they can approve, or an administrator can dismiss the review.',
  })

const without = (needed: number): Refusal =>
  new Refusal('REVIEW_REQUIRED', {
    sentence: 'Reviews belong to a pull request, and this is none.',
    found: 'a plain issue or a branch',
    wanted: approvals(needed),
    next: 'Ask on the pull request.',
  })

const unreadable = (needed: number): Refusal =>
  new Refusal('REVIEW_REQUIRED', {
    sentence: 'GitHub does not say who has reviewed this pull request.',
    found: 'no reviews that can be read',
    wanted: approvals(needed),
    who: 'github',
    retryable: true,
    next: 'Ask again in a minute.',
  })
