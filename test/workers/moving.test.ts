import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { readAuditMac } from '../../src/store/audit-key.ts'
import { macUnder, verifyAudit, type Mac } from '../../src/store/audit.ts'
import { generationIn } from '../../src/store/backup/restored.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import { chainsOf, linesOf } from '../../src/store/moving/leaving.ts'
import { isOperators, partName, partsOf, tablesOf, type Part } from '../../src/store/moving/parts.ts'
import { receivePart, type Received } from '../../src/store/moving/receiving.ts'
import { bodyOf, chunksOfBody, sealPart } from '../../src/store/moving/sealed-part.ts'
import type { Sql } from '../../src/store/sql.ts'
import { localKeys } from '../../src/store/vault/local-keys.ts'
import { HMAC } from '../world/mac.ts'
import { furnishAll, LATER, rowsOf } from '../world/moving.ts'
import { newKey, randomBytes, vaultOver } from '../world/vault.ts'
import { durableSql } from '../../src/runtime/cloudflare/durable-sql.ts'

const KEY = newKey('k1')
const SOURCE = localKeys([KEY], randomBytes)

let made = 0
const inObject = async <T>(name: string, work: (sql: Sql) => Promise<T>): Promise<T> =>
  runInDurableObject(env.STORAGE.get(env.STORAGE.idFromName(`moving ${name}`)), async (_instance, { storage }) => {
    const sql = durableSql(storage)
    migrateRepositories(sql)
    migrateAccounts(sql)
    return work(sql)
  })

async function sealed(sql: Sql, part: Part, from: 'whole' | 'object', mac: Mac): Promise<ArrayBuffer> {
  const audit = chainsOf(sql, [mac, macUnder(HMAC, null)])
  const lines = linesOf(sql, { part, from, generation: 1, audit, nonce: `r${(made += 1)}` })
  return new Response(
    bodyOf(sealPart(SOURCE, randomBytes, { part: partName(part), instance: 'an-installation', madeAt: LATER }, lines)),
  ).arrayBuffer()
}

const receive = (sql: Sql, part: Part, bytes: ArrayBuffer, mac: Mac): Promise<Received> =>
  receivePart(sql, part, chunksOfBody(new Blob([bytes]).stream()), {
    ...{ source: SOURCE, now: LATER, nonce: `w${(made += 1)}`, instance: null, instead: false },
    mac: async (vault) => (isOperators(part) ? readAuditMac(vaultOver(vault, KEY), HMAC) : mac),
  })

test('every part of a database goes into an object, and from there into another one, as it does on Node', async () => {
  const { mac, sent } = await inObject('whole', async (sql) => {
    const mac = await furnishAll(sql, KEY)
    const sent: { readonly part: Part; readonly bytes: ArrayBuffer; readonly rows: readonly string[] }[] = []
    for (const part of partsOf(sql)) sent.push({ part, bytes: await sealed(sql, part, 'whole', mac), rows: vaultRows(sql, part) })
    return { mac, sent }
  })
  expect(sent.map(({ part }) => partName(part))).toEqual([
    'account-0',
    'account-99',
    'account-4711',
    'repository-42',
    'repository-43',
    'repository-44',
  ])
  for (const { part, bytes, rows } of sent) {
    const name = partName(part)
    const first = await inObject(name, async (sql) => {
      const received = await receive(sql, part, bytes, mac)
      expect(received, name).toMatchObject({ unknown: name === 'repository-42' || name === 'repository-43' ? 1 : 0, isAgain: false })
      expect(await receive(sql, part, bytes, mac), name).toMatchObject({ isAgain: true })
      expect(vaultRows(sql, part), name).toEqual(rows)
      return { bytes: await sealed(sql, part, 'object', mac), content: contentOf(sql, part) }
    })
    await inObject(`${name} again`, async (sql) => {
      await receive(sql, part, first.bytes, mac)
      expect(contentOf(sql, part), name).toEqual(first.content)
      if (part.kind === 'repository') expect(generationIn(sql), name).toBe(2)
      for (const table of ['repository_audit', 'account_audit'] as const) expect(verifyAudit(sql, table, [mac]), name).toHaveProperty('head')
    })
  }
})

const vaultRows = (sql: Sql, { id }: Part): readonly string[] =>
  rowsOf(sql, ['vault_record', 'vault_inventory', 'vault_key']).filter((row) => row.includes(`"account":${id},`))

/** All but what tells of the moves, and a fence. */
const contentOf = (sql: Sql, part: Part): readonly string[] =>
  tablesOf(part).flatMap(({ name }) => (name.endsWith('_audit') || name === 'environment' ? [] : rowsOf(sql, [name], name === 'lock' ? ['id'] : [])))
