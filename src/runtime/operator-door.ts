import { CODES, Failure, problem, type Problem } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { notOurs } from '../store/backup/manifest.ts'
import { partIn, partName, type Part } from '../store/moving/parts.ts'
import type { Received } from '../store/moving/receiving.ts'
import { bodyOf, chunksOfBody } from '../store/moving/sealed-part.ts'
import { verifyRequest } from './operator-signature.ts'

/** The parts of an installation, wherever each of them is. Streams are sealed (`store/moving/sealed-part.ts`): whoever passes them on sees nothing. */
export interface Parts {
  /** All that there are, the operator's first. */
  list(): Promise<readonly Part[]>
  /** Null where there is none. */
  read(part: Part): Promise<ReadableStream<Uint8Array> | null>
  /** `receivePart` where the part belongs. Nothing counts unless the stream comes to its end. What went wrong is thrown as a `Failure`, or answered where that does not pass. */
  write(part: Part, stream: ReadableStream<Uint8Array>, instead: boolean): Promise<Received | { readonly problem: Problem }>
}

/** SHA-256 in pieces, which WebCrypto's is not: as `createHash` gives it. */
export interface BodyHash {
  update(bytes: Uint8Array): unknown
  digest(as: 'hex'): string
}

export interface OperatorDoors {
  readonly keys: Settings['keys']
  now(): number
  hash(): BodyHash
  readonly parts: Parts
}

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
const PARTS = '/operator/parts'

/**
 * `GET /operator/parts` → `{"parts":["account-0",…]}`; `GET /operator/parts/NAME` → the part, sealed; `PUT` of the same with `?instead=1` or without → what
 * became of it. Only for who signs with the keys (`operator-signature.ts`); problems are RFC 9457's. Throws what is our own mistake.
 */
export function createOperatorDoor(doors: OperatorDoors): (request: Request) => Promise<Response> {
  return async (request) => {
    const { pathname, search } = new URL(request.url)
    const signed = await verifyRequest(
      doors.keys,
      { method: request.method, path: pathname + search },
      request.headers.get('authorization'),
      doors.now(),
    )
    if ('found' in signed) return refused(notSigned(signed.found))
    try {
      return await answer(request, { pathname, search }, signed.body, doors)
    } catch (error) {
      if (error instanceof Failure) return refused(error.problem)
      throw error
    }
  }
}

async function answer(
  request: Request,
  { pathname, search }: { readonly pathname: string; readonly search: string },
  body: string,
  { parts, hash }: OperatorDoors,
): Promise<Response> {
  const { method } = request
  if (pathname === PARTS && search === '' && method === 'GET')
    return Response.json({ parts: (await parts.list()).map(partName) }, { headers: HEADERS })
  const part = pathname.startsWith(`${PARTS}/`) ? partIn(pathname.slice(PARTS.length + 1)) : null
  if (part === null) return refused(nothingHere(pathname))
  if (method === 'GET' && search === '') {
    const stream = await parts.read(part)
    return stream === null
      ? refused(nothingHere(pathname))
      : new Response(stream, { headers: { ...HEADERS, 'content-type': 'application/octet-stream' } })
  }
  if (method !== 'PUT' || (search !== '' && search !== '?instead=1')) return refused(notDone(method))
  const stream = bodyOf(asSigned(request.body, hash(), body))
  const received = await parts.write(part, stream, search !== '')
  return 'problem' in received ? refused(received.problem) : Response.json(received, { headers: HEADERS })
}

/** Ends only where all of it was what was signed: until then nobody takes it for whole. */
async function* asSigned(body: Request['body'], hash: BodyHash, signed: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const chunk of body === null ? [] : chunksOfBody(body)) {
    hash.update(chunk)
    yield new Uint8Array(chunk)
  }
  if (hash.digest('hex') !== signed) throw notOurs('another body than the one that was signed')
}

/** RFC 9457. */
function refused(why: Problem): Response {
  const { status } = CODES[why.code]
  const headers = { ...HEADERS, 'content-type': 'application/problem+json', ...(status === 401 && { 'www-authenticate': 'Gantry' }) }
  return new Response(JSON.stringify({ status, title: why.sentence, ...why }), { status, headers })
}

const notSigned = (found: string): Problem =>
  problem('AUTHENTICATION_REQUIRED', {
    sentence: 'Only whoever has the keys of this installation moves it.',
    found,
    wanted: 'a request that is signed with the newest of GANTRY_KEYS',
    next: 'Give both installations the same GANTRY_KEYS, in the same order, and set their clocks.',
  })

const nothingHere = (path: string): Problem =>
  problem('ROUTE_UNKNOWN', { sentence: 'There is no such part here.', found: path.slice(0, 100), next: 'Ask for the list: GET /operator/parts.' })

const notDone = (method: string): Problem =>
  problem('METHOD_NOT_ALLOWED', {
    sentence: 'That cannot be done with a part.',
    found: method,
    wanted: 'GET or PUT',
    next: 'Use gantry move or gantry backup --from.',
  })
