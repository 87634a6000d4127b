import { connect } from 'node:net'

const MEGABYTE = 1_000_000

export interface FloodOptions {
  readonly megabytes: number
  readonly chunked: boolean
  readonly headers?: readonly string[]
}

/** Writes a body that nobody signed as fast as it is taken, until all is written or the server gives the connection up; the status it said, or 0. */
export async function flood(port: number, { megabytes, chunked, headers = [] }: FloodOptions): Promise<number> {
  const chunk = Buffer.alloc(MEGABYTE, 'a')
  const framed = chunked ? Buffer.concat([Buffer.from(`${MEGABYTE.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]) : chunk
  const length = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${megabytes * MEGABYTE}`
  const common = ['Host: 127.0.0.1', 'Content-Type: application/json', 'X-GitHub-Event: issue_comment', 'X-GitHub-Delivery: flood']
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.on('data', (data) => (text += data.toString('latin1'))).on('error', () => {})
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.write(`${['POST /api/github/webhooks HTTP/1.1', ...common, length, ...headers].join('\r\n')}\r\n\r\n`)
  for (let sent = 0; sent < megabytes && !socket.destroyed; sent++)
    if (!socket.write(framed)) await Promise.race([new Promise<void>((resolve) => socket.once('drain', resolve)), closed])
  socket.end(chunked ? '0\r\n\r\n' : '')
  await closed
  return Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)
}

/** In GitHub's form, and nobody's. */
export const WRONG_SIGNATURE = `X-Hub-Signature-256: sha256=${'0'.repeat(64)}`
