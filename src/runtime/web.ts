import { getRequestListener, RequestError } from '@hono/node-server'
import type { Web } from '../web/app.ts'
import { HEADERS } from '../web/headers.ts'
import { problemDetails } from './answer.ts'
import { clientAddress } from './client-address.ts'
import type { Handler } from './front.ts'
import type { Log } from './log.ts'

/**
 * The API and the pages behind our own server, whose limits hold for it. The adapter replaces the global `Request` and `Response` by its own, whose text goes to the
 * socket as it is and not through a stream: without that an answer takes 11 µs longer, and three times the garbage. `proxies`: so many stand in front.
 */
export function webHandler(answer: Web['fetch'], proxies: number, log: Log): Handler {
  const listen = getRequestListener((request, { incoming }) => answer(request, clientAddress(incoming, proxies)), {
    errorHandler: (error) => unanswered(error, log),
  })
  return (request, response) => {
    // Nobody has said it yet (`checkContinue`), and the API reads no body before it knows who sends it.
    if (request.headers.expect !== undefined) response.writeContinue()
    void listen(request, response)
  }
}

/** What never became a request of the API's: an address or a host that is none. */
function unanswered(error: unknown, log: Log): Response {
  const isTheirs = error instanceof RequestError
  if (!isTheirs) log.error({ err: error }, 'a request failed')
  const [status, detail] = isTheirs ? [400, 'The request could not be read.'] : [500, 'Something went wrong in Gantry; the log has the details.']
  return new Response(problemDetails(status, detail), { status, headers: { ...HEADERS, 'content-type': 'application/problem+json' } })
}
