import type { Json } from '../../deploy/target.ts'
import { Failure } from '../../errors.ts'
import { tidied } from './tidied.ts'
import { unreachable } from './unreachable.ts'

/** What to say to the Engine API; `calls.ts` makes them. The path has no version: engines answer in their newest. */
export interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Json
}

export interface Answer {
  readonly status: number
  /** About a mebibyte at most. */
  readonly bytes: Uint8Array
}

const LONGEST = 1024 * 1024

/** One engine, behind a fetch that leads to its socket or host. */
export class Engine {
  readonly #fetch: typeof globalThis.fetch
  readonly #base: string

  /** `base` without a closing slash: `http://localhost`. */
  constructor(fetch: typeof globalThis.fetch, base: string) {
    this.#fetch = fetch
    this.#base = base
  }

  /** Answers with one of the `expected` statuses; throws `TARGET_REFUSED` for any other, and as `unreachable` says where nobody answers. */
  async ask(call: Call, expected: readonly number[], signal?: AbortSignal): Promise<Answer> {
    const answer = await this.#send(call, signal)
    if (expected.includes(answer.status)) return answer
    throw refused(answer)
  }

  async json(call: Call, signal?: AbortSignal): Promise<unknown> {
    return parsed(call, await this.ask(call, [200, 201], signal))
  }

  /** Null where the engine answers 404. */
  async find(call: Call, signal?: AbortSignal): Promise<unknown> {
    const answer = await this.ask(call, [200, 404], signal)
    return answer.status === 404 ? null : parsed(call, answer)
  }

  async #send({ method, path, headers, body }: Call, signal?: AbortSignal): Promise<Answer> {
    signal?.throwIfAborted()
    const content = body === undefined ? {} : { body: JSON.stringify(body) }
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    try {
      const init = { method, headers: { ...headers, ...type }, ...content, ...(signal && { signal }) }
      const response = await this.#fetch(`${this.#base}${path}`, init)
      return { status: response.status, bytes: await bounded(response) }
    } catch (error) {
      signal?.throwIfAborted()
      // The door itself has refused.
      throw error instanceof Failure ? error : unreachable(error)
    }
  }
}

/** More bytes than an engine's sentence has. */
const LONGEST_MESSAGE = 64 * 1024

/** The engine's own sentence: one line, bounded, without control characters. */
export function messageOf({ bytes }: Answer): string {
  const text = new TextDecoder().decode(bytes.subarray(0, LONGEST_MESSAGE))
  const line = /"message"\s*:\s*("(?:[^"\\]|\\.)*")/.exec(text)
  return tidied(line?.[1] === undefined ? text : String(JSON.parse(line[1])))
}

/** Of a long answer the end is kept: there a pull says how it went, and there the newest log lines are. */
async function bounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk)
    length += chunk.length
    while (length - (chunks[0]?.length ?? 0) >= LONGEST) length -= chunks.shift()?.length ?? 0
  }
  const kept = new Uint8Array(length)
  for (let at = 0; chunks[0] !== undefined; at += chunks.shift()?.length ?? 0) kept.set(chunks[0], at)
  return kept
}

export function parsed(call: Call, { bytes }: Answer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes))
  } catch (error) {
    throw strange(call, error)
  }
}

/** The answer is not what the Engine API describes. */
export function strange({ method, path }: Call, cause: unknown): Failure {
  const sentence = 'What answers there does not speak the Docker Engine API.'
  return new Failure(
    'TARGET_REFUSED',
    { sentence, found: `${method} ${path.split('?')[0]}`, next: "Check the target's `host` in the operator file.", who: 'account' },
    cause,
  )
}

function refused(answer: Answer): Failure {
  const message = messageOf(answer)
  const next = /to an HTTPS server/.test(message)
    ? 'Set `tls` of the target in the operator file.'
    : 'Put right what the engine says, then try again.'
  return new Failure('TARGET_REFUSED', {
    sentence: 'The container engine refused.',
    found: `${answer.status} ${message}`,
    next,
    retryable: answer.status >= 502,
  })
}
