import { CODES, Failure, type Problem } from '../../errors.ts'

/** How objects call each other: of an error only its message comes through RPC. */

const MARK = 'gantry problem '

/** In the object that is called: a `Failure` of its own is one for whoever asked, with its code and its time to wait. */
export async function through<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof Failure ? new Error(`${MARK}${JSON.stringify(error.problem)}`) : error
  }
}

/** Null for everything that is none. */
function failureIn(error: unknown): Failure | null {
  const text = error instanceof Error && error.message.includes(MARK) ? error.message.slice(error.message.indexOf(MARK) + MARK.length) : null
  if (text === null) return null
  try {
    const problem = JSON.parse(text) as Problem
    return Object.hasOwn(CODES, problem.code) ? new Failure(problem.code, problem) : null
  } catch {
    return null
  }
}

/** Milliseconds before the next try: an object that is updated or moved is there again at once, and one that has too much to do is not. */
const AGAIN_IN = [20, 250]
/** What can be sent only once: a body is read by then. */
const ONCE: ReadonlySet<string | symbol> = new Set(['fetch', 'writePart', 'readPart'])

/** A stub whose calls are made again where nobody answers: each of them may be repeated. Throws what `through` lets through, and else OBJECT_UNAVAILABLE. */
export function asked<T extends object>(stub: () => T): T {
  const once =
    (name: string | symbol) =>
    (...given: unknown[]): unknown =>
      (stub() as Record<string | symbol, (...given: unknown[]) => unknown>)[name]?.(...given)
  const again =
    (name: string | symbol) =>
    async (...given: unknown[]): Promise<unknown> => {
      const call = async (): Promise<unknown> => once(name)(...given)
      for (const wait of AGAIN_IN) {
        try {
          return await call()
        } catch (error) {
          if (failureIn(error) !== null || hasTooMuchToDo(error)) throw failureOf(error)
          await new Promise((resolve) => setTimeout(resolve, wait))
        }
      }
      return call().catch((error: unknown) => {
        throw failureOf(error)
      })
    }
  // A stub that had a `then` would be taken for a promise.
  return new Proxy({} as T, { get: (_, name) => (name === 'then' ? undefined : ONCE.has(name) ? once(name) : again(name)) })
}

/** As Cloudflare says it: asking again makes it worse. */
const hasTooMuchToDo = (error: unknown): boolean => error instanceof Error && 'overloaded' in error && error.overloaded === true

const failureOf = (error: unknown): Failure => failureIn(error) ?? unavailable(error)

const unavailable = (error: unknown): Failure =>
  new Failure(
    'OBJECT_UNAVAILABLE',
    { sentence: 'Another part of this Gantry does not answer.', wanted: 'an answer within three tries', next: 'Ask again in a minute.' },
    error,
  )
