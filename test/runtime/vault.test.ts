import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openSqlite } from '../../src/runtime/sqlite.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { PRIVATE_KEY } from '../world/github/github.ts'
import { killedRotation } from '../world/killed-rotation.ts'
import { fillVault, keysText, unreadable } from '../world/vault-rotation.ts'
import { newKey, vaultOver } from '../world/vault.ts'

const APP = { APP_ID: '4711', PRIVATE_KEY, WEBHOOK_SECRET: '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0' }
const [OLD, NEW] = [newKey('k1'), newKey('k2')]
const RECORDS = 5

let filled: string
beforeAll(async () => {
  filled = mkdtempSync(join(tmpdir(), 'gantry-vault-filled-'))
  await fillVault(join(filled, 'gantry.db'), RECORDS, OLD)
})
afterAll(() => rmSync(filled, { recursive: true, force: true }))

let folder: string
let database: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-vault-'))
  database = join(folder, 'gantry.db')
  copyFileSync(join(filled, 'gantry.db'), database)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const gantry = (keys: string | null, words = ['start'], more: Readonly<Record<string, string>> = {}) =>
  new GantryProcess({ folder, words, environment: { ...APP, GANTRY_DATA: folder, ...(keys !== null && { GANTRY_KEYS: keys }), ...more } })
const keyOf = (bytes: Uint8Array) => `k1:${Buffer.from(bytes).toString('base64')}`
const some = (length: number) => crypto.getRandomValues(new Uint8Array(length))

describe('gantry start with a vault that holds something', () => {
  test.each<[string, string | null, RegExp]>([
    ['no key', null, /The vault holds secrets under the key k1, and GANTRY_KEYS has no key of that name/],
    ['an empty one', '', /The vault holds secrets under the key k1/],
    ['another one', keysText(NEW), /under the key k1, and GANTRY_KEYS has no key of that name\.\n\s+found:\s+keys k2\n\s+wanted:\s+the key k1/],
    ['another one of that name', keysText(newKey('k1')), /The key k1 in GANTRY_KEYS is not the one that the vault was written with/],
    ['one of 31 bytes', keyOf(some(31)), /GANTRY_KEYS holds a key k1 that has 31 bytes instead of 32/],
    ['one of 33 bytes', keyOf(some(33)), /GANTRY_KEYS holds a key k1 that has 33 bytes instead of 32/],
    ['zeros', keyOf(new Uint8Array(32)), /GANTRY_KEYS holds a key k1 that is not random/],
    [
      'one in base64url',
      `k1:${Buffer.from(some(29)).toString('base64url')}_-A`,
      /GANTRY_KEYS holds a key k1 that is base64url; write \+ for - and \/ for _/,
    ],
    ['one cut short', keysText(OLD).slice(0, -1), /GANTRY_KEYS holds a key k1 that is no base64/],
    ['one without a name', OLD.key.reveal(), /GANTRY_KEYS must be id:base64 of 32 bytes/],
    ['one under two names', `${keysText(OLD)},k9:${OLD.key.reveal()}`, /GANTRY_KEYS holds one key under two ids/],
  ])('and %s refuses before it listens, says why, and changes nothing', async (_what, keys, sentence) => {
    const process = gantry(keys)
    expect(await process.ended).toBe(1)
    expect(process.output).toMatch(sentence)
    expect(process.output).not.toMatch(/listening|\n\s+at /)
    for (const pair of keys?.split(',') ?? []) if (pair.length > 40) expect(process.output).not.toContain(pair.slice(-40))
    expect(await unreadable(database, RECORDS, OLD)).toBe(0)
  })

  test('and two keys in the wrong order starts', async () => {
    const process = gantry(keysText(OLD, NEW))
    await process.listens()
    expect(await process.stops()).toBe(0)
    expect(await unreadable(database, RECORDS, OLD)).toBe(0)
  })

  test('and keys in a file, one a line, starts', async () => {
    writeFileSync(join(folder, 'keys'), `# the newest first\n${keysText(NEW)}\n\n${keysText(OLD)}\n`)
    const process = gantry(null, ['start'], { GANTRY_KEYS_PATH: join(folder, 'keys') })
    await process.listens()
    expect(await process.stops()).toBe(0)
    const both = gantry(keysText(OLD), ['start'], { GANTRY_KEYS_PATH: join(folder, 'keys') })
    expect(await both.ended).toBe(1)
    expect(both.output).toContain('GANTRY_KEYS and GANTRY_KEYS_PATH are both set')
  })

  test('takes up a new key by itself; the old one is not needed afterwards', async () => {
    const first = gantry(keysText(NEW, OLD))
    await first.says(/"rewrapped":1,"records":0,"unneeded":\["k1"\],"msg":"the vault took up a new key"/)
    expect(await first.stops()).toBe(0)
    const next = gantry(keysText(NEW))
    await next.listens()
    expect(await next.stops()).toBe(0)
    expect(await unreadable(database, RECORDS, NEW)).toBe(0)
  })

  test('a database that holds nothing starts without a key', async () => {
    const process = gantry(null, ['start'], { GANTRY_DATA: join(folder, 'new') })
    await process.listens()
    expect(await process.stops()).toBe(0)
  })
})

describe('gantry keys', () => {
  test('while Gantry runs: says what to do instead', async () => {
    const running = gantry(keysText(OLD))
    await running.listens()
    const keys = gantry(keysText(NEW, OLD), ['keys', 'rotate'])
    expect(await keys.ended).toBe(1)
    expect(keys.output).toMatch(/Another Gantry process .*\n\s+next:\s+To take up a new key, restart Gantry with it in front of GANTRY_KEYS/)
    expect(await running.stops()).toBe(0)
  })

  test.each([
    ['rotate', '--hard'],
    ['rotate', 'k1'],
    ['new', 'k1'],
    ['discard'],
    ['discard', 'k1', 'k2'],
    ['discard', '--account', 'acme'],
    ['discard', 'k1', '--account', '1'],
    [],
  ])('%s %s: is no command', async (...words) => {
    const keys = gantry(keysText(OLD), ['keys', ...words])
    expect(await keys.ended).toBe(2)
    expect(keys.output).toContain('gantry keys rotate [--records]')
    expect(await unreadable(database, RECORDS, OLD)).toBe(0)
  })

  test('discard of one account writes into the log under the log’s own key, or does nothing', async () => {
    const first = gantry(keysText(OLD))
    await first.listens()
    expect(await first.stops()).toBe(0)
    const words = ['keys', 'discard', '--account', '4711', '--yes']
    const without = gantry(keysText(NEW), words)
    expect([await without.ended, without.output]).toEqual([1, expect.stringContaining('under the key k1')])
    expect(await unreadable(database, RECORDS, OLD)).toBe(0)
    expect(await gantry(keysText(OLD), words).ended).toBe(0)
    const verify = gantry(keysText(OLD), ['audit', 'verify'])
    expect([await verify.ended, verify.output]).toEqual([0, expect.stringMatching(/accounts: 2 records, as they were written/)])
  })

  test('in a folder without a database makes none', async () => {
    const keys = gantry(keysText(OLD), ['keys', 'rotate'], { GANTRY_DATA: join(folder, 'elsewhere') })
    expect(await keys.ended).toBe(1)
    expect(keys.output).toMatch(/There is no database .*elsewhere/)
  })
})

test('500 secrets are sealed anew while they are read, killed twice, and finished; the old key is not needed afterwards', async () => {
  const path = join(folder, 'many', 'gantry.db')
  await fillVault(path, 500, OLD)
  const did = await killedRotation(path, 500, [NEW, OLD])
  expect(did).toMatchObject({ failed: 0, isDone: true, kills: 2 })
  expect(did.reads).toBeGreaterThan(3)
  expect(await unreadable(path, 500, NEW)).toBe(0)
})

test('of an account that was destroyed no key is left in the file', async () => {
  const sql = openSqlite(database)
  const [row] = sql.all<{ wrapped: Uint8Array }>('select wrapped from vault_key')
  const wrapped = Buffer.from(row!.wrapped)
  expect(readFileSync(database).includes(wrapped)).toBe(true)
  vaultOver(sql, OLD).destroy(1)
  sql.close()
  expect(readFileSync(database).includes(wrapped)).toBe(false)
})
