import type { Delivery, Inbox, Missed } from '../deploy/journal.ts'
import type { RepositorySql } from './sql.ts'

/** Webhook deliveries, each stored before GitHub gets its answer. */
export function createInbox(sql: RepositorySql): Inbox {
  return {
    // One transaction for all: a burst shares one fsync (measured in `npm run bench -- intake`).
    store: (deliveries) => sql.transaction(() => deliveries.map((delivery) => insert(sql, delivery))),
    pending: (limit, after = 0) =>
      sql.all<{ key: string; sequence: number }>(
        'select key, sequence from delivery where handled_at is null and sequence > ? order by sequence limit ?',
        after,
        limit,
      ),
    find: (key) => sql.all<DeliveryRow>('select * from delivery where key = ? and handled_at is null', key).map(deliveryOf)[0] ?? null,
    has: (key) => sql.all('select 1 from delivery where key = ?', key).length > 0,
    // The key stays for good, so that a replay years later is still known; the payload has done its work.
    handled: (key, now) => {
      sql.all(`update delivery set handled_at = ?, payload = '' where key = ?`, now, key)
    },
  }
}

const deliveryOf = ({ key, guid, event, payload, received_at: receivedAt, missed }: DeliveryRow): Delivery => ({
  ...{ key, guid, event, payload, receivedAt },
  ...(missed !== null && { missed }),
})

const insert = (sql: RepositorySql, { key, guid, event, payload, receivedAt, missed }: Delivery): boolean =>
  sql.all(
    `insert into delivery (key, guid, event, payload, received_at, missed) values (?, ?, ?, ?, ?, ?) on conflict (key) do nothing returning 1 as stored`,
    ...[key, guid, event, payload, receivedAt, missed ?? null],
  ).length > 0

type DeliveryRow = { key: string; guid: string; event: string; payload: string; received_at: number; missed: Missed | null }
