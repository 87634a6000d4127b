import { createServer, type Server } from 'node:http'
import { refuse } from '../answer.ts'
import type { Log } from '../log.ts'

/** Prometheus, somebody's second one, and a curl. */
const MOST_CONNECTIONS = 20

/** `GET /metrics` and nothing else, for a port of its own. Not listening yet. */
export function createMetricsServer(text: () => Promise<string>, contentType: string, log: Log): Server {
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000, maxHeaderSize: 8_192 }, (request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') return refuse(response, 404, 'There is nothing here but GET /metrics.')
    text().then(
      (body) => response.writeHead(200, { 'content-type': contentType, 'cache-control': 'no-store' }).end(body),
      (error: unknown) => {
        log.error({ err: error }, 'what is measured could not be told')
        refuse(response, 500, 'Something went wrong in Gantry; the log has the details.')
      },
    )
  })
  server.maxConnections = MOST_CONNECTIONS
  return server
}
