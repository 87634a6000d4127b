import { Buffer } from 'node:buffer'
import type { Log } from '../log.ts'
import { parseJson } from '../json.ts'
import type { Secret } from '../../secret.ts'
import { createSignatures } from '../signature.ts'
import { problemAnswer } from './answers.ts'

export interface WebhookDoors {
  /** The newest first. */
  readonly secrets: readonly Secret[]
  /** `event.action` of all that is read: a body of any other event is not even parsed. */
  readonly events: readonly string[]
  /** On disk, or told, when it is done; false for what asks nothing of us. */
  hand(event: string, guid: string, payload: unknown): Promise<boolean>
  readonly log: Pick<Log, 'error'>
}

/** GitHub sends no larger one (docs.github.com, "Webhook events and payloads"). */
const LARGEST = 25 * 1024 * 1024
const GUID = /^[\w-]{1,64}$/
const EVENT = /^\w{1,64}$/

/** `POST /api/github/webhooks`, with the same answers as on Node: no object is touched before the signature is proved. */
export async function receiveWebhook(request: Request, { secrets, events, hand, log }: WebhookDoors): Promise<Response> {
  const { headers } = request
  const check = createSignatures(secrets)(headers.get('x-hub-signature-256') ?? undefined)
  if (check === null) return problemAnswer(401, 'The header X-Hub-Signature-256 is missing or malformed.')
  const [event, guid] = [headers.get('x-github-event') ?? '', headers.get('x-github-delivery') ?? '']
  if (headers.get('content-type') !== 'application/json' || headers.has('content-encoding'))
    return problemAnswer(415, 'The body must be application/json, not encoded.')
  if (!EVENT.test(event)) return problemAnswer(400, 'The header X-GitHub-Event is missing or malformed.')
  if (!GUID.test(guid)) return problemAnswer(400, 'The header X-GitHub-Delivery is missing or malformed.')
  const body = Number(headers.get('content-length')) > LARGEST ? null : await read(request, (chunk) => check.update(chunk))
  if (body === null) return problemAnswer(413, 'The body is larger than 25 MB.')
  if (!check.matches()) return problemAnswer(401, 'The signature is not that of the body.')
  if (!events.some((name) => name.split('.')[0] === event)) return new Response(null, { status: 204 })
  const parsed = parseJson(body)
  if (parsed === null) return problemAnswer(400, 'The body is not JSON in UTF-8, or is nested too deeply.')
  try {
    return new Response(null, { status: (await hand(event, guid, parsed.value)) ? 202 : 204 })
  } catch (error) {
    log.error({ err: error, guid }, 'a delivery could not be stored')
    return problemAnswer(503, 'The delivery could not be stored.', { 'retry-after': '60' })
  }
}

/** Null where there is more than fits. */
async function read(request: Request, seen: (chunk: Buffer) => void): Promise<Buffer | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > LARGEST) return null
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    seen(bytes)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks)
}
