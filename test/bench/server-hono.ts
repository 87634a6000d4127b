// A bare Hono on the same adapter with the same options, which are its own: the peer of the API's reads and streams.
// node test/bench/server-hono.ts FILE → the port on its first line; FILE: what a read answers
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const EVENTS = 12
const GAP = 400
const body = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as object
const app = new Hono()
app.get('/deploy/status/:id', (c) => c.json(body))
/** As many events as a deployment has, a few now and then. */
app.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    for (let event = 1; event <= EVENTS; event++) {
      await stream.writeSSE({ id: `${event}-0-0`, event: 'state', data: JSON.stringify(body) })
      await stream.sleep(GAP)
    }
  }),
)
const server = createServer(getRequestListener(app.fetch))
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.on('SIGTERM', () => process.exit(0))
