import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../deploy/clock.ts'
import type { Delivery } from '../deploy/journal.ts'
import type { Secret } from '../secret.ts'
import { refuse } from './answer.ts'
import { readBody } from './body.ts'
import type { BodyRoom } from './body.ts'
import { createGroupCommit } from './group-commit.ts'
import { parseJson } from './json.ts'
import type { Log } from './log.ts'
import { createSignatures } from './signature.ts'
import type { SignatureCheck } from './signature.ts'

/** Where verified deliveries go. */
export interface Intake {
  /** `event.action` of all that is read: a body of any other event is not even parsed. */
  readonly events: ReadonlySet<string>
  /** What the signed body means; null where it asks nothing of us. Never throws for a body of any shape. */
  read(event: string, guid: string, payload: unknown, receivedAt: number): Delivery | null
  /** All of them on disk when it returns. */
  store(deliveries: readonly Delivery[]): unknown
  /** Called once they are stored and answered. */
  kick(): void
}

/** GitHub sends no larger one (docs.github.com, "Webhook events and payloads"). */
const LARGEST = 25 * 1024 * 1024
const GUID = /^[\w-]{1,64}$/
const EVENT = /^\w{1,64}$/
const NOTHING = { 'content-length': '0' }

/** `POST /api/github/webhooks`: verify, parse, store, answer 202; the work comes afterwards. */
export function createWebhook(intake: Intake, secrets: readonly Secret[], room: BodyRoom, clock: Clock, log: Log) {
  const signatures = createSignatures(secrets)
  const events = new Set([...intake.events].map((name) => name.split('.')[0]))
  const commit = createGroupCommit((deliveries) => {
    intake.store(deliveries)
    // After the answers of this turn have been written.
    setImmediate(() => intake.kick())
  })

  return (request: IncomingMessage, response: ServerResponse): void => {
    const { headers } = request
    const check = signatures(headers['x-hub-signature-256'])
    if (!check) return refuse(response, 401, 'The header X-Hub-Signature-256 is missing or malformed.')
    const [event, guid] = [headers['x-github-event'], headers['x-github-delivery']]
    if (headers['content-type'] !== 'application/json' || headers['content-encoding'] !== undefined)
      return refuse(response, 415, 'The body must be application/json, not encoded.')
    if (typeof event !== 'string' || !EVENT.test(event)) return refuse(response, 400, 'The header X-GitHub-Event is missing or malformed.')
    if (typeof guid !== 'string' || !GUID.test(guid)) return refuse(response, 400, 'The header X-GitHub-Delivery is missing or malformed.')
    if (Number(headers['content-length']) > LARGEST) return stop(response, 413)
    if (headers.expect !== undefined) response.writeContinue()
    readBody(request, LARGEST, room, {
      chunk: (chunk) => check.update(chunk),
      stop: (status) => stop(response, status),
      end(body) {
        try {
          accept(check, event, guid, body, response)
        } catch (error) {
          log.error({ err: error, guid }, 'a delivery could not be read')
          refuse(response, 500, 'Something went wrong in Gantry; the log has the details.')
        }
      },
    })
  }

  function accept(check: SignatureCheck, event: string, guid: string, body: () => Buffer, response: ServerResponse): void {
    if (!check.matches()) return refuse(response, 401, 'The signature is not that of the body.')
    if (!events.has(event)) return answer(response, 204)
    const parsed = parseJson(body())
    if (!parsed) return refuse(response, 400, 'The body is not JSON in UTF-8, or is nested too deeply.')
    const delivery = intake.read(event, guid, parsed.value, clock.now())
    if (!delivery) return answer(response, 204)
    commit(delivery, (failure) => {
      if (failure === undefined) return answer(response, 202)
      log.error({ err: failure, guid }, 'a delivery could not be stored')
      refuse(response, 503, 'The delivery could not be stored.', { 'retry-after': '60' })
    })
  }
}

function answer(response: ServerResponse, status: 202 | 204): void {
  if (!response.destroyed) response.writeHead(status, status === 204 ? undefined : NOTHING).end()
}

function stop(response: ServerResponse, status: 413 | 503): void {
  if (status === 413) return refuse(response, 413, 'The body is larger than 25 MB.')
  refuse(response, 503, 'Too many bodies are arriving at once.', { 'retry-after': '5' })
}
