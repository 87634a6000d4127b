import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { migrateAccounts } from '../../src/store/migrations.ts'
import type { AccountSql, Row, Value } from '../../src/store/sql.ts'
import { describeVault } from '../contracts/vault.contract.ts'

let made = 0

describeVault('a Durable Object', async (work) => {
  const object = env.STORAGE.get(env.STORAGE.idFromName(`vault ${(made += 1)}`))
  await runInDurableObject(object, async (_instance, { storage }) => {
    const sql = sqlOver(storage)
    migrateAccounts(sql)
    await work(sql)
  })
})

function sqlOver(storage: DurableObjectStorage): AccountSql {
  return {
    all: <R extends Row>(query: string, ...params: Value[]) =>
      storage.sql
        .exec(query, ...params)
        .toArray()
        .map(
          (row) =>
            Object.fromEntries(Object.entries(row).map(([name, value]) => [name, value instanceof ArrayBuffer ? new Uint8Array(value) : value])) as R,
        ),
    transaction: (work) => storage.transactionSync(work),
  }
}
