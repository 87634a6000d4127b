import type { Clock } from '../deploy/clock.ts'
import { hasEnded, type Deployment } from '../deploy/deployment.ts'
import { steps as stepWords } from '../deploy/words.ts'
import { stamp, type DeploymentBody } from './view.ts'

/** What has been sent of a deployment: how many beginnings and ends of steps, how many lines, and which state it was in. */
export interface Place {
  readonly steps: number
  readonly lines: number
  readonly state: string
}

export const BEGINNING: Place = { steps: 0, lines: 0, state: '-' }

/** `Last-Event-ID` as we gave it; whatever else it is means the beginning. */
export function placeIn(id: string | undefined): Place {
  const [, steps, lines, state = ''] = /^(\d{1,6})-(\d{1,6})-([0-9a-f]{8}|-)$/.exec(id ?? '') ?? []
  return steps === undefined ? BEGINNING : { steps: Number(steps), lines: Number(lines), state }
}

/**
 * Server-Sent Events (html.spec.whatwg.org, "server-sent events") of what a deployment's record says and `sent` does not: nothing is kept for those who
 * listen, so that a stream goes on wherever it broke off, in another process too, without a gap and without anything twice. The state comes last,
 * as it is by then.
 */
export function eventsAfter(sent: Place, deployment: Deployment, body: DeploymentBody): { readonly text: string; readonly place: Place } {
  const parts: string[] = []
  let place = sent
  const say = (event: string, data: object, next: Partial<Place>): void => {
    place = { ...place, ...next }
    parts.push(`id: ${place.steps}-${place.lines}-${place.state}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }
  for (const [index, step] of stepEvents(deployment).entries()) if (index >= sent.steps) say('step', step, { steps: index + 1 })
  for (const [index, line] of deployment.log.entries()) if (index >= sent.lines) say('log', { line }, { lines: index + 1 })
  const state = fingerprint(JSON.stringify([body.state, body.wait, body.problem?.code ?? null]))
  if (state !== sent.state) say('state', body, { state })
  return { text: parts.join(''), place }
}

/** Only ever more of them: a step begins when the one before it has ended. */
function stepEvents(deployment: Deployment): object[] {
  const words = stepWords(deployment)
  return deployment.steps.flatMap(({ name, outcome, note, startedAt, endedAt }, index) => [
    { name, outcome: 'running', at: stamp(startedAt) },
    ...(endedAt === null ? [] : [{ name, words: words[index]?.word ?? name, outcome, note, at: stamp(endedAt) }]),
  ])
}

/** FNV-1a, 32 bits: tells one state from the next. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}

export interface Live {
  /** Null where too many listen already, or this caller to too many. */
  stream(id: string, caller: string, from: Place): ReadableStream<Uint8Array> | null
  /** Something of this deployment is another. */
  changed(id: string): void
  /** Ends every stream; whoever listened asks again. */
  close(): void
}

export interface LiveDoors {
  readonly clock: Clock
  /** As it stands now; null where it is gone. */
  read(id: string): { readonly deployment: Deployment; readonly body: DeploymentBody } | null
}

/** Lines of a log come without a word: they are looked for. */
const LOOK = 1_000
const HEARTBEAT = 15_000
/** Nothing was read for so long. */
const PATIENCE = 60_000
const MOST = 2_000
const MOST_OF_ONE = 50
/** Bytes that wait in a stream before nothing more is put there. */
const ROOM = 64 * 1024

export function createLive({ clock, read }: LiveDoors): Live {
  const open = new Set<Listener>()
  /** How many streams each has. */
  const callers = new Map<string, number>()
  let isTicking = false

  const leave = (listener: Listener, caller: string): void => {
    if (!open.delete(listener)) return
    const left = (callers.get(caller) ?? 1) - 1
    if (left === 0) callers.delete(caller)
    else callers.set(caller, left)
  }

  const tick = (): void => {
    isTicking = open.size > 0
    if (!isTicking) return
    for (const listener of open) listener.tick()
    clock.after(LOOK, tick)
  }

  return {
    stream: (id, caller, from) => {
      const its = callers.get(caller) ?? 0
      if (open.size >= MOST || its >= MOST_OF_ONE) return null
      const listener = new Listener(id, from, { clock, read }, () => leave(listener, caller))
      callers.set(caller, its + 1)
      open.add(listener)
      if (!isTicking) tick()
      return listener.stream
    },
    changed: (id) => {
      for (const listener of open) if (listener.id === id) listener.look()
    },
    close: () => {
      for (const listener of open) listener.end()
    },
  }
}

/** One stream. What is not read is not written either: all that is kept is up to where it was. */
class Listener {
  readonly stream: ReadableStream<Uint8Array>
  readonly id: string
  readonly #doors: LiveDoors
  readonly #gone: () => void
  #controller!: ReadableStreamDefaultController<Uint8Array>
  #place: Place
  #isOpen = true
  #saidAt: number
  #readAt: number

  constructor(id: string, from: Place, doors: LiveDoors, gone: () => void) {
    this.id = id
    this.#place = from
    this.#doors = doors
    this.#gone = gone
    this.#saidAt = this.#readAt = doors.clock.now()
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
    const found = this.#doors.read(this.id)
    if (found === null) return this.end()
    const { text, place } = eventsAfter(this.#place, found.deployment, found.body)
    this.#place = place
    this.#put(text)
    if (hasEnded(found.deployment.state)) this.end()
  }

  tick(): void {
    this.look()
    if (!this.#isOpen) return
    const now = this.#doors.clock.now()
    if (now - this.#readAt >= PATIENCE) this.end()
    else if (now - this.#saidAt >= HEARTBEAT && this.#hasRoom) this.#put(': still here\n\n')
  }

  end(): void {
    if (this.#leave()) this.#controller.close()
  }

  get #hasRoom(): boolean {
    return (this.#controller.desiredSize ?? 0) > 0
  }

  #put(text: string): void {
    if (text === '') return
    this.#controller.enqueue(new TextEncoder().encode(text))
    this.#saidAt = this.#doors.clock.now()
  }

  #leave(): boolean {
    const wasOpen = this.#isOpen
    this.#isOpen = false
    this.#gone()
    return wasOpen
  }
}
