import type { Context } from 'hono'
import type { Expected } from '../deploy/administration.ts'
import { RequestRefused } from './problems.ts'

/** `"…", "…"` with the quotes; a weak one fits nothing that is changed (RFC 9110, 13.1.1). */
const TAGS = /^(?:W\/)?"[\x21\x23-\x7e]*"(?:[ \t]*,[ \t]*(?:W\/)?"[\x21\x23-\x7e]*")*$/

/** What `If-Match` and `If-None-Match` say of what is there. Throws REQUEST_MALFORMED. */
export function expectedIn(c: Context): Expected {
  const [match, none] = [c.req.header('if-match')?.trim(), c.req.header('if-none-match')?.trim()]
  if (match !== undefined && none !== undefined) throw malformed('If-None-Match', 'only one of the two')
  if (none !== undefined && none !== '*') throw malformed('If-None-Match', '*, which says that there is none yet')
  if (none !== undefined) return 'nothing'
  if (match === undefined) return 'whatever'
  if (match === '*') return 'anything'
  if (!TAGS.test(match)) throw malformed('If-Match', 'ETags in quotes')
  return match.match(/(?:W\/)?"[^"]*"/g)?.flatMap((tag) => (tag.startsWith('W/') ? [] : [tag.slice(1, -1)])) ?? []
}

export const etag = (fingerprint: string): string => `"${fingerprint}"`

const malformed = (name: string, wanted: string): RequestRefused =>
  new RequestRefused('REQUEST_MALFORMED', {
    sentence: `The header ${name} cannot be read.`,
    wanted,
    next: 'Send the ETag that you were answered with.',
  })
