import { beforeEach, describe, expect, test } from 'vitest'
import { Secret } from '../../../../src/secret.ts'
import type { Row, Value } from '../../../../src/store/sql.ts'
import type { Vault } from '../../../../src/store/vault.ts'
import { describeVault } from '../../../contracts/vault.contract.ts'
import { memoryDatabase, type MemorySql } from '../../../world/memory-sql.ts'
import { credential, newKey, said, vaultOver } from '../../../world/vault.ts'

const GHCR = credential('ghcr')
const KEY = newKey('k1')
const BROKEN = /^VAULT_RECORD_BROKEN: /

let sql: MemorySql
let vault: Vault
beforeEach(() => {
  sql = memoryDatabase()
  vault = vaultOver(sql, KEY)
})

const seal = (record: Parameters<Vault['seal']>[0], value: string) => vault.seal(record, new Secret(value))
/** What a process says that begins now, with nothing in its memory. */
const saidAnew = (record = GHCR) => said(vaultOver(sql, KEY), record)

describeVault('SQLite in memory', (work) => work(memoryDatabase()))

describe('the vault', () => {
  test('forgets, and what was forgotten does not come back', async () => {
    await seal(GHCR, 'one')
    const before = rowsOf()
    await vault.forget(GHCR)
    expect(await said(vault, GHCR)).toBeNull()
    expect(sql.all('select 1 from vault_record')).toEqual([])
    await vault.forget(GHCR)
    await vault.forget(credential('x', 'y', 1))
    expect(sql.all('select 1 from vault_key where account = 1')).toEqual([])
    put('vault_record', before.vault_record)
    expect(await said(vault, GHCR)).toMatch(BROKEN)
    expect(await saidAnew()).toMatch(BROKEN)
    await vault.forget(GHCR)
    expect(await saidAnew()).toBeNull()
  })

  test.each(['', 'x'.repeat(65_537), 'half \ud800'])('takes no secret that is none %#', async (value) => {
    await expect(seal(GHCR, value)).rejects.toThrow()
    expect(await saidAnew()).toBeNull()
  })

  test.each([
    { account: -1 },
    { account: 1.5 },
    { account: Number.NaN },
    { kind: '' },
    { kind: 'Kind' },
    { id: '' },
    { id: 'a b' },
    { id: 'é' },
    { id: 'x'.repeat(201) },
    { field: 'a\0' },
  ])('takes no name that is none: %j', async (wrong) => {
    await expect(seal({ ...GHCR, ...wrong }, 'x')).rejects.toThrow(TypeError)
    await expect(vault.open({ ...GHCR, ...wrong })).rejects.toThrow(TypeError)
  })
})

type Table = 'vault_key' | 'vault_account' | 'vault_inventory' | 'vault_record'
const TABLES: readonly Table[] = ['vault_key', 'vault_account', 'vault_inventory', 'vault_record']
const rowsOf = () => Object.fromEntries(TABLES.map((table) => [table, sql.all(`select * from ${table}`)])) as Record<Table, Row[]>

/** As somebody does who can write the file. */
function put(table: Table, rows: readonly Row[]): void {
  for (const row of rows)
    sql.all(
      `insert or replace into ${table} (${Object.keys(row).join(', ')}) values (${Object.keys(row)
        .map(() => '?')
        .join(', ')})`,
      ...Object.values(row),
    )
}

describe('whoever can write the database brings no secret back and moves none', () => {
  test('of every swap of field, row, account and version none opens', async () => {
    const records = ['a', 'b'].flatMap((id) => ['password', 'username'].flatMap((field) => [1, 2].map((account) => credential(id, field, account))))
    for (const record of records) await seal(record, `${record.account} ${record.id} ${record.field}`)
    const columns = 'version, sealed'
    let tried = 0
    for (const from of records) {
      for (const to of records.filter((record) => record !== from)) {
        const [found] = sql.all(
          'select version, sealed from vault_record where account = ? and id = ? and field = ?',
          from.account,
          from.id,
          from.field,
        )
        const [own] = sql.all(`select ${columns} from vault_record where account = ? and id = ? and field = ?`, to.account, to.id, to.field)
        for (const version of [found!['version']!, own!['version']!]) {
          const into = [to.account, to.id, to.field] as const
          sql.all('update vault_record set version = ?, sealed = ? where account = ? and id = ? and field = ?', version, found!['sealed']!, ...into)
          expect(await said(vault, to)).toMatch(BROKEN)
          expect(await saidAnew(to)).toMatch(BROKEN)
          sql.all(
            'update vault_record set version = ?, sealed = ? where account = ? and id = ? and field = ?',
            own!['version']!,
            own!['sealed']!,
            ...into,
          )
          tried += 1
        }
        expect(await said(vault, to)).toBe(`${to.account} ${to.id} ${to.field}`)
      }
    }
    expect(tried).toBe(112)
  })

  test.each([
    ['the record alone', ['vault_record']],
    ['the record and its line in the inventory', ['vault_record', 'vault_inventory']],
    ['the record and the account', ['vault_record', 'vault_account']],
    ['the inventory alone', ['vault_inventory']],
    ['the account alone', ['vault_account']],
  ] as const)('an older one of the same record, put back as %s', async (_what, tables) => {
    await seal(GHCR, 'the old one, which leaked')
    const old = rowsOf()
    await seal(GHCR, 'the new one')
    for (const table of tables) put(table, old[table])
    expect(await said(vault, GHCR)).toMatch(/^VAULT_RECORD_BROKEN|^the new one$/)
    expect(await saidAnew()).toMatch(BROKEN)
  })

  test('everything of an account put back as it was: refused for as long as the process lives, and not after', async () => {
    await seal(GHCR, 'the old one')
    const old = rowsOf()
    await seal(GHCR, 'the new one')
    for (const table of TABLES) put(table, old[table])
    expect(await said(vault, GHCR)).toBe('VAULT_RECORD_BROKEN: an older state that was put back')
    expect(await saidAnew()).toBe('the old one')
  })

  test('to a process that has only read, too', async () => {
    await seal(GHCR, 'the old one')
    const old = rowsOf()
    await seal(GHCR, 'the new one')
    const reader = vaultOver(sql, KEY)
    expect(await said(reader, GHCR)).toBe('the new one')
    for (const table of TABLES) put(table, old[table])
    expect(await said(reader, GHCR)).toBe('VAULT_RECORD_BROKEN: an older state that was put back')
  })

  test.each([
    ['alone', ['vault_record']],
    ['with its line in the inventory', ['vault_record', 'vault_inventory']],
  ] as const)('nor one of the same version, from before a backup was put back: %s', async (_what, tables) => {
    await seal(credential('quay'), 'another')
    const backup = rowsOf()
    await seal(GHCR, 'what nobody should use any more')
    const before = rowsOf()
    for (const table of TABLES) sql.all(`delete from ${table}`)
    for (const table of TABLES) put(table, backup[table])
    await vaultOver(sql, KEY).seal(GHCR, new Secret('the new one'))
    const versions = sql.all<{ version: number }>(`select version from vault_record where id = 'ghcr'`)
    expect(versions).toEqual([{ version: before.vault_record.find(({ id }) => id === 'ghcr')?.['version'] }])
    for (const table of tables) put(table, before[table])
    expect(await saidAnew()).toMatch(BROKEN)
  })

  test.each(['x', 'a password', `{"private_key":"${'A'.repeat(120)}"}`])(
    'of every bit that is changed in a record, and of every cut, none is taken %#',
    async (value) => {
      await seal(GHCR, value)
      const [row] = sql.all<{ sealed: Uint8Array }>('select sealed from vault_record')
      const right = row!.sealed
      const put = (sealed: Uint8Array) => sql.all('update vault_record set sealed = ?', sealed)
      for (let bit = 0; bit < right.length * 8; bit += 1) {
        const changed = new Uint8Array(right)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        put(changed)
        expect(await said(vault, GHCR)).toMatch(BROKEN)
      }
      for (let length = 0; length < right.length; length += 1) {
        put(right.slice(0, length))
        expect(await said(vault, GHCR)).toMatch(BROKEN)
      }
      put(right)
      expect(await saidAnew()).toBe(value)
    },
  )

  test('an older one does not hide behind newer ones of other records', async () => {
    await seal(GHCR, 'the old one')
    const old = rowsOf()
    await seal(GHCR, 'the new one')
    await seal(credential('quay'), 'another')
    put('vault_record', old.vault_record)
    put('vault_inventory', old.vault_inventory)
    expect(await saidAnew()).toMatch(BROKEN)
    expect(await saidAnew(credential('quay'))).toMatch(BROKEN)
  })

  test.each(TABLES)('without its rows in %s nothing opens, and nothing begins anew over the rest', async (table) => {
    await seal(GHCR, 'one')
    sql.all(`delete from ${table}`)
    expect(await said(vault, GHCR)).toMatch(/^VAULT_RECORD_BROKEN|^one$/)
    for (const one of [vaultOver(sql, KEY), ...(table === 'vault_key' || table === 'vault_account' ? [vault] : [])]) {
      expect(await said(one, GHCR)).toMatch(BROKEN)
      if (table !== 'vault_record') await expect(one.seal(credential('quay'), new Secret('x'))).rejects.toThrow(/VAULT_RECORD_BROKEN/)
    }
  })

  test('of one account no key opens another’s', async () => {
    await seal(GHCR, 'one')
    await seal({ ...GHCR, account: 2 }, 'two')
    sql.all('delete from vault_key where account = 2')
    sql.all('update vault_key set account = 2')
    expect(await saidAnew({ ...GHCR, account: 2 })).toMatch(BROKEN)
  })

  test('no account is made to seal under another’s key, which would outlive it', async () => {
    await seal(GHCR, 'one')
    await seal({ ...GHCR, account: 2 }, 'two')
    sql.all('update vault_key set is_retiring = 1 where account = 2')
    sql.all('insert into vault_key (account, kid, kek, wrapped) select 2, kid, kek, wrapped from vault_key where account = 4711')
    await expect(vaultOver(sql, KEY).seal({ ...GHCR, account: 2 }, new Secret('three'))).rejects.toThrow(/VAULT_RECORD_BROKEN/)
  })

  test('every bit of what is kept beside the records is bound too', async () => {
    await seal(GHCR, 'one')
    for (const [table, column] of [
      ['vault_key', 'wrapped'],
      ['vault_account', 'mac'],
    ] as const) {
      const [row] = sql.all<Record<string, Uint8Array>>(`select ${column} from ${table}`)
      const right = row![column]!
      for (let bit = 0; bit < right.length * 8; bit += 1) {
        const changed = new Uint8Array(right)
        changed[bit >> 3]! ^= 1 << (bit & 7)
        sql.all(`update ${table} set ${column} = ?`, changed)
        expect(await saidAnew()).toMatch(BROKEN)
      }
      sql.all(`update ${table} set ${column} = ?`, right)
    }
    for (const change of [
      `vault_account set counter = counter + 1`,
      `vault_account set kid = 'abc'`,
      `vault_inventory set version = 9`,
      `vault_inventory set stamp = 'ff'`,
    ]) {
      const before = rowsOf()
      sql.all(`update ${change}`)
      expect(await saidAnew()).toMatch(BROKEN)
      for (const table of TABLES) put(table, before[table])
    }
    expect(await saidAnew()).toBe('one')
  })

  test('a record that is damaged spoils no other, and can be stored again', async () => {
    await seal(GHCR, 'one')
    await seal(credential('quay'), 'two')
    sql.all(`update vault_record set sealed = x'00', version = 99 where id = 'ghcr'`)
    expect(await saidAnew()).toMatch(BROKEN)
    expect(await saidAnew(credential('quay'))).toBe('two')
    await seal(GHCR, 'three')
    expect(await saidAnew()).toBe('three')
  })
})

describe('in the place of a record', () => {
  beforeEach(async () => {
    await seal(GHCR, 'one')
    // The database itself takes no such thing: somebody else's program has written the file.
    const rows = sql.all('select * from vault_record')
    sql.all('drop table vault_record')
    sql.all('create table vault_record (account, kind, id, field, version, sealed, primary key (account, kind, id, field))')
    put('vault_record', rows)
  })

  const text = (value: string): Value => new TextEncoder().encode(value)
  test.each<[string, Value]>([
    ['NULL', null],
    ["''", ''],
    ['no bytes', new Uint8Array(0)],
    ['{}', '{}'],
    ['{} as bytes', text('{}')],
    ['a plaintext', 'hunter2'],
    ['a plaintext as bytes', text('hunter2 '.repeat(20))],
    ['base64', btoa('garbage '.repeat(20))],
    ['base64 as bytes', text(btoa('garbage '.repeat(20)))],
    ['a number', 7],
    ['zeros', new Uint8Array(80)],
  ])('%s is an error, and no secret', async (_what, value) => {
    sql.all('update vault_record set sealed = ?', value)
    for (const one of [vault, vaultOver(sql, KEY)]) {
      await expect(one.open(GHCR)).rejects.toMatchObject({
        problem: { code: 'VAULT_RECORD_BROKEN', sentence: 'The secret password of the credential ghcr of account 4711 cannot be read.' },
      })
    }
    if (typeof value === 'string' && value !== '')
      await vault.open(GHCR).catch((error: unknown) => expect(JSON.stringify(error)).not.toContain(value))
  })
})

describe('keys', () => {
  const refusal = (...keys: Parameters<typeof vaultOver>[1][]) =>
    vaultOver(sql, ...keys)
      .check()
      .then(
        () => null,
        (error: { problem: { code: string; sentence: string } }) => `${error.problem.code}: ${error.problem.sentence}`,
      )

  test('none are needed where nothing is kept, and nothing is kept without', async () => {
    expect(await refusal()).toBeNull()
    expect(await said(vaultOver(sql), GHCR)).toBeNull()
    await expect(vaultOver(sql).seal(GHCR, new Secret('x'))).rejects.toThrow(/VAULT_KEY_MISSING: The vault has no key/)
    expect(TABLES.flatMap((table) => sql.all(`select 1 from ${table}`))).toEqual([])
  })

  test('a wrong one, or none, is refused by name, and changes nothing', async () => {
    await seal(GHCR, 'one')
    const before = sql.content()
    expect(await refusal()).toBe('VAULT_KEY_MISSING: The vault holds secrets under the key k1, and GANTRY_KEYS has no key of that name.')
    expect(await refusal(newKey('k2'))).toMatch(/^VAULT_KEY_MISSING: .* k1,/)
    expect(await refusal(newKey('k1'))).toBe('VAULT_KEY_WRONG: The key k1 in GANTRY_KEYS is not the one that the vault was written with.')
    expect(await refusal(newKey('k2'), newKey('k1'))).toMatch(/^VAULT_KEY_WRONG: .* k1 /)
    for (const other of [vaultOver(sql), vaultOver(sql, newKey('k1')), vaultOver(sql, newKey('k2'))]) {
      expect(await said(other, GHCR)).toMatch(/^VAULT_(KEY_MISSING|RECORD_BROKEN)/)
      await expect(other.seal(credential('quay'), new Secret('x'))).rejects.toThrow(/VAULT_/)
    }
    expect(sql.content()).toEqual(before)
  })

  test('in any order: the list is tried by name', async () => {
    await seal(GHCR, 'one')
    const newer = newKey('k2')
    for (const keys of [[KEY], [newer, KEY], [KEY, newer]]) {
      expect(await refusal(...keys)).toBeNull()
      expect(await said(vaultOver(sql, ...keys), GHCR)).toBe('one')
    }
  })

  test('a damaged check does not shut out the right key, and its loss does not let in a wrong one', async () => {
    await seal(GHCR, 'one')
    for (const change of [`update vault_key_check set value = x'0102'`, 'delete from vault_key_check']) {
      sql.all(change)
      expect(await refusal(KEY)).toBeNull()
      expect(await refusal(newKey('k1'))).toMatch(/^VAULT_KEY_WRONG/)
    }
  })

  test('an account’s key that is damaged is not taken for a wrong key', async () => {
    await seal(GHCR, 'one')
    sql.all(`update vault_key set wrapped = x'0102'`)
    expect(await refusal(KEY)).toBeNull()
    expect(await saidAnew()).toMatch(BROKEN)
  })

  test('of an account that is destroyed nothing is left, and what was put back of it does not open', async () => {
    await seal(GHCR, 'one')
    await seal({ ...GHCR, account: 2 }, 'two')
    const old = rowsOf()
    vault.destroy(4711)
    expect(await said(vault, GHCR)).toBeNull()
    for (const table of TABLES) expect(sql.all(`select 1 from ${table} where account = 4711`)).toEqual([])
    for (const table of TABLES.filter((one) => one !== 'vault_key')) put(table, old[table])
    expect(await said(vault, GHCR)).toMatch(BROKEN)
    vault.destroy(4711)
    await seal(GHCR, 'three')
    expect(await saidAnew()).toBe('three')
    expect(await saidAnew({ ...GHCR, account: 2 })).toBe('two')
  })

  test('destroying an account while something of it is being read or written spoils nothing', async () => {
    await seal(GHCR, 'one')
    const cold = vaultOver(sql, KEY)
    const reading = said(cold, GHCR)
    const writing = cold.seal(credential('quay'), new Secret('x'))
    cold.destroy(4711)
    await Promise.all([reading, writing])
    expect([await said(cold, GHCR), await said(cold, credential('quay'))]).toEqual([null, 'x'])
  })

  test('without a lost one, what it alone opened is destroyed and the rest goes on', async () => {
    await seal(GHCR, 'one')
    const other = newKey('k2')
    await vaultOver(sql, other, KEY).seal({ ...GHCR, account: 2 }, new Secret('two'))
    const without = vaultOver(sql, other)
    expect(without.accountsUnder('k1')).toEqual([4711])
    for (const account of without.accountsUnder('k1')) without.destroy(account)
    expect(await refusal(other)).toBeNull()
    expect(await said(vaultOver(sql, other), GHCR)).toBeNull()
    expect(await said(vaultOver(sql, other), { ...GHCR, account: 2 })).toBe('two')
  })
})
