import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { migrateAccounts } from '../../src/store/migrations.ts'
import { describeVault } from '../contracts/vault.contract.ts'
import { sqlOver } from './durable-sql.ts'

let made = 0

describeVault('a Durable Object', async (work) => {
  const object = env.STORAGE.get(env.STORAGE.idFromName(`vault ${(made += 1)}`))
  await runInDurableObject(object, async (_instance, { storage }) => {
    const sql = sqlOver(storage)
    migrateAccounts(sql)
    await work(sql)
  })
})
