import type { Clock } from '../../deploy/clock.ts'
import type { Hands } from '../../deploy/target.ts'
import { Failure } from '../../errors.ts'
import { calls } from './calls.ts'
import { type Container, containerOf } from './containers.ts'
import type { Engine } from './engine.ts'
import { tidied } from './tidied.ts'

/** Milliseconds that a container without a HEALTHCHECK must run without a restart before it counts as healthy. */
const SETTLES = 2_000
/** Milliseconds between two looks: short at first, then half as much again each time. */
const [FIRST_LOOK, LONGEST_LOOK] = [250, 2_000]

/** Returns once the container is healthy; throws `TARGET_UNHEALTHY` when it stopped, says so, or `seconds` have passed. */
export async function untilHealthy(engine: Engine, id: string, seconds: number, clock: Clock, signal: AbortSignal): Promise<void> {
  const [patience, settles] = [seconds * 1000, Math.min(SETTLES, seconds * 1000)]
  let [waited, restartsBefore] = [0, Infinity]
  for (let wait = FIRST_LOOK; ; wait = Math.min(wait * 1.5, LONGEST_LOOK)) {
    const container = await containerOf(engine, id, signal)
    if (container === null) throw unhealthy('it was removed', seconds)
    restartsBefore = Math.min(restartsBefore, container.restarts)
    const verdict = judge(container, restartsBefore, waited >= settles)
    if (verdict === 'healthy') return
    if (verdict !== 'starting') throw unhealthy(verdict, seconds)
    if (waited >= patience) throw unhealthy(`still ${container.health ?? container.state} after ${seconds} seconds`, seconds)
    await pause(clock, Math.min(wait, patience - waited), signal)
    waited += Math.min(wait, patience - waited)
  }
}

/** `healthy`, `starting`, or what is wrong, in words. */
function judge({ state, exitCode, restarts, health }: Container, restartsBefore: number, hasSettled: boolean): string {
  if (state === 'exited' || state === 'dead' || state === 'restarting') return `it stopped with exit code ${exitCode}`
  if (restarts > restartsBefore) return 'it stopped, and was started again by the engine'
  if (health === 'unhealthy') return 'its health check fails'
  if (state !== 'running') return 'starting'
  return health === 'healthy' || (health === null && hasSettled) ? 'healthy' : 'starting'
}

function unhealthy(found: string, seconds: number): Failure {
  const next = 'Read what it wrote last, in the log; repair the image or its settings, and deploy again.'
  return new Failure('TARGET_UNHEALTHY', {
    sentence: 'The new container did not become healthy.',
    found,
    wanted: `healthy within ${seconds} seconds`,
    next,
  })
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      takeBack()
      reject(signal.reason)
    }
    const takeBack = clock.after(ms, () => {
      signal.removeEventListener('abort', stop)
      resolve()
    })
    signal.addEventListener('abort', stop, { once: true })
  })
}

/** The last lines a container wrote, at most 20, for the deployment's log. */
export async function logTail(engine: Engine, id: string, hands: Hands): Promise<void> {
  const { status, bytes } = await engine.ask(calls.logs(id, 20), [200, 404, 409, 500], hands.signal)
  const text = status === 200 ? new TextDecoder().decode(unframed(bytes)) : ''
  for (const line of text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-20))
    hands.log(`container: ${tidied(line)}`)
}

/**
 * The log without its frames: 8 bytes before each piece, the stream's number, three zeros and a length (Engine API, "Attach to
 * a container"). A container with a terminal has none.
 */
export function unframed(bytes: Uint8Array): Uint8Array {
  const isFramed = (at: number) => bytes[at] !== undefined && bytes[at] <= 2 && bytes[at + 1] === 0 && bytes[at + 2] === 0 && bytes[at + 3] === 0
  if (!isFramed(0)) return bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // In its own place: what is left is shorter.
  const kept = bytes.slice()
  let length = 0
  for (let at = 0; at + 8 <= bytes.length && isFramed(at);) {
    const end = at + 8 + view.getUint32(at + 4)
    kept.set(bytes.subarray(at + 8, end), length)
    length += Math.min(end, bytes.length) - at - 8
    at = end
  }
  return kept.subarray(0, length)
}
