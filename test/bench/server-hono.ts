// A bare Hono on the same adapter: the peer of the API's reads and streams.
// node test/bench/server-hono.ts FILE → the port on its first line; FILE: what a read answers
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const body = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as object
const app = new Hono()
app.get('/deploy/status/:id', (c) => c.json(body))
const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }))
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.on('SIGTERM', () => process.exit(0))
