import { describe, expect, test } from 'vitest'
import { readAuditMac } from '../../../../src/store/audit-key.ts'
import { auditRecords, macUnder, verifyAudit, type Mac } from '../../../../src/store/audit.ts'
import { openArrivals } from '../../../../src/store/moving/arriving.ts'
import { chainsOf, linesOf, type About } from '../../../../src/store/moving/leaving.ts'
import { indexForParts, partIn, partName, partsOf, TABLES, type Part } from '../../../../src/store/moving/parts.ts'
import { settle } from '../../../../src/store/moving/settling.ts'
import type { Sql } from '../../../../src/store/sql.ts'
import { dropKeptTokens } from '../../../../src/store/tokens.ts'
import { HMAC } from '../../../world/mac.ts'
import { memoryDatabase, type MemorySql } from '../../../world/memory-sql.ts'
import { ACCOUNTS, furnishAll, LATER, rowsOf } from '../../../world/moving.ts'
import { credential, newKey, said, vaultOver } from '../../../world/vault.ts'

const KEY = newKey('k1')
const UNKEYED = macUnder(HMAC, null)

async function whole(): Promise<{ readonly sql: MemorySql; readonly mac: Mac }> {
  const sql = memoryDatabase()
  return { mac: await furnishAll(sql, KEY), sql }
}

let nonces = 0
const nonce = (): string => `n${(nonces += 1)}`

const linesFrom = (sql: Sql, part: Part, macs: readonly Mac[], from: 'whole' | 'object' = 'whole'): string[] => [
  ...linesOf(sql, { part, from, generation: 1, audit: chainsOf(sql, macs), nonce: nonce() }),
]

async function putTogether(parts: ReadonlyMap<Part, readonly string[]>, mac: Mac): Promise<MemorySql> {
  const sql = memoryDatabase()
  const mine = nonce()
  const arrivals = openArrivals(sql, mine)
  const abouts: About[] = []
  for (const [part, lines] of parts) abouts.push(await arrivals.take(part, lines))
  sql.transaction(() => settle(sql, { nonce: mine, now: LATER, mac, parts: abouts }))
  return sql
}

const inParts = (sql: Sql, mac: Mac): Map<Part, string[]> => new Map(partsOf(sql).map((part) => [part, linesFrom(sql, part, [mac, UNKEYED])]))

const AUDIT = ['repository_audit', 'account_audit'] as const
/** Whose rows stay what they are, whatever they are numbered as. */
const NUMBERED: Readonly<Record<string, readonly string[]>> = {
  announcement: ['sequence'],
  lock: ['id'],
  repository_audit: ['number', 'mac'],
  account_audit: ['number', 'mac'],
  delivery: ['payload'],
}
const withoutNotes = (rows: readonly string[]): readonly string[] => rows.filter((row) => !row.includes('"audit log of '))

describe('a whole database in parts and back', () => {
  test('has the same rows: nothing but the numbers of one database changes, and what nobody keeps is left out', async () => {
    const { sql, mac } = await whole()
    const back = await putTogether(inParts(sql, mac), mac)
    for (const { name } of TABLES) expect(withoutNotes(rowsOf(back, [name], NUMBERED[name])), name).toEqual(rowsOf(sql, [name], NUMBERED[name]))
    // Of the tables that do not move every one is known here: whoever adds a table says which of the two it is.
    const all = sql.all<{ name: string }>(
      `select name from sqlite_schema where type = 'table' and name not glob 'sqlite_*' and name not glob 'leaving*' order by name`,
    )
    const left = all.map(({ name }) => name).filter((name) => !TABLES.some((table) => table.name === name))
    expect(left).toEqual(['account_migration', 'github_creation', 'github_window', 'rate_limit', 'repository_migration', 'session'])
    expect(
      rowsOf(
        back,
        left.filter((name) => !name.endsWith('_migration')),
      ),
    ).toEqual([])
    expect(back.all(`select name from sqlite_schema where name glob 'arriving*'`)).toEqual([])
  })

  test('every row of the tables that move is in exactly one part, but for what all need', async () => {
    const { sql, mac } = await whole()
    const tableIn = (line: string): string => (JSON.parse(line) as { table?: string }).table ?? ''
    const lines = [...inParts(sql, mac).values()].flat()
    for (const { name } of TABLES.filter((table) => table.name !== 'vault_key_check')) {
      const [there] = sql.all<{ n: number }>(`select count(*) as n from ${name}`)
      expect(lines.filter((line) => tableIn(line) === name).length, name).toBe(there?.n)
      if (name !== 'environment') expect(there?.n, name).toBeGreaterThan(0)
    }
  })

  test('parts are the operator’s, accounts and repositories, also one that only was told of', async () => {
    const { sql } = await whole()
    expect(partsOf(sql).map(partName)).toEqual(['account-0', 'account-99', 'account-4711', 'repository-42', 'repository-43', 'repository-44'])
    expect(partsOf(memoryDatabase()).map(partName)).toEqual(['account-0'])
  })

  test('a part holds nothing of another repository or account', async () => {
    const { sql, mac } = await whole()
    const [of42, of43] = [42, 43].map((id) => linesFrom(sql, { kind: 'repository', id }, [mac, UNKEYED]).slice(1).join(''))
    expect(of42).not.toMatch(/"key":"\w:43:|"repository":43|"id":"17-/)
    const whole42 = of42 ?? ''
    expect(of43).not.toMatch(/"key":"\w:42:|"repository":42|"id":"16-/)
    // Nobody handles those any more, and one of 25 MB would fit nowhere.
    expect(whole42.match(/"table":"delivery"/g)).toHaveLength(3)
    expect(whole42).not.toMatch(/"payload":"[^"]/)
    const of99 = linesFrom(sql, { kind: 'account', id: 99 }, [mac, UNKEYED]).slice(1).join('')
    expect(of99).not.toMatch(/4711|"account":0/)
  })

  test('the indexes that make it quick change nothing of it', async () => {
    const { sql, mac } = await whole()
    const before = [...inParts(sql, mac).values()]
    indexForParts(sql)
    expect([...inParts(sql, mac).values()]).toEqual(before)
  })

  test('the vault’s records are the same bytes and open; what registries gave is dropped before', async () => {
    const { sql, mac } = await whole()
    await dropKeptTokens(vaultOver(sql, KEY))
    const back = await putTogether(inParts(sql, mac), mac)
    const vault = vaultOver(back, KEY)
    await vault.check()
    for (const account of ACCOUNTS) expect(await said(vault, credential('ghcr', 'password', account))).toBe(`canary-of-account-${account}`)
    expect((await vault.open({ account: 0, kind: 'credential', id: 'ghcr', field: 'declaration' }))?.reveal()).toContain('canary-of-the-operator')
    expect(await vault.list(0, 'registry-token')).toEqual([])
    expect((await readAuditMac(vault, HMAC)).id).toBe(mac.id)
    for (const table of ['vault_record', 'vault_inventory', 'vault_account', 'vault_key', 'vault_key_check'])
      expect(rowsOf(back, [table])).toEqual(rowsOf(sql, [table]))
  })

  test('its audit logs verify, and begin with what they were', async () => {
    const { sql, mac } = await whole()
    const before = Object.fromEntries(AUDIT.map((table) => [table, [...auditRecords(sql, table)].at(-1)]))
    const back = await putTogether(inParts(sql, mac), mac)
    for (const table of AUDIT) {
      expect(verifyAudit(back, table, [mac])).toHaveProperty('head')
      const notes = [...auditRecords(back, table)].filter(({ subject }) => subject.startsWith('audit log of'))
      expect(notes.map(({ number }) => number)).toEqual(notes.map((_, at) => at + 1))
      for (const note of notes)
        expect(note.before).toMatch(new RegExp(`^\\d+ of the records of a log that ended with ${before[table]?.number}:${before[table]?.mac}$`))
    }
    const [note] = [...auditRecords(back, 'repository_audit')].filter(({ subject }) => subject === 'audit log of repository-42')
    expect(note).toMatchObject({
      action: 'backup restored',
      repository: 42,
      at: LATER,
      after: 'each as it was but for its number and MAC',
      why: null,
    })
  })

  test('a log that was changed is not made true by that: what was wrong stands before it', async () => {
    const { sql, mac } = await whole()
    sql.all(`update repository_audit set login = 'mallory' where number = 2`)
    expect(chainsOf(sql, [mac, UNKEYED]).repository_audit.finding).toBe('Record 2 is not as it was written.')
    const back = await putTogether(inParts(sql, mac), mac)
    const [note] = [...auditRecords(back, 'repository_audit')]
    expect(note).toMatchObject({ action: 'backup restored', why: 'Record 2 is not as it was written.' })
  })

  test('the order of arrival is that of the clock between repositories, and its own within each whatever the clock showed', async () => {
    const { sql, mac } = await whole()
    // The clock was put back before the second one of 43.
    sql.all(`update deployment set created_at = 5 where id = '17-1'`)
    const back = await putTogether(inParts(sql, mac), mac)
    expect(back.all('select id from deployment order by sequence').map(({ id }) => id)).toEqual(['16-0', '17-0', '17-1', '16-1', '16-2', '17-2'])
    expect(back.all(`select d.id, l.line from log_line l join deployment d on d.sequence = l.deployment where d.id = '17-1'`)).toEqual([
      { id: '17-1', line: 'line 1 — of 43' },
    ])
  })

  test('a lock that is taken afterwards has no number that something was said of before', async () => {
    const { sql, mac } = await whole()
    sql.all('delete from lock')
    const [last] = sql.all<{ seq: number }>(`select seq from sqlite_sequence where name = 'lock'`)
    const back = await putTogether(inParts(sql, mac), mac)
    back.all(`insert into lock (repository, environment, lock) values (42, 'x', '{}')`)
    expect(back.all<{ id: number }>('select id from lock')[0]?.id).toBeGreaterThan(last?.seq ?? Infinity)
  })

  test('a part that comes twice is there once', async () => {
    const { sql, mac } = await whole()
    const parts = inParts(sql, mac)
    const twice = memoryDatabase()
    const mine = nonce()
    const arrivals = openArrivals(twice, mine)
    const abouts = new Map<string, About>()
    for (const [part, lines] of [...parts, ...[...parts].toReversed()]) abouts.set(partName(part), await arrivals.take(part, lines))
    twice.transaction(() => settle(twice, { nonce: mine, now: LATER, mac, parts: [...abouts.values()] }))
    const once = await putTogether(parts, mac)
    for (const { name } of TABLES) expect(rowsOf(twice, [name], NUMBERED[name]), name).toEqual(rowsOf(once, [name], NUMBERED[name]))
  })
})

describe('what is no part', () => {
  test.each(['', 'repository-0', 'account-', 'account-01', 'account--1', 'repository-4 2', 'repository-9999999999999999', 'directory-1'])(
    '%j',
    (name) => expect(partIn(name)).toBeNull(),
  )
  test('and what is one', () =>
    expect(['account-0', 'repository-42'].map(partIn)).toEqual([
      { kind: 'account', id: 0 },
      { kind: 'repository', id: 42 },
    ]))
})

describe('lines that are not as a part has them', () => {
  const part = { kind: 'repository', id: 42 } as const
  const broken = async (change: (lines: string[]) => readonly string[]): Promise<string> => {
    const { sql, mac } = await whole()
    const arrivals = openArrivals(memoryDatabase(), nonce())
    return arrivals.take(part, change(linesFrom(sql, part, [mac, UNKEYED]))).then(
      () => 'taken',
      (error: Error & { problem?: { code: string } }) => error.problem?.code ?? error.message,
    )
  }
  test.each<[string, (lines: string[]) => readonly string[], string]>([
    ['nothing is wrong', (lines) => lines, 'taken'],
    ['the end is missing', (lines) => lines.slice(0, -1), 'BACKUP_BROKEN'],
    ['a row is missing', (lines) => lines.filter((_, at) => at !== 3), 'BACKUP_BROKEN'],
    ['a row is there twice', (lines) => [...lines.slice(0, 3), lines[2] ?? '', ...lines.slice(3)], 'BACKUP_BROKEN'],
    ['there is something behind the end', (lines) => [...lines, lines[1] ?? ''], 'BACKUP_BROKEN'],
    ['another part’s', (lines) => [lines[0]?.replace('repository-42', 'repository-43') ?? '', ...lines.slice(1)], 'BACKUP_BROKEN'],
    ['rows of a table of accounts', (lines) => lines.map((line) => line.replace('"table":"head"', '"table":"vault_key"')), 'BACKUP_BROKEN'],
    ['a column that is a statement', (lines) => lines.map((line) => line.replace('"pull":', '"pull) --":')), 'BACKUP_BROKEN'],
    ['no JSON', (lines) => [...lines.slice(0, 2), '{', ...lines.slice(2)], 'BACKUP_BROKEN'],
    ['another version', (lines) => [lines[0]?.replace(/"repositories":\d+/, '"repositories":1') ?? '', ...lines.slice(1)], 'BACKUP_REFUSED'],
    ['nothing', () => [], 'BACKUP_BROKEN'],
  ])('%s', async (_, change, answer) => expect(await broken(change)).toBe(answer))
})

describe('two at the same place', () => {
  test('the one that began first does not end', async () => {
    const { sql, mac } = await whole()
    const part = { kind: 'repository', id: 42 } as const
    const audit = chainsOf(sql, [mac, UNKEYED])
    const first = linesOf(sql, { part, from: 'whole', generation: 1, audit, nonce: nonce() })
    first.next()
    first.next()
    linesOf(sql, { part, from: 'whole', generation: 1, audit, nonce: nonce() }).next()
    expect(() => [...first]).toThrow('another reading')

    const to = memoryDatabase()
    const [one, other] = [openArrivals(to, nonce()), openArrivals(to, nonce())]
    await expect(one.take(part, linesFrom(sql, part, [mac, UNKEYED]))).rejects.toThrow('another part is arriving')
    await expect(other.take(part, linesFrom(sql, part, [mac, UNKEYED]))).resolves.toMatchObject({ part: 'repository-42' })
  })

  test('what is read is of one moment', async () => {
    const { sql, mac } = await whole()
    const part = { kind: 'repository', id: 42 } as const
    const before = linesFrom(sql, part, [mac, UNKEYED])
    const reading = linesOf(sql, { part, from: 'whole', generation: 1, audit: chainsOf(sql, [mac, UNKEYED]), nonce: nonce() })
    const first = reading.next().value
    sql.all('delete from head where repository = 42')
    expect([first, ...reading]).toEqual(before)
  })
})
