import type { Form, Visit, Visitor } from './visit.ts'
import { RequestRefused, unauthenticated } from './problems.ts'
import { readText } from './body.ts'

/** Every form carries it, as the session has it. */
export const FORM_TOKEN = 'form_token'
/** Every form that begins something carries one of its own: sent twice, it begins once. */
export const NONCE = 'nonce'

const TYPE = /^application\/x-www-form-urlencoded(?:; ?charset=utf-8)?$/i

/**
 * Where the browser says that it comes from. Asked before anything is counted for the visitor: what another site sends in somebody's name must
 * not use up what they may do themselves.
 */
export function refuseForged(c: Visit, origin: string | null): void {
  if (c.req.method !== 'POST') throw notDone(c)
  const [from, site] = [c.req.header('origin'), c.req.header('sec-fetch-site')]
  if (origin === null || from !== origin || (site !== undefined && site !== 'same-origin')) throw forged(from ?? 'nothing', origin)
}

/**
 * A form that one of our own pages has shown to this very visitor: by where it comes from (`refuseForged`), and by the session's token in it.
 * Either alone would do for today's browsers; what the one misses the other holds. `isSame` compares in constant time.
 */
export async function readForm(c: Visit, visitor: Visitor | null, isSame: (a: string, b: string) => boolean): Promise<Form> {
  if (visitor === null) throw unauthenticated('nobody who is signed in')
  const type = c.req.header('content-type') ?? ''
  if (!TYPE.test(type)) throw wrongType(type)
  const fields = new URLSearchParams(await readText(c.req.raw))
  if (!isSame(fields.get(FORM_TOKEN) ?? '', visitor.session.formToken)) throw outdated()
  return {
    text: (name) => (fields.get(name) ?? '').trim(),
    given: (name) => fields.get(name)?.trim() || null,
    all: (name) => fields.getAll(name),
    names: [...new Set(fields.keys())],
  }
}

const notDone = (c: Visit): RequestRefused =>
  new RequestRefused(
    'METHOD_NOT_ALLOWED',
    { sentence: `${c.req.method} does nothing here.`, found: c.req.method, wanted: 'GET or POST', next: 'Open the page itself.' },
    { allow: 'GET, HEAD, POST' },
  )

const forged = (found: string, origin: string | null): RequestRefused =>
  new RequestRefused('REQUEST_FORGED', {
    sentence: 'This was not sent by a page of Gantry’s.',
    found,
    wanted: origin ?? 'GANTRY_URL, which is not set',
    next: 'Open the page here, and press the button there.',
  })

const outdated = (): RequestRefused =>
  new RequestRefused('REQUEST_FORGED', {
    sentence: 'This form is not one that was shown to you since you signed in.',
    wanted: 'a form of the page as it is now',
    next: 'Go back, load the page again, and send the form again.',
  })

const wrongType = (found: string): RequestRefused =>
  new RequestRefused('CONTENT_TYPE_UNSUPPORTED', {
    sentence: 'A form comes in another form.',
    found,
    wanted: 'application/x-www-form-urlencoded',
    next: 'Use the form of the page.',
  })
