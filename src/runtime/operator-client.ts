import { createHash } from 'node:crypto'
import { createReadStream, openAsBlob } from 'node:fs'
import { CODES, Failure, type Problem } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { partIn, partName, type Part } from '../store/moving/parts.ts'
import type { Received } from '../store/moving/receiving.ts'
import { signRequest } from './operator-signature.ts'

/** Another installation, through its operator's door (`operator-door.ts`). Everything throws a `Failure`: what it said, or BACKUP_FAILED. */
export interface OtherInstallation {
  list(): Promise<readonly Part[]>
  /** Sealed. */
  read(part: Part): Promise<ReadableStream<Uint8Array>>
  /** A file with the sealed part. */
  write(part: Part, file: string, instead: boolean): Promise<Received>
}

export interface ClientDoors {
  readonly keys: Settings['keys']
  readonly fetch: typeof globalThis.fetch
  now(): number
}

const NO_BODY = createHash('sha256').digest('hex')

/** Throws SETTING_INVALID where the address is none, or where everybody on the way could change what is asked. */
export function otherInstallation(address: string, { keys, fetch, now }: ClientDoors): OtherInstallation {
  const origin = originIn(address)
  if (keys.length === 0) throw noKeys()
  const ask = async (method: string, path: string, body: string, content?: Blob): Promise<Response> => {
    const authorization = await signRequest(keys, { method, path }, body, now())
    const answer = await fetch(origin + path, {
      method,
      redirect: 'error',
      headers: { authorization },
      ...(content !== undefined && { body: content }),
    }).catch((error: unknown) => {
      throw unreachable(origin, causeOf(error), error)
    })
    if (!answer.ok) throw await problemOf(origin, answer)
    return answer
  }
  return {
    async list() {
      const { parts } = (await bodyIn(origin, await ask('GET', '/operator/parts', NO_BODY))) as { readonly parts?: readonly string[] }
      const found = (Array.isArray(parts) ? parts : []).map((name) => partIn(String(name)))
      if (found.length === 0 || found.includes(null)) throw unreachable(origin, 'no list of parts')
      return found.filter((part) => part !== null)
    },
    async read(part) {
      const { body } = await ask('GET', pathOf(part), NO_BODY)
      if (body === null) throw unreachable(origin, 'an empty answer')
      return body
    },
    async write(part, file, instead) {
      const path = `${pathOf(part)}${instead ? '?instead=1' : ''}`
      return (await bodyIn(origin, await ask('PUT', path, await hashOf(file), await openAsBlob(file)))) as Received
    },
  }
}

const pathOf = (part: Part): string => `/operator/parts/${partName(part)}`

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/

function originIn(address: string): string {
  const url = URL.parse(address)
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.test(url.hostname))
  if (url !== null && isSafe && url.pathname === '/' && url.search === '' && url.username === '' && url.password === '') return url.origin
  throw new Failure('SETTING_INVALID', {
    sentence: 'That is no address of an installation of Gantry.',
    found: url === null ? 'no URL' : `${url.protocol}//${url.host}${url.pathname}`,
    wanted: 'https:// and a host, as in its GANTRY_URL',
    next: 'Give the address of the other installation, without a path.',
  })
}

const noKeys = (): Failure =>
  new Failure('VAULT_KEY_MISSING', {
    sentence: 'What moves is encrypted and signed under GANTRY_KEYS, and there is no key.',
    wanted: 'the same GANTRY_KEYS for both installations',
    next: 'Set GANTRY_KEYS as the other installation has them, and ask again.',
  })

/** What an answer says that is a problem of ours; anything else is somebody else's, and not repeated but for its status. */
async function problemOf(origin: string, answer: Response): Promise<Failure> {
  const found = (await answer.json().catch(() => null)) as Partial<Problem> | null
  const { code, sentence, next } = found ?? {}
  const isOurs = code !== undefined && Object.hasOwn(CODES, code) && typeof sentence === 'string' && typeof next === 'string'
  if (!isOurs) return unreachable(origin, `status ${answer.status}`)
  const plain = (text: unknown): string | undefined => (typeof text === 'string' ? text.replaceAll(/\p{C}/gu, '').slice(0, 1_000) : undefined)
  return new Failure(code, {
    sentence: `${origin} says: ${plain(sentence)}`,
    found: plain(found?.found),
    wanted: plain(found?.wanted),
    next: plain(next) ?? '',
  })
}

const bodyIn = (origin: string, answer: Response): Promise<unknown> =>
  answer.json().catch((error: unknown) => {
    throw unreachable(origin, 'an answer that is no JSON', error)
  })

function causeOf(error: unknown): string {
  const { cause } = error as { readonly cause?: { readonly code?: unknown } }
  return typeof cause?.code === 'string' ? cause.code : 'no answer'
}

const unreachable = (origin: string, found: string, cause?: unknown): Failure =>
  new Failure(
    'BACKUP_FAILED',
    { sentence: `The installation at ${origin} did not answer as one of this version does.`, found, next: 'See that it runs there, and ask again.' },
    cause,
  )
