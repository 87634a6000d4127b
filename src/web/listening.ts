import type { Context } from 'hono'
import { RequestRefused } from './problems.ts'

/** Events as an answer (html.spec.whatwg.org, "server-sent events"). Null: too many listen already, which is refused with TOO_MANY_REQUESTS. */
export function listening(c: Pick<Context, 'body'>, stream: ReadableStream<Uint8Array> | null): Response {
  if (stream === null) {
    throw new RequestRefused('TOO_MANY_REQUESTS', {
      sentence: 'Too many are listening already.',
      next: 'Ask for the state itself, or again in a minute.',
      retryAfter: 60_000,
    })
  }
  return c.body(stream, 200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' })
}
