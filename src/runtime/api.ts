import { getRequestListener } from '@hono/node-server'
import type { Handler } from './front.ts'

/** The API behind our own server, whose limits hold for it: nothing global is replaced. */
export function apiHandler(answer: (request: Request) => Response | Promise<Response>): Handler {
  const listen = getRequestListener(answer, { overrideGlobalObjects: false })
  return (request, response) => {
    // Nobody has said it yet (`checkContinue`), and the API reads no body before it knows who sends it.
    if (request.headers.expect === '100-continue') response.writeContinue()
    void listen(request, response)
  }
}
