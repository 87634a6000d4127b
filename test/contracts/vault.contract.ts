import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/secret.ts'
import type { AccountSql } from '../../src/store/sql.ts'
import { credential, newKey, said, vaultOver } from '../world/vault.ts'

const GHCR = credential('ghcr')
const [OLD, NEW] = [newKey('k1'), newKey('k2')]

/** What the vault promises, over every database that it may run on. `use` lends an empty one with all its tables. */
export function describeVault(name: string, use: (work: (sql: AccountSql) => Promise<void>) => Promise<void>): void {
  const story = (what: string, work: (sql: AccountSql) => Promise<void>): void => test(what, () => use(work))
  const countIn = (sql: AccountSql, table: string): unknown => sql.all(`select count(*) as n from ${table}`)[0]?.['n']

  describe(`${name} keeps the contract of the vault`, () => {
    story('it keeps what it is given, each in its place, for the next process too', async (sql) => {
      const vault = vaultOver(sql, OLD)
      const records = [GHCR, credential('ghcr', 'username'), credential('ghcr', 'password', 9), credential('quay')]
      for (const [at, record] of records.entries()) await vault.seal(record, new Secret(`secret ${at} 🐙`))
      for (const opener of [vault, vaultOver(sql, OLD)]) {
        for (const [at, record] of records.entries()) expect(await said(opener, record)).toBe(`secret ${at} 🐙`)
        expect(await said(opener, credential('other'))).toBeNull()
        expect(await said(opener, credential('ghcr', 'password', 10))).toBeNull()
      }
    })

    story('it keeps the newest alone, under a version that never comes back', async (sql) => {
      const vault = vaultOver(sql, OLD)
      const versions: number[] = []
      const note = (version: number) => void versions.push(version)
      for (const value of ['a', 'b', 'c']) await vault.seal(GHCR, new Secret(value), note)
      await vault.forget(GHCR, note)
      expect(await said(vault, GHCR)).toBeNull()
      await vault.seal(GHCR, new Secret('d'), note)
      expect(versions).toEqual([1, 2, 3, 4, 5])
      expect(await vault.list(4711, 'credential')).toEqual([{ id: 'ghcr', field: 'password', version: 5 }])
      expect(await said(vaultOver(sql, OLD), GHCR)).toBe('d')
    })

    story('it lists what it keeps, in order, and nothing of other kinds and accounts', async (sql) => {
      const vault = vaultOver(sql, OLD)
      const records = [credential('quay'), GHCR, credential('ghcr', 'key'), credential('x', 'y', 9), { ...GHCR, kind: 'target' }]
      for (const record of records) await vault.seal(record, new Secret('v'))
      const listed = await vault.list(4711, 'credential')
      expect(listed.map(({ id, field }) => `${id} ${field}`)).toEqual(['ghcr key', 'ghcr password', 'quay password'])
      expect(await vault.list(1, 'credential')).toEqual([])
    })

    story('several of one account change together, with what belongs to it, or not at all', async (sql) => {
      const vault = vaultOver(sql, OLD)
      const [quay, hub] = [credential('quay'), credential('hub')]
      await vault.seal(GHCR, new Secret('one'))
      await vault.seal(hub, new Secret('kept'))
      const changes = [
        { record: GHCR, value: null },
        { record: quay, value: new Secret('two') },
      ]
      const fails = () => {
        throw new Error('the audit is full')
      }
      await expect(vault.sealAll(4711, changes, fails)).rejects.toThrow('the audit is full')
      expect([await said(vault, GHCR), await said(vault, quay)]).toEqual(['one', null])
      await expect(vault.sealAll(9, changes)).rejects.toThrow(TypeError)
      const versions: number[] = []
      await vault.sealAll(4711, changes, (version) => void versions.push(version))
      for (const opener of [vault, vaultOver(sql, OLD)])
        expect([await said(opener, GHCR), await said(opener, quay), await said(opener, hub)]).toEqual([null, 'two', 'kept'])
      expect(versions).toEqual([3])
    })

    story('what belongs to a change is written in its transaction: both or none', async (sql) => {
      const vault = vaultOver(sql, OLD)
      await vault.seal(GHCR, new Secret('one'))
      const fails = () => {
        sql.all(`insert into instance (only, id) values (1, 'x')`)
        throw new Error('the audit is full')
      }
      await expect(vault.seal(GHCR, new Secret('two'), fails)).rejects.toThrow('the audit is full')
      await expect(vault.forget(GHCR, fails)).rejects.toThrow('the audit is full')
      expect(() => vault.destroy(4711, fails)).toThrow('the audit is full')
      for (const opener of [vault, vaultOver(sql, OLD)]) expect(await said(opener, GHCR)).toBe('one')
      expect(countIn(sql, 'instance')).toBe(0)
    })

    story('it takes everything that comes at once', async (sql) => {
      const vault = vaultOver(sql, OLD)
      const nth = (at: number) => credential(`c${at % 20}`, 'password', at % 3)
      await Promise.all(Array.from({ length: 60 }, (_, at) => vault.seal(nth(at), new Secret(`value ${at}`))))
      const next = vaultOver(sql, OLD)
      for (let at = 40; at < 60; at += 1) expect(await said(next, nth(at))).toBe(`value ${at}`)
    })

    story('what is being kept when it is forgotten is forgotten', async (sql) => {
      const vault = vaultOver(sql, OLD)
      await Promise.all([vault.seal(GHCR, new Secret('refused by the registry')), vault.forget(GHCR)])
      expect(await said(vault, GHCR)).toBeNull()
      // And a vault without a key has nothing to forget.
      await vaultOver(sql).forget(credential('x', 'y', 1))
    })

    story('two that write into one database do not overwrite each other’s', async (sql) => {
      const [mine, other] = [vaultOver(sql, OLD), vaultOver(sql, OLD)]
      for (const id of ['a', 'b', 'c'])
        await Promise.all([mine.seal(credential(id), new Secret('mine')), other.seal(credential(`${id}2`), new Secret('theirs'))])
      const next = vaultOver(sql, OLD)
      for (const id of ['a', 'b', 'c']) expect([await said(next, credential(id)), await said(next, credential(`${id}2`))]).toEqual(['mine', 'theirs'])
    })

    story('a record that was moved, changed or brought back does not open', async (sql) => {
      const vault = vaultOver(sql, OLD)
      await vault.seal(GHCR, new Secret('the old one'))
      const [old] = sql.all<{ version: number; sealed: Uint8Array }>('select version, sealed from vault_record')
      await vault.seal(GHCR, new Secret('the new one'))
      await vault.seal(credential('quay'), new Secret('another'))
      const put = (id: string, version: number, sealed: Uint8Array) =>
        sql.all('update vault_record set version = ?, sealed = ? where id = ?', version, sealed, id)
      const forged = new Uint8Array(old!.sealed)
      forged[40]! ^= 1
      for (const [id, sealed] of [
        ['ghcr', old!.sealed],
        ['quay', old!.sealed],
        ['ghcr', forged],
        ['ghcr', new Uint8Array(0)],
      ] as const) {
        put(id, old!.version, sealed)
        for (const opener of [vault, vaultOver(sql, OLD)]) expect(await said(opener, credential(id))).toMatch(/^VAULT_RECORD_BROKEN/)
      }
    })

    story('new keys are taken up while it is read; the old one is not needed afterwards', async (sql) => {
      const before = vaultOver(sql, OLD)
      const records = Array.from({ length: 150 }, (_, at) => credential(`c${at}`, 'password', at % 2))
      for (const [at, record] of records.entries()) await before.seal(record, new Secret(`value ${at}`))
      const vault = vaultOver(sql, NEW, OLD)
      await vault.check()
      const rotation = vault.rotate({ records: true })
      for (const [at, record] of records.entries()) expect(await said(vault, record)).toBe(`value ${at}`)
      expect(await rotation).toEqual({ rewrapped: 2, records: 150, unneeded: ['k1'], problems: [] })
      const after = vaultOver(sql, NEW)
      await after.check()
      for (const [at, record] of records.entries()) expect(await said(after, record)).toBe(`value ${at}`)
      await expect(vaultOver(sql, OLD).check()).rejects.toThrow(/VAULT_KEY_MISSING/)
      await expect(vaultOver(sql, newKey('k2')).check()).rejects.toThrow(/VAULT_KEY_WRONG/)
    })

    story('of an account that is destroyed nothing is left', async (sql) => {
      const vault = vaultOver(sql, OLD)
      await vault.seal(GHCR, new Secret('one'))
      await vault.seal({ ...GHCR, account: 2 }, new Secret('two'))
      vault.destroy(4711)
      for (const table of ['vault_key', 'vault_account', 'vault_inventory', 'vault_record']) expect(countIn(sql, table)).toBe(1)
      for (const opener of [vault, vaultOver(sql, OLD)]) {
        expect(await said(opener, GHCR)).toBeNull()
        expect(await said(opener, { ...GHCR, account: 2 })).toBe('two')
      }
    })
  })
}
