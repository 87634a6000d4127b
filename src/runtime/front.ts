import { createServer, STATUS_CODES } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../deploy/clock.ts'
import type { Secret } from '../secret.ts'
import { HEADERS } from '../web/headers.ts'
import { problemDetails, refuse } from './answer.ts'
import { createBodyRoom } from './body.ts'
import type { Log } from './log.ts'
import { createWebhook } from './webhook.ts'
import type { Intake } from './webhook.ts'

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

export interface FrontDoors {
  readonly intake: Intake
  readonly webhookSecrets: readonly Secret[]
  /** Whether the database answers. */
  isHealthy(): boolean
  readonly clock: Clock
  readonly log: Log
  /** Told of each webhook once it is over: its status, null where nobody got an answer, and how many seconds it took. */
  readonly answered?: (status: number | null, seconds: number) => void
  /** Further routes: `METHOD /path`, exactly. */
  readonly routes?: ReadonlyMap<string, Handler>
  /** Answers everything else. */
  readonly rest?: Handler | undefined
}

export const WEBHOOK_PATH = '/api/github/webhooks'

const LIMITS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1_000,
  // Longer than the 60 s of common load balancers: when the server closes first, a webhook gets lost in between.
  keepAliveTimeout: 65_000,
  maxHeaderSize: 16 * 1024,
  requireHostHeader: true,
}
/** Nothing moved for so long while somebody is answered: they do not read. Longer than any answer of ours takes, and than the heartbeats of events. */
const STALLED = 180_000
const MOST_CONNECTIONS = 2_000
const MOST_REQUESTS_PER_CONNECTION = 100_000

/** Our own HTTP server before anything of Probot's: framing is Node's strict parser's, everything else is refused early. Not listening yet. */
export function createFront(doors: FrontDoors): Server {
  const room = createBodyRoom()
  const webhook = createWebhook(doors.intake, doors.webhookSecrets, room, doors.clock, doors.log)
  const routes = new Map<string, Handler>([
    [`POST ${WEBHOOK_PATH}`, doors.answered === undefined ? webhook : timed(webhook, doors.answered)],
    ['GET /healthz', (_request, response) => health(doors.isHealthy, response)],
    ...(doors.routes ?? []),
  ])

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const handler = routes.get(`${request.method} ${request.url}`) ?? doors.rest
    if (!handler) return refuse(response, 404, 'There is nothing here.')
    try {
      handler(request, response)
    } catch (error) {
      doors.log.error({ err: error }, 'a request failed')
      refuse(response, 500, 'Something went wrong in Gantry; the log has the details.')
    }
  }

  const server = createServer(LIMITS, handle)
  server.timeout = STALLED
  server.maxConnections = MOST_CONNECTIONS
  // One client that keeps them all and says nothing must not keep everybody else out.
  server.on('drop', () => server.closeIdleConnections())
  server.maxRequestsPerSocket = MOST_REQUESTS_PER_CONNECTION
  // Without a listener Node itself says `100 Continue`, and the body comes before anybody has looked at the headers.
  server.on('checkContinue', handle)
  server.on('checkExpectation', (_request, response) => refuse(response, 417, 'What the request expects is not done here.'))
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerDoubtful(error, socket as Socket))
  return server
}

const timed =
  (handler: Handler, answered: NonNullable<FrontDoors['answered']>): Handler =>
  (request, response) => {
    const since = performance.now()
    response.once('close', () => answered(response.headersSent ? response.statusCode : null, (performance.now() - since) / 1000))
    handler(request, response)
  }

function health(isHealthy: () => boolean, response: ServerResponse): void {
  if (!isHealthy()) return refuse(response, 503, 'The database does not answer.')
  response.writeHead(200, { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' }).end('ok\n')
}

const DOUBTFUL: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }

/** What is no proper HTTP, or too slow: said once, and the connection is given up. */
function answerDoubtful(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  // A second answer on this connection could be taken for that of another request.
  if (socket.bytesWritten > 0) return socket.destroySoon()
  const status = DOUBTFUL[error.code ?? ''] ?? 400
  const body = problemDetails(status, 'The request could not be read.')
  const headers = { 'content-type': 'application/problem+json', 'content-length': body.length, connection: 'close', ...HEADERS }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy())
}
