import type { Context } from 'hono'
import { RequestRefused } from './problems.ts'

/** Bytes: what any request of ours has room in but a backup that comes back. */
const LARGEST = 64 * 1024
const LARGER: readonly (readonly [path: RegExp, bytes: number])[] = [[/^\/config\/[^/]+\/restore$/, 4 * 1024 * 1024]]
/** Of those that may be larger so many are read at a time: whoever sends one may be nobody to the account. */
const MOST_LARGER = 4
const DEEPEST = 64
const FORBIDDEN = new Set(['__proto__', 'constructor', 'prototype'])

export type BodyCheck = (c: Context) => Promise<void>

/** The check of every body of one API. */
export function createBodyCheck(): BodyCheck {
  let larger = 0
  return async (c) => {
    const most = LARGER.find(([path]) => path.test(c.req.path))?.[1]
    if (most === undefined) return checkBody(c, LARGEST)
    if (larger >= MOST_LARGER) throw tooMany()
    larger += 1
    try {
      await checkBody(c, most)
    } finally {
      larger -= 1
    }
  }
}

/** Before anything reads a body: its type, its size, its depth, and no key that could change what an object is. */
async function checkBody(c: Context, most: number): Promise<void> {
  const type = c.req.header('content-type') ?? ''
  if (!/^application\/json(?:; ?charset=utf-8)?$/i.test(type)) throw wrongType(type)
  const text = await textOf(c.req.raw, most)
  const depth = depthOf(text)
  if (depth > DEEPEST) throw malformed(`nested ${depth} deep`)
  try {
    JSON.parse(text, (key, inner: unknown) => {
      if (FORBIDDEN.has(key)) throw new RequestRefused('REQUEST_INVALID', forbidden(key))
      return inner
    })
  } catch (error) {
    throw error instanceof RequestRefused ? error : malformed('no JSON')
  }
  // It has been read: what comes after this reads what was looked at. Hono's type has what the promises are of.
  c.req.bodyCache.text = Promise.resolve(text) as never
}

async function textOf(request: Request, most: number): Promise<string> {
  const bytes = await bytesOf(request, most).catch((error: unknown) => {
    // Whoever sends it went away, or was too slow: no mistake of ours.
    throw error instanceof RequestRefused ? error : malformed('a body that was broken off')
  })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformed('no UTF-8')
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

/** By brackets alone, those in strings apart: before a parser has recursed. */
function depthOf(text: string): number {
  let [depth, deepest, isText] = [0, 0, false]
  for (let at = 0; at < text.length; at += 1) {
    const letter = text[at]
    if (isText) {
      if (letter === '\\') at += 1
      else if (letter === '"') isText = false
    } else if (letter === '"') isText = true
    else if (letter === '{' || letter === '[') deepest = Math.max(deepest, (depth += 1))
    else if (letter === '}' || letter === ']') depth -= 1
  }
  return deepest
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
const tooLarge = (most: number): RequestRefused =>
  new RequestRefused('REQUEST_TOO_LARGE', { sentence: 'The body is too large.', wanted: `at most ${most} bytes`, next: 'Send less.' })
const tooMany = (): RequestRefused =>
  new RequestRefused('TOO_MANY_REQUESTS', {
    sentence: 'Too many backups are being restored at once.',
    next: 'Send it again in a few seconds.',
    retryAfter: 5_000,
  })
const malformed = (found: string): RequestRefused =>
  new RequestRefused('REQUEST_MALFORMED', { sentence: 'The body cannot be read.', found, wanted: `JSON in UTF-8, at most ${DEEPEST} deep`, next })
const forbidden = (key: string) => ({ sentence: `The key "${key}" is not known here.`, found: key, next })
