import type { Problem } from '../errors.ts'
import type { Deployment } from './deployment.ts'
import type { Announcements, Journal } from './journal.ts'
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
    move: (id, from, to, change) => journal.move(id, from, to, noted(change, words)),
    end: (id, state, ending) =>
      journal.end(id, state, { ...noted(ending, words), ...(ending.problem !== undefined && { problem: maskedProblem(ending.problem, words) }) }),
    log: (id, line) => journal.log(id, bounded(mask, LONGEST_LINE)(line)),
  }
}

/** The same for answers that are no deployment. */
export const maskedAnnouncements = (announcements: Announcements, mask: Mask): Announcements => ({
  ...announcements,
  answer: (answer) => announcements.answer({ ...answer, markdown: mask(answer.markdown) }),
})

/** A record as it may be shown: it may be older than a secret, and the configuration's own words are in it too. */
export function maskedDeployment(deployment: Deployment, mask: Mask): Deployment {
  const { request, plan, problem, steps, log } = deployment
  const { app, environment, image, ref } = request.asks
  const maybe = (text: string | null): string | null => (text === null ? null : mask(text))
  return {
    ...deployment,
    request: { ...request, asks: { app: maybe(app), environment: maybe(environment), image: maybe(image), ref: maybe(ref) } },
    plan: plan === null ? null : maskedPlan(plan, mask),
    problem: problem === null ? null : maskedProblem(problem, mask),
    steps: steps.map((step) => ({ ...step, note: maybe(step.note) })),
    log: log.map(mask),
  }
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

const noted = <T extends { readonly note?: string }>(change: T, mask: Mask): T =>
  change.note === undefined ? change : { ...change, note: mask(change.note) }

const bounded =
  (mask: Mask, longest: number): Mask =>
  (text) => {
    const masked = mask(text)
    return masked.length <= longest ? masked : `${masked.slice(0, longest - 1)}…`
  }
