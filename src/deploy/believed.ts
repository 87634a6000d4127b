import { Failure } from '../errors.ts'
import type { Clock } from './clock.ts'
import type { Deployment } from './deployment.ts'
import { isFence } from './fence.ts'
import type { Journal } from './journal.ts'
import type { Plan } from './plan.ts'
import type { PlacedTarget } from './proposal.ts'
import { runsPlan, seen } from './seen.ts'
import type { Observation } from './target.ts'
import { shortDigest } from './wording.ts'

/** What the record says of an environment beside what its target says. */
export interface Compared {
  /** `shop/staging of acme/shop`. */
  readonly place: string
  readonly target: string
  /** `main@0123456789ab`, or nothing. */
  readonly recorded: string
  /** `same`; else what runs, or why nobody knows. */
  readonly observed: 'same' | { readonly runs: string } | { readonly unknown: string }
  /** The highest that the target remembers; 0 where it remembers none. */
  readonly fence: number
}

const PAGE = 100
const AT_ONCE = 10
/** Milliseconds for a target to answer in. */
const PATIENCE = 15_000

/** Every environment in which something was ever begun. Changes nothing. */
export async function compare(journal: Journal, targets: ReadonlyMap<string, PlacedTarget>, clock: Clock): Promise<readonly Compared[]> {
  const compared = new Map<string | null, Compared>()
  const all = async (page: readonly Deployment[]): Promise<void> => {
    for (let at = 0; at < page.length; at += AT_ONCE) {
      const some = page.slice(at, at + AT_ONCE)
      const results = await Promise.all(some.map((one) => compareOne(one, targets, clock)))
      some.forEach(({ environment }, nth) => compared.set(environment, results[nth] as Compared))
    }
  }
  // Where nothing ever succeeded, what is on its way there.
  await all(journal.open().filter(({ fence }) => fence !== null))
  for (let after = ''; ;) {
    const page = journal.successes(after, PAGE)
    await all(page)
    if (page.length < PAGE) return [...compared.values()].toSorted((a, b) => (a.place < b.place ? -1 : 1))
    after = page.at(-1)?.environment ?? ''
  }
}

async function compareOne({ plan, state, request }: Deployment, targets: ReadonlyMap<string, PlacedTarget>, clock: Clock): Promise<Compared> {
  if (plan === null) throw new Error('a deployment that was begun has a plan')
  const { owner, name } = request.repository
  const digests = plan.artifacts.map((artifact) => `${artifact.name}@${artifact.digest === null ? '?' : shortDigest(artifact.digest)}`)
  const about = {
    place: `${plan.app}/${plan.environment} of ${owner}/${name}`,
    target: plan.target,
    recorded: state === 'success' ? digests.join(', ') : 'nothing',
  }
  const now = await ask(plan, targets, clock)
  if (typeof now === 'string') return { ...about, observed: { unknown: now }, fence: 0 }
  const fences = now.map((one) => one.fence ?? 0)
  const strange = fences.find((one) => !isFence(one))
  // It would be the highest for good, and no database can count on from there.
  if (strange !== undefined) return { ...about, observed: { unknown: `it remembers the fence ${strange}, which Gantry never gave it` }, fence: 0 }
  const fence = Math.max(0, ...fences)
  return { ...about, observed: state === 'success' && runsPlan(now, plan) ? 'same' : { runs: seen(now) }, fence }
}

/** Why not, where it cannot be asked. */
async function ask(plan: Plan, targets: ReadonlyMap<string, PlacedTarget>, clock: Clock): Promise<readonly Observation[] | string> {
  const placed = targets.get(plan.target)
  if (placed === undefined) return 'the operator file does not declare it'
  let forget = (): void => {}
  const late = new Promise<string>((resolve) => {
    forget = clock.after(PATIENCE, () => resolve(`it did not answer within ${PATIENCE / 1000} seconds`))
  })
  try {
    return await Promise.race([placed.target.observe(plan.settings), late])
  } catch (error) {
    // Whatever is wrong with one target, it must not keep anybody from restoring.
    return error instanceof Failure ? error.problem.sentence : `asking it failed: ${String(error)}`
  } finally {
    forget()
  }
}
