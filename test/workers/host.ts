import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { assets } from '../../src/runtime/cloudflare/page-assets.ts'
import { createConsoleLog } from '../../src/runtime/cloudflare/log.ts'
import { durableSql } from '../../src/runtime/cloudflare/durable-sql.ts'
import { receiveWebhook, type WebhookDoors } from '../../src/runtime/cloudflare/webhook.ts'
import type { Disk, Door, DoorSetup, Host, OnHost } from '../world/host.ts'

let made = 0

/** A Durable Object that nobody has used before: its storage is the disk, and the work is done inside it. */
export const onHost: OnHost = (work) => hostAt(`world ${(made += 1)}`, work)

/** The Durable Object of that name. */
export const hostAt = <T>(name: string, work: (host: Host) => Promise<T>): Promise<T> =>
  runInDurableObject(env.STORAGE.get(env.STORAGE.idFromName(name)), (_instance, { storage }) => work(hostOf(storage)))

const hostOf = (storage: DurableObjectStorage): Host => ({ newDisk: () => diskOf(storage), opensDoor, log: createConsoleLog, assets })

// Not over HTTP: a Worker's requests are its calls.
async function opensDoor({ intake, secrets, clock, log }: DoorSetup): Promise<Door> {
  const hand: WebhookDoors['hand'] = async (event, guid, payload) => {
    const delivery = intake.read(event, guid, payload, clock.now())
    if (delivery === null) return false
    intake.store([delivery])
    setImmediate(() => intake.kick())
    return true
  }
  return { receive: (request) => receiveWebhook(request, { secrets, events: [...intake.events], hand, log }), close: () => {} }
}

function diskOf(storage: DurableObjectStorage): Disk {
  const sql = durableSql(storage)
  const names = tablesOf(sql)
  storage.transactionSync(() => {
    sql.all('pragma defer_foreign_keys = on')
    for (const name of names) sql.all(`drop table "${name}"`)
  })
  return { ...sql, content: () => contentOf(sql), close: () => {} }
}

// The storage keeps tables of its own there, which nobody may touch.
const tablesOf = (sql: Pick<Disk, 'all'>): string[] =>
  sql
    .all<{ name: string }>(`select name from sqlite_schema where type = 'table' and name not glob '_cf_*' and name not glob 'sqlite_*'`)
    .map(({ name }) => name)

/** Every value of every row: an object does not see the bytes of its database. */
function contentOf(sql: Pick<Disk, 'all'>): Uint8Array {
  const rows = tablesOf(sql).flatMap((name) => sql.all(`select * from "${name}"`))
  return Buffer.concat(
    rows.flatMap((row) => Object.values(row).map((value) => (value instanceof Uint8Array ? value : Buffer.from(`${String(value)}\n`)))),
  )
}
