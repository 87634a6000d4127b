// Gantry's intake alone: front, reader, database and inbox as they run, and nothing that works off what was stored.
// node test/bench/server-intake.ts SECRET FOLDER → the port on its first line
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { createIntake, EVENTS } from '../../src/bot/intake.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { createFront } from '../../src/runtime/front.ts'
import { createLog } from '../../src/runtime/log.ts'
import { createRedactor } from '../../src/runtime/redact.ts'
import { openSqlite } from '../../src/runtime/sqlite.ts'
import { Secret } from '../../src/secret.ts'
import { createInbox } from '../../src/store/inbox.ts'
import { migrateRepositories } from '../../src/store/migrations.ts'

// As src/main.mjs starts it; what `npm start` gives Node comes from whoever starts this.
setFlagsFromString('--semi-space-growth-factor=1')
const [secret, folder] = process.argv.slice(2) as [string, string]
const sql = openSqlite(join(folder, 'gantry.db'))
migrateRepositories(sql)
const inbox = createInbox(sql)
const server = createFront({
  intake: { events: new Set(EVENTS), read: createIntake(1).readDelivery, store: (deliveries) => inbox.store(deliveries), kick: () => {} },
  webhookSecrets: [new Secret(secret)],
  isHealthy: () => true,
  clock: systemClock,
  log: createLog('warn', createRedactor()),
})
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
process.on('SIGTERM', () => {
  // Proof that what was answered was stored.
  console.log(JSON.stringify({ stored: sql.all('SELECT count(*) AS n FROM delivery')[0]!['n'] }))
  process.exit(0)
})
