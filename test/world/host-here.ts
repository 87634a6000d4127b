import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { readAssets } from '../../src/runtime/assets.ts'
import { createFront } from '../../src/runtime/front.ts'
import { createLog } from '../../src/runtime/log.ts'
import type { Door, DoorSetup, Host, OnHost } from './host.ts'
import { memorySql } from './memory-sql.ts'

/** Node: SQLite in memory, and webhooks over real HTTP. */
export const nodeHost: Host = { newDisk: () => memorySql(), opensDoor, log: createLog, assets: readAssets() }

export const onHost: OnHost = (work) => work(nodeHost)

async function opensDoor({ intake, secrets, clock, log }: DoorSetup): Promise<Door> {
  const front = createFront({ intake, webhookSecrets: secrets, isHealthy: () => true, clock, log })
  front.listen(0, '127.0.0.1')
  await once(front, 'listening')
  const { port } = front.address() as AddressInfo
  return {
    receive: async (request) =>
      fetch(`http://127.0.0.1:${port}/api/github/webhooks`, { method: 'POST', headers: request.headers, body: await request.text() }),
    close() {
      front.closeAllConnections()
      front.close()
    },
  }
}
