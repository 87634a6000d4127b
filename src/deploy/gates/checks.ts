import { Refusal } from '../../errors.ts'
import { isAutomatic } from '../deployment.ts'
import type { CheckResult } from '../source.ts'
import { listed } from '../wording.ts'
import { judgedCommit, Waits, type Gate, type Situation } from './gate.ts'

/** How long a deployment waits for checks, from when it was asked for. */
const PATIENCE = 30 * 60_000
const LOOK_AGAIN = 60_000

/** The checks of exactly the commit that is judged. What has not reported is not green, and what cannot be read is not either. */
export const checks: Gate = {
  name: 'checks',
  skippedBy: ['rollback', 'override'],
  judge: (situation) => {
    const { facts } = situation
    const wanted = wantedIn(situation)
    if (facts === null || wanted === null) return null
    const commit = judgedCommit({ ...situation, facts })
    if (commit === 'later') return null
    if (commit === null || commit.checks === null) return unreadable()
    const { failed, pending } = wanted === 'all' ? ofAll(commit.checks) : ofNamed(wanted, commit.checks)
    if (failed.length > 0) return red(failed)
    if (pending.length === 0)
      return wanted === 'all' ? 'every check is green' : `${listed(names(wanted), 5)} ${wanted.length === 1 ? 'is' : 'are'} green`
    return waits(situation) ? waiting(pending, situation) : tooEarly(pending)
  },
}

type Wanted = NonNullable<NonNullable<Situation['proposal']>['rules']['require']['checks']>

/** Whoever asks for green checks where no rule does means all of them. */
function wantedIn(situation: Situation): Wanted | null {
  const { request, proposal } = situation
  if (proposal === null) return null
  return proposal.rules.require.checks ?? (request.asks.whenGreen || request.door === 'checks' ? 'all' : null)
}

/** Nobody is there to ask again for what began by itself. */
const waits = ({ request }: Situation): boolean => request.asks.whenGreen || isAutomatic(request.door)

/** As people read them: `build: IN_PROGRESS`. */
interface Outcome {
  readonly failed: readonly string[]
  readonly pending: readonly string[]
}

function ofAll(results: readonly CheckResult[]): Outcome {
  const pending = results.length === 0 ? ['no check has reported on this commit yet'] : told(results, 'pending')
  return { failed: told(results, 'failure'), pending }
}

/** Everything that counts under a name must be green: a second report does not cover the first. */
function ofNamed(wanted: Exclude<Wanted, 'all'>, results: readonly CheckResult[]): Outcome {
  const outcomes = wanted.map(({ name, app }): Outcome => {
    const alike = results.filter((result) => result.name === name)
    const counting = alike.filter((result) => app === null || result.app === app)
    if (counting.length > 0) return { failed: told(counting, 'failure'), pending: told(counting, 'pending') }
    const others = listed(new Set(alike.map((result) => (result.app === null ? 'a commit status' : `the App ${result.app}`))), 3)
    return { failed: [], pending: [`${name}: ${others === '' ? 'not reported yet' : `reported by ${others}, not by the App ${app}`}`] }
  })
  return { failed: outcomes.flatMap(({ failed }) => failed), pending: outcomes.flatMap(({ pending }) => pending) }
}

const told = (results: readonly CheckResult[], wanted: CheckResult['outcome']): string[] =>
  results.filter(({ outcome }) => outcome === wanted).map(({ name, state }) => `${name}: ${state}`)

const names = (wanted: Exclude<Wanted, 'all'>): string[] => wanted.map(({ name }) => name)

const red = (failed: readonly string[]): Refusal =>
  new Refusal('CHECKS_FAILED', {
    sentence: failed.length === 1 ? 'A check on this commit failed.' : `${failed.length} checks on this commit failed.`,
    found: listed(failed, 5),
    wanted: 'green checks',
    next: 'Push a commit that makes them green, or run them again, then ask again.',
  })

const tooEarly = (pending: readonly string[]): Refusal =>
  new Refusal('CHECKS_PENDING', {
    sentence: 'The checks on this commit are not green yet.',
    found: listed(pending, 5),
    wanted: 'green checks',
    retryable: true,
    next: 'Ask with --when-green: then the deployment waits for them.',
  })

const waiting = (pending: readonly string[], { request, now }: Situation): Waits =>
  new Waits({
    reason: 'checks',
    sentence: `The checks on this commit are not green yet: ${listed(pending, 5)}.`,
    until: request.receivedAt + PATIENCE,
    lookAt: now + LOOK_AGAIN,
  })

const unreadable = (): Refusal =>
  new Refusal('CHECKS_UNREADABLE', {
    sentence: 'GitHub does not say how the checks on this commit are, and what cannot be read is not green.',
    found: 'no checks that can be read',
    wanted: 'green checks',
    next: 'Ask again in a minute.',
  })
