import { createHmac, randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

/** What comes back over one connection, as text. */
export interface Exchange {
  readonly socket: Socket
  readonly text: () => string
  /** Resolves when the server has closed or reset the connection. */
  readonly closed: Promise<string>
  /** Resolves with everything so far once so many answers (1, unless said otherwise) have begun to arrive. */
  answers(count?: number): Promise<string>
}

/** A bare connection: what is sent is exactly what is written here. */
export function talk(port: number, ...parts: (string | Buffer)[]): Exchange {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  const waiting: { count: number; resolve: (text: string) => void }[] = []
  const tell = () =>
    waiting.filter(({ count }) => text.split('HTTP/1.1 ').length > count && text.includes('\r\n\r\n')).forEach(({ resolve }) => resolve(text))
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    tell()
  })
  const closed = new Promise<string>((resolve) => {
    socket.on('error', () => {})
    socket.on('close', () => resolve(text))
  })
  for (const part of parts) socket.write(part)
  return {
    socket,
    text: () => text,
    closed,
    answers: (count = 1) =>
      new Promise((resolve, reject) => {
        waiting.push({ count, resolve })
        tell()
        void closed.then(() => reject(new Error(`closed after: ${text}`)))
      }),
  }
}

export const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0)

export const sign = (body: string | Buffer, secret: string): string => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`

/** The header lines of a webhook request, each of which a test may replace or (with null) leave out. */
export function head(headers: Record<string, string | readonly string[] | null>, request = 'POST /api/github/webhooks HTTP/1.1'): string {
  const all: Record<string, string | readonly string[] | null> = {
    host: '127.0.0.1',
    'content-type': 'application/json',
    'x-github-event': 'issue_comment',
    'x-github-delivery': randomUUID(),
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [value].flat().map((one) => `${name}: ${one}`)))
  return [request, ...lines, '\r\n'].join('\r\n')
}

/** One signed request, whole. */
export function delivery(body: string | Buffer, secret: string, headers: Record<string, string | readonly string[] | null> = {}): Buffer {
  const start = head({ 'content-length': String(Buffer.byteLength(body)), 'x-hub-signature-256': sign(body, secret), ...headers })
  return Buffer.concat([Buffer.from(start), Buffer.from(body)])
}
