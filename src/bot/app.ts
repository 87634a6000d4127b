import type { Probot } from 'probot'
import { Failure } from '../errors.ts'
import { Activity } from '../deploy/activity.ts'
import type { Clock } from '../deploy/clock.ts'
import type { DeployRequest } from '../deploy/deployment.ts'
import type { CaughtUp, Delivery, Inbox, MissedInbox } from '../deploy/journal.ts'
import { maskedAnnouncements } from '../deploy/mask.ts'
import type { Service } from '../deploy/service.ts'
import { problemOf } from '../deploy/step.ts'
import { createAnnouncer, type Announcer, type AnnouncerDoors } from './announce.ts'
import { createCatchUp } from './catch-up.ts'
import { createDeliveries } from './deliveries.ts'
import { isRateLimit } from './github-failure.ts'
import { retryIn } from './github.ts'
import { giveUp, handleComment, handleLabel, isPassing, type Handled, type HandlerDoors } from './handle.ts'
import { createIntake, isCommand, type ButtonPressed, type CommentCreated, type Intake, type IssueLabeled, type PullLabeled } from './intake.ts'
import { handlePress, pressedOn, type PressDoors } from './press.ts'
import { commentRequest, labelRequest, pressRequest } from './requests.ts'
import { createPassing } from './passing.ts'
import type { GitHubSource } from './source.ts'
import { STORED_TIDINGS } from './tidings.ts'
import { tellTooLate } from './too-late.ts'
import { createTriggers, type TriggerDoors } from './triggers.ts'
import type { Log } from './missed.ts'
import { noticeAnswer } from './notices.ts'
import { createWorker, type Outcome } from './worker.ts'

export interface Bot {
  /** A webhook's body → what is to be stored of it; null for what is none of our business, and for what is only told to the engine, at once. */
  readonly readDelivery: Intake['readDelivery']
  readonly announcer: Announcer
  /** Takes up what is in the inbox: call it after each store. */
  work(): void
  /** At start: what is in the inbox, and everything whose last word has not been said. */
  recover(): void
  /** Fetches back what GitHub could not deliver: now, and every five minutes from now on. Call it once. */
  catchUp(): void
  /** Resolves when nothing runs; what waits for the clock goes on when its time comes. */
  idle(): Promise<void>
}

export interface BotDoors extends Omit<HandlerDoors, 'announce' | 'aside'>, Omit<AnnouncerDoors, 'findDeployment' | 'formerly'> {
  readonly probot: Probot
  readonly source: GitHubSource
  readonly inbox: Inbox
  readonly missedInbox: MissedInbox
  readonly caughtUp: CaughtUp
  readonly log: Log
}

export function createBot(outside: BotDoors): Bot {
  const doors = { ...outside, announcements: maskedAnnouncements(outside.announcements, outside.mask) }
  const { probot, service, clock, log } = doors
  const activity = new Activity(clock)
  const announcer = createAnnouncer({
    ...doors,
    findDeployment: (id) => service.find(id),
    formerly: (deployment) => service.formerly(deployment),
  })
  service.onChange(({ id }) => announcer.announce(id))
  service.onNotice((notice) => {
    const answer = noticeAnswer(notice, clock.now())
    if (answer === null) return
    doors.announcements.answer(answer)
    announcer.announce(answer.key)
  })
  const aside = createAside(clock, activity, log)
  const handler: PressDoors & TriggerDoors = { ...doors, announce: (key) => announcer.announce(key), aside }
  const receive = listen(probot, handler)
  const work = createWorker({ ...doors, activity, handle: tried(receive, handler, doors) })
  const intake = createIntake(doors.appId)
  const passing = createPassing({ ...doors, activity })
  return {
    readDelivery: (event, guid, payload, receivedAt) => {
      const passes = intake.readPassing(event, payload)
      if (passes === null) return intake.readDelivery(event, guid, payload, receivedAt)
      passing(passes)
      return null
    },
    announcer,
    work,
    recover: () => {
      work()
      announcer.recover()
    },
    catchUp: createCatchUp({ ...doors, readDelivery: intake.readDelivery, deliveries: createDeliveries(probot, clock), activity, work }),
    idle: async () => {
      await activity.idle()
      await announcer.idle()
    },
  }
}

/** A reaction that comes later than that says nothing any more. */
const LATEST = 10 * 60_000

/** What has to wait for GitHub's limits is done later by itself: nobody waits for it, and a crash may forget it. */
function createAside(clock: Clock, activity: Activity, log: Log): HandlerDoors['aside'] {
  const aside = async (work: () => Promise<void>, until: number): Promise<void> => {
    try {
      await work()
    } catch (error) {
      const wait = error instanceof Failure && isRateLimit(error) ? (error.problem.retryAfter ?? LATEST) : Infinity
      if (clock.now() + wait > until) log.warn({ err: error }, 'a reaction was not made')
      else clock.after(wait, () => void activity.run(() => aside(work, until)))
    }
  }
  return (work) => aside(work, clock.now() + LATEST)
}

/** Feeds one stored delivery through Probot, whose handlers do the work; throws what they threw. */
type Receive = (delivery: Delivery) => Promise<Handled>

function listen(probot: Probot, handler: PressDoors & TriggerDoors): Receive {
  const takeTiding = createTriggers(handler)
  const open = new Map<string, { readonly delivery: Delivery; work: Promise<Handled> }>()
  // What a handler throws would be logged whole by Probot, passing failures too, so the promise goes another way.
  const settle = async (key: string, work: (delivery: Delivery) => Promise<Handled>): Promise<void> => {
    const entry = open.get(key)
    if (entry === undefined) return
    entry.work = work(entry.delivery)
    await entry.work.catch(() => {})
  }
  // The contexts hold what `readDelivery` left of the payload and has checked; Probot's types promise all of it.
  probot.on('issue_comment.created', ({ id, payload }) =>
    settle(id, (delivery) => handleComment(commentRequest(delivery, payload as unknown as CommentCreated), handler)),
  )
  probot.on(['issues.labeled', 'pull_request.labeled'], ({ id, payload }) => {
    const labeled = payload as unknown as IssueLabeled | PullLabeled
    return settle(id, (delivery) => handleLabel(labelRequest(delivery, labeled), labeled.label.name, handler))
  })
  probot.on(['check_run.requested_action', 'check_run.rerequested'], ({ id, payload }) =>
    settle(id, (delivery) => handlePress(delivery, payload as unknown as ButtonPressed, handler)),
  )
  probot.on([...STORED_TIDINGS], ({ id }) => settle(id, (delivery) => takeTiding(delivery).then(() => NOTHING)))
  return async (delivery) => {
    if (delivery.missed === 'done') return NOTHING
    if (delivery.missed === 'tell') return tell(delivery, handler)
    const entry = { delivery, work: Promise.resolve(NOTHING) }
    open.set(delivery.key, entry)
    try {
      await probot.receive({ id: delivery.key, name: delivery.event, payload: JSON.parse(delivery.payload) } as Parameters<Probot['receive']>[0])
      return await entry.work
    } finally {
      open.delete(delivery.key)
    }
  }
}

const NOTHING: Handled = { aside: Promise.resolve() }

async function tell(delivery: Delivery, handler: HandlerDoors): Promise<Handled> {
  const read = JSON.parse(delivery.payload) as Command
  const request = requestOf(delivery, handler.service)
  if (request !== null) await tellTooLate(request, 'label' in read ? read.label.name : null, handler)
  return NOTHING
}

/** About an hour. Deployments are written down at the first try; what is tried again is only what needs GitHub to be answered. */
const MOST_TRIES = 20

function tried(receive: Receive, handler: HandlerDoors, { incident, log }: BotDoors): (delivery: Delivery) => Promise<Outcome> {
  const tries = new Map<string, number>()
  return async (delivery) => {
    const count = (tries.get(delivery.key) ?? 0) + 1
    tries.delete(delivery.key)
    try {
      return { retryIn: null, ...(await receive(delivery)) }
    } catch (error) {
      const aside = Promise.resolve()
      if (isPassing(error) && count < MOST_TRIES) {
        tries.set(delivery.key, count)
        return { retryIn: Math.max(retryIn(count, delivery.key), error.problem.retryAfter ?? 0), aside }
      }
      const why = problemOf(error, delivery.key, { incident })
      const request = isCommand(delivery) ? requestOf(delivery, handler.service) : null
      if (request !== null) giveUp(request, why, handler)
      else log.warn({ code: why.code, key: delivery.key }, 'a delivery came to nothing')
      return { retryIn: null, aside }
    }
  }
}

type Command = CommentCreated | IssueLabeled | PullLabeled | ButtonPressed

/** Null for a button whose deployment is not known here. */
function requestOf(delivery: Delivery, service: Service): DeployRequest | null {
  const read = JSON.parse(delivery.payload) as Command
  if ('comment' in read) return commentRequest(delivery, read)
  if (!('check_run' in read)) return labelRequest(delivery, read)
  const deployment = pressedOn(read, service)
  return deployment === null ? null : pressRequest(delivery, read, deployment)
}
