import type { Context } from 'hono'
import { RequestRefused } from './problems.ts'

/** Events as an answer (html.spec.whatwg.org, "server-sent events"). Null: too many listen already, which is refused with TOO_MANY_REQUESTS. */
export function listening(c: Pick<Context, 'body' | 'req'>, stream: ReadableStream<Uint8Array> | null): Response {
  if (stream === null) {
    throw new RequestRefused('TOO_MANY_REQUESTS', {
      sentence: 'Too many are listening already.',
      next: 'Ask for the state itself, or again in a minute.',
      retryAfter: 60_000,
    })
  }
  const headers = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' }
  if (c.req.method !== 'HEAD') return c.body(stream, 200, headers)
  // Nobody reads it, so it would count as one that listens until it is given up.
  void stream.cancel()
  return c.body(null, 200, headers)
}
