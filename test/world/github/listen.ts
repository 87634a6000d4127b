import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Dropped } from './trouble.ts'

/** A `fetch` handler as a real HTTP server on a free port of the loopback, or on a unix socket. */
export async function listen(
  handle: (request: Request) => Promise<Response>,
  socketPath?: string,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((message, response) => void serve(handle, message, response))
  if (socketPath === undefined) server.listen(0, '127.0.0.1')
  else server.listen(socketPath)
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url: `http://127.0.0.1:${port}`, close }
}

async function serve(handle: (request: Request) => Promise<Response>, message: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => gone.abort())
  try {
    const answer = await handle(await requestOf(message, gone.signal))
    response.writeHead(answer.status, Object.fromEntries(answer.headers))
    response.end(Buffer.from(await answer.arrayBuffer()))
  } catch (error) {
    if (error instanceof Dropped) message.socket.destroy()
    // A broken contract is on record; over HTTP it is an answer that no description has.
    else response.writeHead(500, { 'content-type': 'text/plain' }).end(String(error))
  }
}

async function requestOf(message: IncomingMessage, signal: AbortSignal): Promise<Request> {
  const chunks: Uint8Array[] = []
  for await (const chunk of message) chunks.push(chunk as Uint8Array)
  const headers = new Headers()
  for (const [name, value] of Object.entries(message.headers)) headers.set(name, String(value))
  const method = message.method ?? 'GET'
  const body = chunks.length === 0 ? null : Buffer.concat(chunks)
  return new Request(new URL(message.url ?? '/', 'http://127.0.0.1'), { method, headers, body, signal })
}
