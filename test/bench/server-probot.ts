// Bare Probot: its own server, a handler that does nothing. node test/bench/server-probot.ts SECRET KEY-FILE
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { Probot, Server } from 'probot'

const [secret, keyFile] = process.argv.slice(2) as [string, string]
// Its server takes 0 for 3000: a free port is found first.
const port = await new Promise<number>((resolve) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const found = (probe.address() as AddressInfo).port
    probe.close(() => resolve(found))
  })
})
const log = pino({ level: 'warn' })
const options = { appId: 4711, privateKey: readFileSync(keyFile, 'utf8'), secret, log }
const server = new Server({ Probot: Probot.defaults(options), log, port, host: '127.0.0.1' })
await server.load((app) => {
  app.on('issue_comment.created', async () => {})
})
await server.start()
console.log(port)
process.on('SIGTERM', () => process.exit(0))
