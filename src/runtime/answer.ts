import { STATUS_CODES } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { HEADERS } from '../web/headers.ts'

/** RFC 9457 problem details: a sentence and nothing from inside. */
export function problemDetails(status: number, detail: string): string {
  return JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status, detail })
}

/** A body of up to this size is in the socket's buffers by now. */
const SHORT_BODY = 65_536
const LINGER = 1_000

/** Answers with problem details and gives the connection up: what is left of the body is not read. */
export function refuse(response: ServerResponse, status: number, detail: string, headers: Record<string, string> = {}): void {
  if (response.headersSent || response.destroyed) return
  const body = problemDetails(status, detail)
  response.writeHead(status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    ...HEADERS,
    connection: 'close',
    ...headers,
  })
  if (!isStillSending(response.req)) return void response.end(body)
  // Closed at once, a client in the middle of its body would see a reset and not the answer. It is not read meanwhile.
  response.write(body)
  const end = setTimeout(() => response.end(), LINGER).unref()
  response.once('close', () => clearTimeout(end))
}

function isStillSending({ complete, headers }: IncomingMessage): boolean {
  return !complete && (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > SHORT_BODY)
}
