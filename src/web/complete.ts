import type { Context } from 'hono'
import type { Env } from './endpoint.ts'

/**
 * An answer that leaves as it is made. `c.body` and `c.json` put more than one header into a `Headers`, which costs a read of a deployment's
 * state a tenth of its time: this is for what is asked for that often.
 */
export function whole(c: Context<Env>, text: string, contentType: string): Response {
  const answer = new Response(text, { headers: { ...c.get('headers'), 'content-type': contentType } })
  c.set('whole', answer)
  return answer
}

/** Every other answer gets here what all have. */
export function complete(c: Context<Env>): void {
  if (c.res === c.get('whole')) return
  for (const [name, value] of Object.entries(c.get('headers'))) c.res.headers.set(name, value)
}
