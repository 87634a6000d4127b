import { Failure } from '../../errors.ts'
import type { Clock } from '../../deploy/clock.ts'
import type { Spendings } from '../../deploy/journal.ts'
import { isRateLimit, rateLimited } from '../github-failure.ts'
import type { Cost, Urgency } from './cost.ts'
import { createOutage } from './outage.ts'
import { Queue, type Place } from './queue.ts'
import { createRetryWindow } from './retry-window.ts'
import { Room, type Need } from './room.ts'
import { Slots } from './slots.ts'

/** What one installation may ask of GitHub: each has its own, so that none waits for another. */
export interface Budget {
  /**
   * Runs a call. `work` says `leave` right before each request: that throws GITHUB_RATE_LIMITED with `retryAfter` inside a window that
   * GitHub has named, and where there is no room; with a place there is. GITHUB_UNAVAILABLE while GitHub is left alone.
   */
  call<T>(call: Priced, work: (leave: () => void) => Promise<T>): Promise<T>
  /** Until then (milliseconds since 1970) GitHub wants no calls. Only ever later. */
  block(until: number): void
  /** What other objects have done with the same installation: all that was created in the last hour (ours among it), and until when GitHub wants no calls. */
  learn(spent: ReturnType<Spendings['spent']>, until: number): void
  /**
   * A place in the queue of those that have something to write. Where nothing is short it is free at once; else `wake` is called when
   * it becomes free. `instead`: what was asked for before. A free one holds its room until it is left.
   */
  queue(need: Need, wake: () => void, instead?: Place | null): Place
  /** Whether progress would have to wait, or somebody does. */
  readonly isShort: boolean
}

interface Priced {
  readonly cost: Cost
  readonly urgency: Urgency
  readonly place: Place | null
}

const AT_ONCE = 20

/** By the installation's number. */
export function createBudgets(spendings: Spendings, clock: Clock): (installation: number) => Budget {
  const budgets = new Map<number, Budget>()
  return (installation) => {
    const budget = budgets.get(installation) ?? createBudget(installation, spendings, clock)
    budgets.set(installation, budget)
    return budget
  }
}

function createBudget(installation: number, spendings: Spendings, clock: Clock): Budget {
  const room = new Room(installation, spendings, clock)
  const window = createRetryWindow(installation, spendings, clock)
  const queue = new Queue(room, window, clock)
  const outage = createOutage(clock)
  const slots = new Slots(AT_ONCE)

  const run = async <T>({ cost, urgency, place }: Priced, work: (leave: () => void) => Promise<T>): Promise<T> => {
    const settle: (() => void)[] = []
    let leftAt = -Infinity
    let ours: Failure | null = null
    const refuse = (failure: Failure | null): void => {
      ours = failure
      if (failure !== null) throw failure
    }
    const isOpen = (): void => refuse(window.left > 0 ? rateLimited(window.left) : null)
    const leave = (): void => {
      isOpen()
      refuse(queue.admit({ ...cost, urgency, since: clock.now() }, place))
      leftAt = clock.now()
      settle.push(room.spend(cost, place?.urgency ?? urgency))
    }
    try {
      // Before it asks for a token, too.
      isOpen()
      const answer = await work(leave)
      window.answered(leftAt)
      return answer
    } catch (error) {
      if (error instanceof Failure && error !== ours && isRateLimit(error)) window.said(error, leftAt)
      throw error
    } finally {
      for (const settled of settle) settled()
    }
  }

  return {
    call: (priced, work) =>
      outage.guard(async () => {
        // A reaction is the first that people see, and soon over.
        await slots.enter(priced.urgency === 'reaction')
        try {
          return await run(priced, work)
        } finally {
          slots.leave()
          queue.pump()
        }
      }),
    block: (until) => window.block(until),
    learn: (spent, until) => {
      room.learn(spent)
      if (until > 0) window.block(until)
      queue.pump()
    },
    queue: (need, wake, instead = null) => {
      outage.check()
      return queue.join(need, wake, instead)
    },
    get isShort() {
      return queue.isWaiting || room.isShort
    },
  }
}
