import { expect, test } from 'vitest'
import { Secret } from '../../../../src/secret.ts'
import { dropCopy, keepCopy, sealedCopy, type SealedCopy } from '../../../../src/store/vault/copying.ts'
import { memoryDatabase } from '../../../world/memory-sql.ts'
import { newKey, vaultOver } from '../../../world/vault.ts'

const KEY = newKey('k1')
const ACCOUNT = 42
const record = (id: string) => ({ account: ACCOUNT, kind: 'credential', id, field: 'declaration' })

async function furnished() {
  const sql = memoryDatabase()
  const vault = vaultOver(sql, KEY)
  await vault.seal(record('one'), new Secret('the first secret'))
  await vault.seal({ ...record('of-another'), account: 7 }, new Secret('of somebody else'))
  return { sql, vault }
}
const copyOf = (sql: Awaited<ReturnType<typeof furnished>>['sql']): SealedCopy => {
  const copy = sealedCopy(sql, ACCOUNT, null)
  if (copy === null) throw new Error('there is none')
  return copy
}

test('what an account keeps opens elsewhere, under the same keys alone, and says nothing on the way', async () => {
  const { sql } = await furnished()
  const [copy, there] = [copyOf(sql), memoryDatabase()]
  expect(JSON.stringify(copy)).not.toContain('secret')
  expect(
    Object.values(copy.rows)
      .flat()
      .filter(({ account }) => account === 7),
  ).toEqual([])
  keepCopy(there, ACCOUNT, copy)
  expect((await vaultOver(there, KEY).open(record('one')))?.reveal()).toBe('the first secret')
  await expect(vaultOver(there, newKey('k1')).open(record('one'))).rejects.toMatchObject({ problem: { code: 'VAULT_RECORD_BROKEN' } })
})

test('it has another version with each change, and with each key that is wrapped anew, and else none', async () => {
  const { sql, vault } = await furnished()
  const { version } = copyOf(sql)
  expect(sealedCopy(sql, ACCOUNT, version)).toBeNull()
  await vault.seal({ ...record('of-another'), account: 7 }, new Secret('again'))
  expect(sealedCopy(sql, ACCOUNT, version)).toBeNull()
  const rotated = vaultOver(sql, newKey('k2'), KEY)
  await rotated.rotate()
  const wrapped = sealedCopy(sql, ACCOUNT, version)
  expect(wrapped).not.toBeNull()
  await rotated.forget(record('one'))
  expect(sealedCopy(sql, ACCOUNT, wrapped?.version ?? null)?.rows.vault_record).toEqual([])
})

test('the copy of before is gone with the next one, and with the account', async () => {
  const { sql, vault } = await furnished()
  const there = memoryDatabase()
  keepCopy(there, ACCOUNT, copyOf(sql))
  await vault.seal(record('two'), new Secret('the second'))
  await vault.forget(record('one'))
  keepCopy(there, ACCOUNT, copyOf(sql))
  expect(there.all('select id from vault_record')).toEqual([{ id: 'two' }])
  there.transaction(() => dropCopy(there, ACCOUNT))
  expect(['vault_key', 'vault_record', 'vault_inventory', 'vault_account'].flatMap((table) => there.all(`select * from ${table}`))).toEqual([])
})

test('all columns of this version go along, and what a newer one has added is left out', async () => {
  const { sql } = await furnished()
  const copy = copyOf(sql)
  const [there, newer] = [memoryDatabase(), memoryDatabase()]
  keepCopy(there, ACCOUNT, copy)
  for (const [table, rows] of Object.entries(copy.rows)) expect(there.all(`select * from ${table}`), table).toEqual(rows)
  const added = Object.fromEntries(Object.entries(copy.rows).map(([table, rows]) => [table, rows.map((row) => ({ ...row, added: 1 }))]))
  keepCopy(newer, ACCOUNT, { ...copy, rows: added as unknown as SealedCopy['rows'] })
  expect(newer.all('select * from vault_record')).toEqual(copy.rows.vault_record)
})
