import { beforeAll, describe, expect, test } from 'vitest'
import { floorOf } from '../../../../src/deploy/fence.ts'
import { Secret } from '../../../../src/secret.ts'
import { readAuditMac } from '../../../../src/store/audit-key.ts'
import { auditRecords, macUnder, verifyAudit, type Mac } from '../../../../src/store/audit.ts'
import { generationIn } from '../../../../src/store/backup/restored.ts'
import { createJournal } from '../../../../src/store/deployments.ts'
import { chainsOf, linesOf } from '../../../../src/store/moving/leaving.ts'
import { partName, partsOf, type Part } from '../../../../src/store/moving/parts.ts'
import { receivePart, type Received, type Receiving } from '../../../../src/store/moving/receiving.ts'
import { bodyOf, chunksOfBody, openPart, sealPart } from '../../../../src/store/moving/sealed-part.ts'
import type { Sql } from '../../../../src/store/sql.ts'
import { localKeys } from '../../../../src/store/vault/local-keys.ts'
import { HMAC } from '../../../world/mac.ts'
import { memoryDatabase, type MemorySql } from '../../../world/memory-sql.ts'
import { furnishAll, LATER, rowsOf } from '../../../world/moving.ts'
import { credential, newKey, randomBytes, said, vaultOver } from '../../../world/vault.ts'

const KEY = newKey('k1')
const SOURCE = localKeys([KEY], randomBytes)
const UNKEYED = macUnder(HMAC, null)
const SHOP: Part = { kind: 'repository', id: 42 }

let whole: MemorySql
let mac: Mac
beforeAll(async () => {
  whole = memoryDatabase()
  mac = await furnishAll(whole, KEY)
})

let nonces = 0
const nonce = (): string => `n${(nonces += 1)}`

type Bytes = Uint8Array<ArrayBuffer>

async function sealed(part: Part, sql: Sql = whole, from: 'whole' | 'object' = 'whole', generation = 1): Promise<Bytes> {
  const lines = linesOf(sql, { part, from, generation, audit: chainsOf(sql, [mac, UNKEYED]), nonce: nonce() })
  return collected(sealPart(SOURCE, randomBytes, { part: partName(part), instance: 'an-installation', madeAt: LATER }, lines))
}

async function collected(stream: AsyncIterable<Uint8Array>): Promise<Bytes> {
  const chunks: Bytes[] = []
  for await (const chunk of stream) chunks.push(chunk.slice())
  return new Uint8Array(await new Blob(chunks).arrayBuffer())
}

async function* pieces(bytes: Bytes, size = 1_000): AsyncGenerator<Bytes> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

const receive = (sql: Sql, part: Part, bytes: Bytes, different: Partial<Receiving> = {}): Promise<Received> =>
  receivePart(sql, part, pieces(bytes), {
    ...{ source: SOURCE, now: LATER, nonce: nonce(), instead: false, instance: null },
    mac: async (vault) => (part.id === 0 ? readAuditMac(vaultOver(vault, KEY), HMAC) : mac),
    ...different,
  })

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: Error & { problem?: { code: string } }) => error.problem?.code ?? error.message,
  )

const leftIn = (sql: Sql) => sql.all(`select name from sqlite_schema where name glob 'arriving*' or name glob 'leaving*'`)

/** The rows of all tables. */
const contentOf = (sql: Sql): string =>
  JSON.stringify(
    sql
      .all(`select name from sqlite_schema where type = 'table' and name not glob 'sqlite_*' order by name`)
      .map(({ name }) => rowsOf(sql, [String(name)])),
  )

describe('a part in an object of its own', () => {
  test('a repository’s: nothing goes on, and its fences are above all that were handed out', async () => {
    const object = memoryDatabase()
    expect(await receive(object, SHOP, await sealed(SHOP))).toEqual({ cancelled: 0, unknown: 1, deliveries: 1, isAgain: false })
    const journal = createJournal(object, mac)
    expect(journal.open()).toEqual([])
    expect(journal.find('16-2')).toMatchObject({ state: 'unknown', problem: { code: 'RESTORED' } })
    expect(journal.fence('42:shop:staging')).toBe(floorOf(1))
    expect(journal.fence('42:shop:never-seen')).toBe(floorOf(1))
    expect(verifyAudit(object, 'repository_audit', [mac])).toHaveProperty('head')
    expect(
      [...auditRecords(object, 'repository_audit')].find(
        ({ action, subject }) => action === 'backup restored' && subject.startsWith('repository-42 of gantry-'),
      ),
    ).toBeDefined()
    expect(rowsOf(object, ['vault_key', 'api_token', 'account_audit'])).toEqual([])
  })

  test('the operator’s brings the key of the logs, an account’s its secrets', async () => {
    const [operator, account] = [memoryDatabase(), memoryDatabase()]
    await receive(operator, { kind: 'account', id: 0 }, await sealed({ kind: 'account', id: 0 }))
    expect(operator.all('select id from instance')).toEqual([{ id: 'an-installation' }])
    expect(verifyAudit(operator, 'account_audit', [await readAuditMac(vaultOver(operator, KEY), HMAC)])).toHaveProperty('head')
    expect(operator.all(`select until from caught_up`)).toEqual([{ until: LATER }])
    await receive(account, { kind: 'account', id: 4711 }, await sealed({ kind: 'account', id: 4711 }))
    const vault = vaultOver(account, KEY)
    await vault.check()
    expect(await said(vault, credential('ghcr'))).toBe('canary-of-account-4711')
    expect(rowsOf(account, ['vault_record'])).toEqual(rowsOf(whole, ['vault_record']).filter((row) => row.includes('4711')))
  })

  test('what was sent twice is there once; another sealing of the same is in the way, unless it may be instead', async () => {
    const object = memoryDatabase()
    const first = await sealed(SHOP)
    await receive(object, SHOP, first)
    const before = contentOf(object)
    for (const instead of [false, true])
      expect(await receive(object, SHOP, first, { instead })).toEqual({ cancelled: 0, unknown: 0, deliveries: 0, isAgain: true })
    expect(contentOf(object)).toBe(before)
    const second = await sealed(SHOP)
    expect(await codeOf(receive(object, SHOP, second))).toBe('BACKUP_REFUSED')
    expect(contentOf(object)).toBe(before)
    expect(await receive(object, SHOP, second, { instead: true })).toMatchObject({ unknown: 1, isAgain: false })
    expect(object.all('select count(*) as n from deployment')).toEqual([{ n: 3 }])
    // Above what the object itself had handed out.
    expect(generationIn(object)).toBe(2)
  })

  test('what an object keeps of others’ is neither given away nor given up', async () => {
    const object = memoryDatabase()
    await vaultOver(object, KEY).seal(credential('ghcr', 'password', 0), new Secret('cached'))
    const part: Part = { kind: 'account', id: 4711 }
    await receive(object, part, await sealed(part))
    expect(await said(vaultOver(object, KEY), credential('ghcr', 'password', 0))).toBe('cached')
    const lines = [...linesOf(object, { part, from: 'object', generation: 1, audit: chainsOf(object, [mac]), nonce: nonce() })].join('')
    expect(lines).not.toMatch(/"account":0/)
    expect(lines).toContain('"account":4711')
  })

  test('from one object into another it is the same, and its log tells of both', async () => {
    const [one, other] = [memoryDatabase(), memoryDatabase()]
    await receive(one, SHOP, await sealed(SHOP))
    await receive(other, SHOP, await sealed(SHOP, one, 'object'))
    const same = ['deployment', 'step', 'log_line', 'approval', 'delivery', 'answer', 'said', 'head', 'drift']
    expect(rowsOf(other, same)).toEqual(rowsOf(one, same))
    expect(generationIn(other)).toBe(2)
    const told = (sql: Sql): number => [...auditRecords(sql, 'repository_audit')].filter(({ action }) => action === 'backup restored').length
    expect([told(one), told(other)]).toEqual([2, 4])
    expect(verifyAudit(other, 'repository_audit', [mac])).toHaveProperty('head')
  })

  test('every part of a whole database finds its place', async () => {
    for (const part of partsOf(whole)) expect(await codeOf(receive(memoryDatabase(), part, await sealed(part))), partName(part)).toBe('done')
  })
})

describe('what is refused changes nothing', () => {
  test('a byte that is another one, wherever it stands, cut off or added', async () => {
    const bytes = await sealed(SHOP)
    const object = memoryDatabase()
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = bytes.slice()
      changed[at] = changed[at]! ^ 1
      expect(await codeOf(receive(object, SHOP, changed)), `byte ${at}`).toMatch(/^(BACKUP_BROKEN|BACKUP_REFUSED|VAULT_KEY_MISSING|VAULT_KEY_WRONG)$/)
    }
    for (const length of [0, 10, 400, bytes.length - 17, bytes.length - 1])
      expect(await codeOf(receive(object, SHOP, bytes.slice(0, length))), `${length} bytes`).toBe('BACKUP_BROKEN')
    expect(await codeOf(receive(object, SHOP, new Uint8Array([...bytes, 0])))).toBe('BACKUP_BROKEN')
    expect(object.all('select count(*) as n from deployment')).toEqual([{ n: 0 }])
    expect(leftIn(object)).toEqual([])
    expect(await codeOf(receive(object, SHOP, bytes))).toBe('done')
  })

  test('another part’s, another installation’s, another key’s', async () => {
    const bytes = await sealed(SHOP)
    const object = memoryDatabase()
    expect(await codeOf(receive(object, { kind: 'repository', id: 43 }, bytes))).toBe('BACKUP_REFUSED')
    expect(await codeOf(receive(object, SHOP, bytes, { instance: 'another' }))).toBe('BACKUP_REFUSED')
    expect(await codeOf(receive(object, SHOP, bytes, { source: localKeys([newKey('k2')], randomBytes) }))).toBe('VAULT_KEY_MISSING')
    expect(await codeOf(receive(object, SHOP, bytes, { source: localKeys([newKey('k1')], randomBytes) }))).toBe('VAULT_KEY_WRONG')
    expect(await codeOf(receive(object, SHOP, bytes, { instance: 'an-installation' }))).toBe('done')
  })
})

describe('a part on its way', () => {
  test('shows no name and no secret, and is another one each time', async () => {
    const [one, other] = [await sealed(SHOP), await sealed(SHOP)]
    const text = new TextDecoder('latin1').decode(one)
    expect(text).not.toMatch(/acme|ghcr|canary|ada/)
    expect(Buffer.from(one).equals(Buffer.from(other))).toBe(false)
  })

  test('that nobody reads to its end leaves nothing behind', async () => {
    const sql = memoryDatabase()
    await receive(sql, SHOP, await sealed(SHOP))
    const lines = linesOf(sql, { part: SHOP, from: 'object', generation: 1, audit: chainsOf(sql, [mac]), nonce: nonce() })
    lines.next()
    expect(leftIn(sql)).not.toEqual([])
    lines.return(undefined)
    expect(leftIn(sql)).toEqual([])
  })

  test('is compressed', async () => {
    const lines = Array.from({ length: 5_000 }, (_, at) => `{"table":"log_line","row":{"line":"line ${at} of what the target said"}}\n`)
    const bytes = await collected(sealPart(SOURCE, randomBytes, { part: 'repository-42', instance: 'i', madeAt: LATER }, lines))
    expect(bytes.length).toBeLessThan(lines.join('').length / 5)
    const back: string[] = []
    for await (const line of (await openPart(SOURCE, pieces(bytes, 70_000))).lines) back.push(`${line}\n`)
    expect(back).toEqual(lines)
  })

  test('a body is made of it and read again; who stops reading ends both', async () => {
    const bytes = await sealed(SHOP)
    expect(await collected(chunksOfBody(bodyOf(pieces(bytes))))).toEqual(bytes)
    let isEnded = false
    const endless = (async function* () {
      try {
        for (;;) yield new Uint8Array(10)
      } finally {
        isEnded = true
      }
    })()
    for await (const _ of chunksOfBody(bodyOf(endless))) break
    expect(isEnded).toBe(true)
  })

  test('what goes wrong while it is read is said as it is', async () => {
    const failing = function* (): Generator<string> {
      yield 'x'.repeat(200_000)
      throw new Error('the disk is gone')
    }
    await expect(collected(sealPart(SOURCE, randomBytes, { part: 'repository-42', instance: 'i', madeAt: LATER }, failing()))).rejects.toThrow(
      'the disk is gone',
    )
  })
})
