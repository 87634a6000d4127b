import type { Problem } from '../errors.ts'
import type { Deployment, Repository, Verdict } from './deployment.ts'
import type { Announcements, Answer, Journal, Locks } from './journal.ts'
import type { Plan } from './plan.ts'

/** Takes secrets out of a text: the operator's, and of what an account declares by itself that of the `account` whose text it is. */
export type Mask = (text: string, account?: number) => string

/** For what belongs to one account; older records do not say to which. */
export const maskFor =
  (mask: Mask, { account }: Pick<Repository, 'account'>): Mask =>
  (text) =>
    mask(text, account)

const LONGEST_LINE = 500
const LONGEST_WORDS = 1_000

/** The journal as the service writes in it: what registries and targets said goes without secrets onto the disk. */
export function maskedJournal(journal: Journal, mask: Mask): Journal {
  const maskOf = maskByDeployment(journal, mask)
  const wordsOf = (id: string): Mask => bounded(maskOf(id), LONGEST_WORDS)
  return {
    ...journal,
    // Of a request only what its author wrote for people: the rest means what it says.
    request(id, { asks, ...request }, now) {
      const words = bounded(maskFor(mask, request.repository), LONGEST_WORDS)
      return journal.request(id, { ...request, asks: { ...asks, override: asks.override === null ? null : words(asks.override) } }, now)
    },
    move: (id, from, to, change) => journal.move(id, from, to, noted(change, wordsOf(id))),
    wait: (id, from, wait, change) => journal.wait(id, from, deep(wait, wordsOf(id)), noted(change, wordsOf(id))),
    approve: (approval) => journal.approve({ ...approval, reason: approval.reason === null ? null : wordsOf(approval.deployment)(approval.reason) }),
    restore: (id, why, now) => journal.restore(id, maskedProblem(why, wordsOf(id)), now),
    end: (id, state, { problem, ...ending }) =>
      journal.end(id, state, { ...noted(ending, wordsOf(id)), ...(problem !== undefined && { problem: maskedProblem(problem, wordsOf(id)) }) }),
    log: (id, line) => journal.log(id, bounded(maskOf(id), LONGEST_LINE)(line)),
  }
}

/** More than are on their way at once. */
const MOST_REMEMBERED = 1_000

/** Whose a deployment is never changes. */
function maskByDeployment({ find }: Pick<Journal, 'find'>, mask: Mask): (id: string) => Mask {
  const known = new Map<string, Mask>()
  return (id) => {
    const found = known.get(id) ?? maskFor(mask, find(id)?.request.repository ?? {})
    if (known.size >= MOST_REMEMBERED) known.clear()
    known.set(id, found)
    return found
  }
}

/** The same for locks: people write a reason. */
export const maskedLocks = (locks: Locks, mask: Mask): Locks => ({
  ...locks,
  take: (lock, options) => locks.take({ ...lock, reason: maskFor(mask, lock.repository)(lock.reason) }, options),
  release: (id, { answer = null, ...release }) => locks.release(id, { ...release, answer: answer === null ? null : maskedAnswer(answer, mask) }),
})

/** The same for answers that are no deployment. */
export const maskedAnnouncements = (announcements: Announcements, mask: Mask): Announcements => ({
  ...announcements,
  answer: (answer) => announcements.answer('markdown' in answer ? maskedAnswer(answer, mask) : answer),
})

export const maskedAnswer = (answer: Answer, mask: Mask): Answer => ({ ...answer, markdown: maskFor(mask, answer.repository)(answer.markdown) })

/** A record as it may be shown: it may be older than a secret, and the configuration's own words are in it too. */
export function maskedDeployment(deployment: Deployment, everybodys: Mask): Deployment {
  const { request, plan, problem, steps, log, wait, verdicts, approvals } = deployment
  const mask = maskFor(everybodys, request.repository)
  return {
    ...deployment,
    request: { ...request, asks: deep(request.asks, mask) },
    plan: plan === null ? null : maskedPlan(plan, mask),
    problem: problem === null ? null : maskedProblem(problem, mask),
    wait: deep(wait, mask),
    verdicts: deep(verdicts, mask),
    approvals: approvals.map((approval) => ({ ...approval, reason: approval.reason === null ? null : mask(approval.reason) })),
    steps: steps.map((step) => ({ ...step, note: step.note === null ? null : mask(step.note) })),
    log: log.map((line) => mask(line)),
  }
}

/** Every text in it. */
export function deep<T>(value: T, mask: Mask): T {
  if (typeof value === 'string') return mask(value) as T
  if (Array.isArray(value)) return value.map((inner: unknown) => deep(inner, mask)) as T
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, deep(inner, mask)])) as T
}

function maskedPlan(plan: Plan, mask: Mask): Plan {
  const artifacts = plan.artifacts.map((artifact) => ({
    ...artifact,
    repository: mask(artifact.repository),
    tag: artifact.tag === null ? null : mask(artifact.tag),
  }))
  return { ...plan, artifacts, environment: mask(plan.environment), url: plan.url === null ? null : mask(plan.url) }
}

/** Its code and what else is no text stay. */
export function maskedProblem(problem: Problem, mask: Mask): Problem {
  const { sentence, next, found, wanted } = problem
  return {
    ...problem,
    sentence: mask(sentence),
    next: mask(next),
    ...(found !== undefined && { found: mask(found) }),
    ...(wanted !== undefined && { wanted: mask(wanted) }),
  }
}

const noted = <T extends { readonly note?: string; readonly verdicts?: readonly Verdict[] }>(change: T, mask: Mask): T => ({
  ...change,
  ...(change.note !== undefined && { note: mask(change.note) }),
  ...(change.verdicts !== undefined && { verdicts: deep(change.verdicts, mask) }),
})

/** How many times as much is read as is shown: masks are short, and what they stand for may be long. */
const READ = 16
/** At the end of what was read there may be the beginning of a secret, too short to be known for one. */
const UNSURE = 100

/** Cut behind the mask, because half a secret is hard to recognise; and before it, because anybody may send a mebibyte. */
export const bounded =
  (mask: Mask, longest: number): Mask =>
  (text) => {
    const read = text.slice(0, READ * longest)
    const masked = read.length < text.length ? mask(read).slice(0, -UNSURE) : mask(read)
    return masked.length <= longest && read.length === text.length ? masked : `${masked.slice(0, longest - 1)}…`
  }
