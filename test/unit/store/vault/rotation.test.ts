import { beforeEach, describe, expect, inject, test } from 'vitest'
import { Secret } from '../../../../src/secret.ts'
import type { AccountSql } from '../../../../src/store/sql.ts'
import { memoryDatabase, memorySql, type MemorySql } from '../../../world/memory-sql.ts'
import { Random } from '../../../world/random.ts'
import { credential, newKey, said, vaultOver } from '../../../world/vault.ts'

const [OLD, NEW] = [newKey('k1'), newKey('k2')]
const ACCOUNTS = [1, 2, 3]
const EACH = 40
const record = (account: number, at: number) => credential(`c${at}`, 'password', account)
const all = ACCOUNTS.flatMap((account) => Array.from({ length: EACH }, (_, at) => record(account, at)))
const valueOf = ({ account, id }: { readonly account: number; readonly id: string }) => `secret ${id} of ${account}`

let filled: Uint8Array | undefined
let sql: MemorySql
beforeEach(async () => {
  filled ??= await fill()
  sql = memorySql(filled)
})

async function fill(): Promise<Uint8Array> {
  const database = memoryDatabase()
  const vault = vaultOver(database, OLD)
  for (const one of all) await vault.seal(one, new Secret(valueOf(one)))
  return database.content()
}

const kidsOf = (database: AccountSql) => database.all<{ kid: string }>('select kid from vault_key order by kid').map(({ kid }) => kid)
async function unread(database: AccountSql, ...keys: Parameters<typeof vaultOver>[1][]): Promise<string[]> {
  const vault = vaultOver(database, ...keys)
  await vault.check()
  const found = await Promise.all(all.map(async (one) => ({ one, value: await said(vault, one) })))
  return found.filter(({ one, value }) => value !== valueOf(one)).map(({ one, value }) => `${one.account} ${one.id}: ${value}`)
}

describe('what an account’s keys say of themselves', () => {
  test('which key of the source wraps each, whether that is the newest, and how many secrets are sealed with it', async () => {
    const one = { wrappedBy: 'k1', isNewest: true, isRetiring: false, records: EACH }
    expect(await vaultOver(sql, OLD).keys(2)).toEqual([one])
    const vault = vaultOver(sql, NEW, OLD)
    expect(await vault.keys(2)).toEqual([{ ...one, isNewest: false }])
    await vault.rotate()
    expect(await vault.keys(2)).toEqual([{ ...one, wrappedBy: 'k2' }])
    expect(await vault.keys(9)).toEqual([])
  })

  test('while secrets are sealed anew there are two', async () => {
    const vault = vaultOver(sql, OLD)
    const ending = new AbortController()
    let sealed = 0
    await vault.rotate({ records: true, signal: ending.signal, onRecord: () => void ((sealed += 1) === EACH && ending.abort()) })
    const all = await Promise.all(ACCOUNTS.map((account) => vault.keys(account)))
    expect(all.flat().some(({ isRetiring }) => isRetiring)).toBe(true)
    for (const keys of all) expect(keys.reduce((sum, { records }) => sum + records, 0)).toBe(EACH)
    await vault.rotate()
    expect(await vault.keys(1)).toMatchObject([{ isRetiring: false, records: EACH }])
  })
})

describe('a new key in front of the old one', () => {
  test('wraps every account’s key anew; then the old one is not needed any more', async () => {
    const vault = vaultOver(sql, NEW, OLD)
    const kids = kidsOf(sql)
    expect(await vault.rotate()).toEqual({ rewrapped: 3, records: 0, unneeded: ['k1'], problems: [] })
    expect(await vault.rotate()).toEqual({ rewrapped: 0, records: 0, unneeded: ['k1'], problems: [] })
    expect(kidsOf(sql)).toEqual(kids)
    expect(await unread(sql, NEW)).toEqual([])
    await expect(vaultOver(sql, OLD).check()).rejects.toThrow(/VAULT_KEY_MISSING/)
  })

  test('and each of them is noted with its change, or neither is written', async () => {
    const noted: string[] = []
    const note = (subject: string, after: string): void => void noted.push(`${subject}: ${after}`)
    const fails = (): never => {
      throw new Error('the audit is full')
    }
    await expect(vaultOver(sql, NEW, OLD).rotate({ note: fails })).rejects.toThrow('the audit is full')
    expect(await unread(sql, OLD)).toEqual([])
    await vaultOver(sql, NEW, OLD).rotate({ note })
    await vaultOver(sql, NEW, OLD).rotate({ note })
    expect(noted).toEqual(ACCOUNTS.map((account) => `account ${account}: its key is under k2 now`))
  })

  test('is enough: no record is touched', async () => {
    const before = sql.all('select * from vault_record')
    await vaultOver(sql, NEW, OLD).rotate()
    expect(sql.all('select * from vault_record')).toEqual(before)
  })

  test('what is damaged keeps its old key, and is named', async () => {
    sql.all(`update vault_key set wrapped = x'01' where account = 2`)
    const { rewrapped, unneeded, problems } = await vaultOver(sql, NEW, OLD).rotate()
    expect({ rewrapped, unneeded }).toEqual({ rewrapped: 2, unneeded: [] })
    expect(problems).toMatchObject([{ code: 'VAULT_RECORD_BROKEN', sentence: expect.stringContaining('account 2') }])
  })
})

describe('new keys for the accounts', () => {
  test('seal every record anew, under its version, and the old keys are gone', async () => {
    const [kids, before] = [
      kidsOf(sql),
      sql.all<{ version: number; sealed: Uint8Array }>('select version, sealed from vault_record order by account, id'),
    ]
    const told: number[] = []
    const done = await vaultOver(sql, OLD).rotate({ records: true, onRecord: () => told.push(1) })
    expect(done).toEqual({ rewrapped: 0, records: all.length, unneeded: [], problems: [] })
    expect(told).toHaveLength(all.length)
    expect(kidsOf(sql)).toHaveLength(3)
    expect(kidsOf(sql).filter((kid) => kids.includes(kid))).toEqual([])
    const after = sql.all<{ version: number; sealed: Uint8Array }>('select version, sealed from vault_record order by account, id')
    expect(after.map(({ version }) => version)).toEqual(before.map(({ version }) => version))
    expect(after.filter(({ sealed }, at) => String(sealed) === String(before[at]!.sealed))).toEqual([])
    expect(await unread(sql, OLD)).toEqual([])
  })

  test('leave behind nothing that the old key could open', async () => {
    const old = sql.all<{ id: string; sealed: Uint8Array }>('select id, sealed from vault_record where account = 1')
    await vaultOver(sql, OLD).rotate({ records: true })
    for (const { id, sealed } of old) sql.all('update vault_record set sealed = ? where account = 1 and id = ?', sealed, id)
    const found = await unread(sql, OLD)
    expect(found).toHaveLength(EACH)
    for (const one of found) expect(one).toMatch(/VAULT_RECORD_BROKEN/)
  })

  test('work with an account that holds nothing at the moment', async () => {
    const vault = vaultOver(sql, OLD)
    for (const one of all.filter(({ account }) => account === 2)) await vault.forget(one)
    expect(await vault.rotate({ records: true })).toMatchObject({ records: 80, problems: [] })
    expect(kidsOf(sql)).toHaveLength(3)
    await vault.seal(record(2, 0), new Secret('again'))
    expect(await said(vaultOver(sql, OLD), record(2, 0))).toBe('again')
  })

  test('a record that is damaged keeps its old key until it is stored again', async () => {
    sql.all(`update vault_record set sealed = x'00' where account = 2 and id = 'c7'`)
    const vault = vaultOver(sql, OLD)
    const done = await vault.rotate({ records: true })
    expect(done).toMatchObject({
      records: all.length - 1,
      problems: [{ sentence: 'The secret password of the credential c7 of account 2 cannot be read.' }],
    })
    expect(kidsOf(sql)).toHaveLength(4)
    await vault.seal(record(2, 7), new Secret(valueOf(record(2, 7))))
    expect(await vault.rotate()).toMatchObject({ records: 0, problems: [] })
    expect(kidsOf(sql)).toHaveLength(3)
    expect(await unread(sql, OLD)).toEqual([])
  })

  test('end early when they are asked to, and go on', async () => {
    const stop = new AbortController()
    const vault = vaultOver(sql, OLD)
    const first = await vault.rotate({ records: true, signal: stop.signal, onRecord: () => stop.abort() })
    expect(first.records).toBe(EACH)
    expect(await unread(sql, OLD)).toEqual([])
    expect(await vaultOver(sql, OLD).rotate()).toMatchObject({ records: all.length - EACH, problems: [] })
    expect(kidsOf(sql)).toHaveLength(3)
  })
})

test('a rotation ends in the middle of a large account too, when it is asked to', async () => {
  const database = memoryDatabase()
  const vault = vaultOver(database, OLD)
  for (let at = 0; at < 150; at += 1) await vault.seal(record(1, at), new Secret('x'))
  const stop = new AbortController()
  expect((await vault.rotate({ records: true, signal: stop.signal, onRecord: () => stop.abort() })).records).toBe(100)
  expect((await vault.rotate()).records).toBe(50)
})

test('under load, and with a death at any place, no read fails and nothing is lost', async () => {
  const { seed } = inject('fuzz')
  const dice = new Random(seed)
  let deaths = 0
  for (let round = 0; round < 12; round += 1) {
    const database = memorySql(filled)
    const written = new Map(all.map((one) => [one, valueOf(one)]))
    let left = 2 // kills
    for (let isDone = false; !isDone;) {
      const door = mortal(database, left > 0 ? dice.below(16) : Number.POSITIVE_INFINITY)
      const vault = vaultOver(door, NEW, OLD)
      await vault.check()
      const rotation = vault.rotate({ records: left === 2 })
      try {
        let isOver = false
        void rotation.then(
          () => (isOver = true),
          () => {},
        )
        do await load(vault, written, dice)
        while (!isOver && !door.isDead)
        await rotation
        isDone = true
      } catch (error) {
        if (!door.isDead) throw error
        await rotation.catch(() => {})
        left -= 1
        deaths += 1
      }
    }
    const vault = vaultOver(database, NEW)
    await vault.check()
    for (const [one, value] of written) expect(await said(vault, one), `seed ${seed}, round ${round}`).toBe(value)
    expect(database.all('select 1 from vault_key where kek <> ?', 'k2')).toEqual([])
  }
  expect(deaths).toBeGreaterThan(12)
})

type Written = Map<(typeof all)[number], string>

/** Some reads, each of which has to give what was written last, and a write. */
async function load(vault: ReturnType<typeof vaultOver>, written: Written, dice: Random): Promise<void> {
  const one = dice.pick(all)
  const reads = Array.from({ length: 8 }, () => dice.pick(all)).filter((other) => other !== one)
  const value = `written ${dice.below(1e9)}`
  const writing = vault.seal(one, new Secret(value)).then(() => written.set(one, value))
  const reading = reads.map(async (read) => expect(await said(vault, read)).toBe(written.get(read)))
  const failed = (await Promise.allSettled([writing, ...reading])).find(({ status }) => status === 'rejected')
  if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
}

/** A database that takes so many transactions, dies in the middle of the next one, and answers nothing any more. */
function mortal(database: MemorySql, transactions: number): AccountSql & { readonly isDead: boolean } {
  let left = transactions
  const dies = () => {
    if (left < 0) throw new Error('killed')
  }
  return {
    get isDead() {
      return left < 0
    },
    all: (query, ...params) => (dies(), database.all(query, ...params)),
    transaction: (work) =>
      database.transaction(() => {
        dies()
        left -= 1
        const result = work()
        dies()
        return result
      }),
  }
}
