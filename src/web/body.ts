import type { Context } from 'hono'
import type { Administrators } from './administrators.ts'
import type { Env } from './endpoint.ts'
import { RequestRefused } from './problems.ts'

/** Bytes; how deep; and how many brackets that open, and commas. */
interface Room {
  readonly bytes: number
  readonly depth: number
  readonly parts: number
}

/** What any request of ours has room in but a backup that comes back. */
const USUAL: Room = { bytes: 64 * 1024, depth: 64, parts: 64 * 1024 }
/** A backup is six values in an object in an object: 4 MiB of small parts would take a second to read. */
const RESTORE: Room = { bytes: 4 * 1024 * 1024, depth: 3, parts: 50 }
const RESTORES = /^\/config\/([\w-]{1,100})\/restore$/
/** So many are read at a time, and one of each account: whoever sends one may be slow. */
const MOST_RESTORES = 4
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

export type BodyCheck = (c: Context<Env>) => Promise<void>

/** The check of every body of one API. */
export function createBodyCheck(administrators: Administrators): BodyCheck {
  const restoring = new Set<number>()
  return async (c) => {
    const login = RESTORES.exec(c.req.path)?.[1]
    if (login === undefined) return checkBody(c, USUAL)
    // More than others may send is read from those alone who may restore. The route asks again: it may have taken half a minute to come.
    const { id } = await administrators.account(login, c.get('caller'), 'look')
    if (restoring.has(id) || restoring.size >= MOST_RESTORES) throw tooMany()
    restoring.add(id)
    try {
      await checkBody(c, RESTORE)
    } finally {
      restoring.delete(id)
    }
  }
}

/** Before anything reads a body: its type, its size, its depth, and no key that could change what an object is. */
async function checkBody(c: Context<Env>, room: Room): Promise<void> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/json(?:; ?charset=utf-8)?$/i.test(type)) throw wrongType(type)
  const text = await textOf(c.req.raw, room)
  const { depth, parts } = shapeOf(text)
  if (depth > room.depth) throw malformed(`nested ${depth} deep`, room)
  if (parts > room.parts) throw malformed(`${parts} brackets and commas`, room)
  try {
    JSON.parse(text, (key, inner: unknown) => {
      if (FORBIDDEN.has(key)) throw new RequestRefused('REQUEST_INVALID', forbidden(key))
      return inner
    })
  } catch (error) {
    throw error instanceof RequestRefused ? error : malformed('no JSON', room)
  }
  // It has been read: what comes after this reads what was looked at. Hono's type has what the promises are of.
  c.req.bodyCache.text = Promise.resolve(text) as never
}

/** A form's, as text. Throws REQUEST_TOO_LARGE, REQUEST_MALFORMED. */
export const readText = (request: Request): Promise<string> => textOf(request, USUAL)

async function textOf(request: Request, room: Room): Promise<string> {
  const bytes = await bytesOf(request, room.bytes).catch((error: unknown) => {
    // Whoever sends it went away, or was too slow: no mistake of ours.
    throw error instanceof RequestRefused ? error : malformed('a body that was broken off', room)
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformed('no UTF-8', room)
  }
}

/** No more of it than there is room for. A length that was declared is what comes: at once, and not through a stream, which costs three kilobytes that outlive the request. */
async function bytesOf(request: Request, most: number): Promise<Uint8Array> {
  const declared = Number(request.headers.get('content-length') ?? Number.NaN)
  if (declared > most) throw tooLarge(most)
  if (declared <= most) return new Uint8Array(await request.arrayBuffer())
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > most) throw tooLarge(most)
    chunks.push(chunk)
  }
  return joined(chunks, size)
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

/** By brackets and commas alone, those in strings apart: before a parser has recursed. */
function shapeOf(text: string): { readonly depth: number; readonly parts: number } {
  let [depth, deepest, parts, isText] = [0, 0, 0, false]
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]
    if (isText) {
      if (letter === '\\') at += 1
      else if (letter === '"') isText = false
    } else if (letter === '"') isText = true
    else if (letter === '{' || letter === '[') {
      deepest = Math.max(deepest, (depth += 1))
      parts += 1
    } else if (letter === '}' || letter === ']') depth -= 1
    else if (letter === ',') parts += 1
  }
  return { depth: deepest, parts }
}

const next = 'Send the body that /openapi.json describes.'
const wrongType = (found: string): RequestRefused =>
  new RequestRefused('CONTENT_TYPE_UNSUPPORTED', {
    ...{
      sentence: 'The body has to be JSON.',
      found: found === '' ? 'no Content-Type' : found.slice(0, 100),
      wanted: 'Content-Type: application/json',
    },
    next: 'Set the header Content-Type: application/json.',
  })
export const tooLarge = (most: number): RequestRefused =>
  new RequestRefused('REQUEST_TOO_LARGE', { sentence: 'The body is too large.', wanted: `at most ${most} bytes`, next: 'Send less.' })
const tooMany = (): RequestRefused =>
  new RequestRefused('TOO_MANY_REQUESTS', {
    sentence: 'Too many backups are being restored at once.',
    next: 'Send it again in a few seconds.',
    retryAfter: 5_000,
  })
const malformed = (found: string, { depth }: Room): RequestRefused =>
  new RequestRefused('REQUEST_MALFORMED', { sentence: 'The body cannot be read.', found, wanted: `JSON in UTF-8, at most ${depth} deep`, next })
const forbidden = (key: string) => ({ sentence: `The key "${key}" is not known here.`, found: key, next })
