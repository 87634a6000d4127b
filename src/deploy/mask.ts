import type { Problem } from '../errors.ts'
import type { Deployment, Verdict } from './deployment.ts'
import type { Announcements, Journal, Locks } from './journal.ts'
import type { Plan } from './plan.ts'

/** Takes every secret that this process knows out of a text. */
export type Mask = (text: string) => string

const LONGEST_LINE = 500
const LONGEST_WORDS = 1_000

/**
 * The journal as the service writes in it: what registries and targets said goes without secrets onto the disk. Cut only after
 * that, because half a secret is not recognised.
 */
export function maskedJournal(journal: Journal, mask: Mask): Journal {
  const words = bounded(mask, LONGEST_WORDS)
  return {
    ...journal,
    // Of a request only what its author wrote for people: the rest means what it says.
    request: (id, { asks, ...request }, now) =>
      journal.request(id, { ...request, asks: { ...asks, override: asks.override === null ? null : words(asks.override) } }, now),
    move: (id, from, to, change) => journal.move(id, from, to, noted(change, words)),
    wait: (id, from, wait, change) => journal.wait(id, from, deep(wait, words), noted(change, words)),
    approve: (approval) => journal.approve({ ...approval, reason: approval.reason === null ? null : words(approval.reason) }),
    restore: (id, why, now) => journal.restore(id, maskedProblem(why, words), now),
    end: (id, state, ending) =>
      journal.end(id, state, { ...noted(ending, words), ...(ending.problem !== undefined && { problem: maskedProblem(ending.problem, words) }) }),
    log: (id, line) => journal.log(id, bounded(mask, LONGEST_LINE)(line)),
  }
}

/** The same for locks: people write a reason. */
export const maskedLocks = (locks: Locks, mask: Mask): Locks => ({
  ...locks,
  take: (lock, options) => locks.take({ ...lock, reason: mask(lock.reason) }, options),
  release: (id, { answer = null, ...release }) =>
    locks.release(id, { ...release, answer: answer === null ? null : { ...answer, markdown: mask(answer.markdown) } }),
})

/** The same for answers that are no deployment. */
export const maskedAnnouncements = (announcements: Announcements, mask: Mask): Announcements => ({
  ...announcements,
  answer: (answer) => announcements.answer('markdown' in answer ? { ...answer, markdown: mask(answer.markdown) } : answer),
})

/** A record as it may be shown: it may be older than a secret, and the configuration's own words are in it too. */
export function maskedDeployment(deployment: Deployment, mask: Mask): Deployment {
  const { request, plan, problem, steps, log, wait, verdicts, approvals } = deployment
  return {
    ...deployment,
    request: { ...request, asks: deep(request.asks, mask) },
    plan: plan === null ? null : maskedPlan(plan, mask),
    problem: problem === null ? null : maskedProblem(problem, mask),
    wait: deep(wait, mask),
    verdicts: deep(verdicts, mask),
    approvals: approvals.map((approval) => ({ ...approval, reason: approval.reason === null ? null : mask(approval.reason) })),
    steps: steps.map((step) => ({ ...step, note: step.note === null ? null : mask(step.note) })),
    log: log.map(mask),
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

function maskedProblem(problem: Problem, mask: Mask): Problem {
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

/** Cut behind the mask. */
export const bounded =
  (mask: Mask, longest: number): Mask =>
  (text) => {
    const masked = mask(text)
    return masked.length <= longest ? masked : `${masked.slice(0, longest - 1)}…`
  }
