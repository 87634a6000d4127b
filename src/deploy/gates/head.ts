import { Refusal } from '../../errors.ts'
import type { DeployRequest } from '../deployment.ts'
import type { Facts } from '../source.ts'
import { judged, type Gate, type Records, type Situation } from './gate.ts'
import { shortCommit } from '../wording.ts'

/**
 * The commit that is deployed is the one the person saw. A label's signed body carries it, and so does `--expect`; a comment does not, so
 * there the push must be older than the comment by GitHub's own clock (whole seconds: a push in the same second counts as later).
 * Commit dates are chosen by their author and never looked at. No sentence offers a command that would accept the new commit.
 */
export const head: Gate = {
  name: 'head commit',
  skippedBy: ['rollback', 'promote'],
  judge: (situation) => {
    const { request, facts, proposal, plan } = situation
    // Not before the configuration is known: whoever may not deploy from here at all is not sent to find a provable head first.
    if (proposal === null) return null
    const isNamed = request.asks.ref !== null
    if (plan !== null) return isNamed ? null : stillThere(plan.commit, situation)
    return isNamed || facts?.pull == null ? refSeenBefore(situation) : seenBefore(facts.pull, situation)
  },
}

type Pull = NonNullable<Facts['pull']>

/** A webhook tells of a push before GitHub's API may know it. */
function stillThere(commit: string, { request, facts, records }: Situation): Refusal | string | null {
  const told = newlyTold(request, records)
  if (told !== null && told !== commit) return moved(commit, told)
  if (facts?.pull == null) return null
  return facts.pull.head === commit ? 'the head is still the same commit' : moved(commit, facts.pull.head)
}

/** What was told long before the request was settled with it: a webhook may have been lost since. */
const newlyTold = ({ receivedAt }: DeployRequest, { told }: Records): string | null =>
  told !== null && told.at >= receivedAt - 60_000 ? told.head : null

function seenBefore(pull: Pull, situation: Situation): Refusal | string | null {
  const { request, records } = situation
  const { expect, origin } = request.asks
  if (expect !== null && isCommit(expect)) return expect === pull.head ? 'the head is the commit that was named' : null
  if (origin !== null && judged(situation) !== pull.head) return another(judged(situation) ?? '', pull.head)
  const { told } = records
  const isOvertaken = told !== null && pull.headSince !== null && pull.headSince > told.at
  if (told !== null && told.head !== pull.head && !isOvertaken) return unsettled(told.head, pull.head)
  if (request.headSeen !== null) return pull.head === request.headSeen ? 'the head is the commit that was seen' : moved(request.headSeen, pull.head)
  if (pull.headSince === null) return unproved(pull)
  return pull.headSince < request.askedAt ? 'the head is older than the comment' : moved('the head when the comment was posted', pull.head)
}

/** A branch moves on as a pull request does: what was pushed there after the comment nobody asked for. */
function refSeenBefore({ request, facts }: Situation): Refusal | string | null {
  const since = facts?.ref?.since ?? null
  const { comment, asks } = request
  if (since === null || comment === null || asks.origin !== null) return null
  if (asks.expect !== null && isCommit(asks.expect)) return null
  if (since < request.askedAt) return 'the branch is older than the comment'
  return new Refusal('HEAD_MOVED', {
    sentence: `The branch ${facts?.ref?.name ?? ''} got a new commit after the command, and nobody has asked to deploy that one.`,
    found: shortCommit(facts?.ref?.commit ?? ''),
    wanted: 'the commit that was its head when the comment was posted',
    next: 'Look at the new commit, then ask again.',
  })
}

const isCommit = (text: string): boolean => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text)

const moved = (wanted: string, found: string): Refusal =>
  new Refusal('HEAD_MOVED', {
    sentence: 'The pull request got a new commit after the command, and nobody has asked to deploy that one.',
    found: shortCommit(found),
    wanted: shortCommit(wanted),
    next: 'Look at the new commit, then ask again.',
  })

const another = (wanted: string, found: string): Refusal =>
  new Refusal('HEAD_MOVED', {
    sentence: 'The pull request is at another commit now than the deployment that is to be tried again.',
    found: shortCommit(found),
    wanted: shortCommit(wanted),
    next: 'Look at the new commit, then deploy it with a command of its own.',
  })

const unsettled = (told: string, found: string): Refusal =>
  new Refusal('HEAD_UNSETTLED', {
    sentence: 'GitHub told us of another head of this pull request than it answers now.',
    found: `${shortCommit(found)}, and ${shortCommit(told)} was told`,
    wanted: 'one head, everywhere',
    next: 'Ask again in a minute.',
  })

const unproved = (pull: Pull): Refusal =>
  new Refusal('HEAD_UNPROVED', {
    sentence: 'GitHub does not say when the head became this commit, so a push after the comment cannot be ruled out.',
    found: `${shortCommit(pull.head)}${pull.isFork ? ' on a fork' : ''}`,
    wanted: 'a head that is provably older than the command',
    next: 'Add the label deploy or deploy:ENVIRONMENT, or name the whole commit that you looked at with --expect.',
  })
