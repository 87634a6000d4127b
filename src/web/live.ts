import type { Clock } from '../deploy/clock.ts'
import { hasEnded, type Deployment } from '../deploy/deployment.ts'
import { eventsAfter, nameOf, type Place } from './events.ts'
import type { DeploymentBody } from './view.ts'

export interface Live {
  /** Null where too many listen already, or this caller to too many. It ends where `mayStill` does not answer yes, which is asked each minute. */
  stream(id: string, caller: string, from: Place, mayStill: () => Promise<boolean>): ReadableStream<Uint8Array> | null
  /** Something of this deployment is another. */
  changed(id: string): void
  /** Ends every stream; whoever listened asks again. */
  close(): void
}

export interface LiveDoors {
  readonly clock: Clock
  /** As it stands now; null where it is gone. */
  read(id: string): Read | null
}

interface Read {
  readonly deployment: Deployment
  readonly body: DeploymentBody
}

/** Lines of a log come without a word: they are looked for. */
const LOOK = 1_000
const HEARTBEAT = 15_000
/** Nothing was read for so long. */
const PATIENCE = 60_000
/** Rights and tokens end while somebody listens. */
const ASKED_EVERY = 60_000
const MOST = 2_000
const MOST_OF_ONE = 50
/** Bytes that wait in a stream before nothing more is put there. */
const ROOM = 64 * 1024

export function createLive({ clock, read }: LiveDoors): Live {
  /** By the deployment that they listen to. */
  const audiences = new Map<string, Audience>()
  /** How many streams each has. */
  const callers = new Map<string, number>()
  let [listening, isTicking] = [0, false]

  const leave = (audience: Audience, listener: Listener, caller: string): void => {
    if (!audience.listeners.delete(listener)) return
    listening -= 1
    if (audience.listeners.size === 0) audiences.delete(audience.id)
    const left = (callers.get(caller) ?? 1) - 1
    if (left === 0) callers.delete(caller)
    else callers.set(caller, left)
  }

  const tick = (): void => {
    isTicking = audiences.size > 0
    if (!isTicking) return
    for (const audience of audiences.values()) audience.tick()
    clock.after(LOOK, tick)
  }

  return {
    stream: (id, caller, from, mayStill) => {
      const its = callers.get(caller) ?? 0
      if (listening >= MOST || its >= MOST_OF_ONE) return null
      const audience = audiences.get(id) ?? new Audience(id, read)
      const listener = new Listener(audience, from, { clock, mayStill, gone: () => leave(audience, listener, caller) })
      listening += 1
      callers.set(caller, its + 1)
      audience.listeners.add(listener)
      audiences.set(id, audience)
      if (!isTicking) tick()
      return listener.stream
    },
    changed: (id) => audiences.get(id)?.changed(),
    close: () => {
      for (const { listeners } of audiences.values()) for (const listener of listeners) listener.end()
    },
  }
}

/** All who listen to one deployment. It is looked at once for all of them, after each change and each second. */
class Audience {
  readonly id: string
  readonly listeners = new Set<Listener>()
  readonly #read: LiveDoors['read']
  /** Undefined until somebody has room for what there is to see. */
  #seen: Seen | null | undefined

  constructor(id: string, read: LiveDoors['read']) {
    this.id = id
    this.#read = read
  }

  /** Null where the deployment is gone. */
  seen(): Seen | null {
    if (this.#seen !== undefined) return this.#seen
    const found = this.#read(this.id)
    return (this.#seen = found === null ? null : new Seen(found))
  }

  changed(): void {
    this.#seen = undefined
    for (const listener of this.listeners) listener.look()
  }

  tick(): void {
    this.#seen = undefined
    for (const listener of this.listeners) listener.tick()
  }
}

/** A deployment at one moment, and what it says to those who are at the same place: made once, the same bytes for all. */
class Seen {
  readonly hasEnded: boolean
  readonly #found: Read
  readonly #after = new Map<string, { readonly bytes: Uint8Array; readonly place: Place }>()

  constructor(found: Read) {
    this.#found = found
    this.hasEnded = hasEnded(found.deployment.state)
  }

  after(from: Place): { readonly bytes: Uint8Array; readonly place: Place } {
    const key = nameOf(from)
    const known = this.#after.get(key)
    if (known !== undefined) return known
    const { text, place } = eventsAfter(from, this.#found.deployment, this.#found.body)
    const made = { bytes: ENCODER.encode(text), place }
    this.#after.set(key, made)
    return made
  }
}

const ENCODER = new TextEncoder()
const STILL_HERE = ENCODER.encode(': still here\n\n')

interface ListenerDoors {
  readonly clock: Clock
  mayStill(): Promise<boolean>
  gone(): void
}

/** One stream. What is not read is not written either: all that is kept is up to where it was. */
class Listener {
  readonly stream: ReadableStream<Uint8Array>
  readonly #audience: Audience
  readonly #doors: ListenerDoors
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #place: Place
  #isOpen = true
  #saidAt: number
  #readAt: number
  #askedAt: number

  constructor(audience: Audience, from: Place, doors: ListenerDoors) {
    this.#place = from
    this.#audience = audience
    this.#doors = doors
    this.#saidAt = this.#readAt = this.#askedAt = doors.clock.now()
    const source = {
      start: (controller: ReadableStreamDefaultController<Uint8Array>) => void (this.#controller = controller),
      pull: () => this.look(),
      cancel: () => void this.#leave(),
    }
    this.stream = new ReadableStream(source, new ByteLengthQueuingStrategy({ highWaterMark: ROOM }))
  }

  look(): void {
    if (!this.#isOpen || !this.#hasRoom) return
    this.#readAt = this.#doors.clock.now()
    const seen = this.#audience.seen()
    if (seen === null) return this.end()
    const { bytes, place } = seen.after(this.#place)
    this.#place = place
    this.#put(bytes)
    if (seen.hasEnded) this.end()
  }

  tick(): void {
    this.look()
    if (!this.#isOpen) return
    const now = this.#doors.clock.now()
    if (now - this.#askedAt >= ASKED_EVERY) this.#ask(now)
    if (now - this.#readAt >= PATIENCE) this.end()
    else if (now - this.#saidAt >= HEARTBEAT && this.#hasRoom) this.#put(STILL_HERE)
  }

  end(): void {
    if (this.#leave()) this.#controller.close()
  }

  /** Where nobody can be asked, nobody has said yes: whoever listens may come back and go on from where it was. */
  #ask(now: number): void {
    this.#askedAt = now
    this.#doors.mayStill().then(
      (may) => may || this.end(),
      () => this.end(),
    )
  }

  get #hasRoom(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0
  }

  #put(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    this.#controller.enqueue(bytes)
    this.#saidAt = this.#doors.clock.now()
  }

  #leave(): boolean {
    const wasOpen = this.#isOpen
    this.#isOpen = false
    this.#doors.gone()
    return wasOpen
  }
}
