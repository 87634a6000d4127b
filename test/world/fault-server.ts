import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What becomes of each request. */
export type Fault = (response: ServerResponse, request: IncomingMessage) => void

/** The connection ends before a byte of an answer. */
export const closesTheSocket: Fault = (response) => void response.destroy()

/** Less of the body comes than its length says. */
export const cutsShort: Fault = (response) => {
  response.writeHead(200, { 'content-type': 'application/vnd.oci.image.index.v1+json', 'content-length': '1000' })
  response.write('{"schemaVersion":2,', () => response.destroy())
}

/** A server on loopback that breaks off in the ways of a bad network. */
export async function startFaultServer(fault: Fault): Promise<{ readonly host: string; stop(): void }> {
  const server = createServer((request, response) => fault(response, request))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
