import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { beginBackup, continueBackup } from '../../src/runtime/cloudflare/backups.ts'
import { openSqlite, readSqlite } from '../../src/runtime/sqlite.ts'
import { readAuditMac } from '../../src/store/audit-key.ts'
import { auditRecords } from '../../src/store/audit.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import { OPERATORS } from '../../src/store/moving/parts.ts'
import { localKeys } from '../../src/store/vault/local-keys.ts'
import { BucketHere } from '../world/bucket-here.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { HMAC } from '../world/mac.ts'
import { furnishAll } from '../world/moving.ts'
import { ObjectsHere } from '../world/objects-here.ts'
import { newKey, randomBytes, vaultOver } from '../world/vault.ts'

// What an installation on Workers has put into its bucket, as it was fetched from there: back on Node, and on to another installation.

const KEY = newKey('k1')
const MADE_AT = Date.UTC(2026, 10, 26, 3, 17, 5)
const NAME = '2026-11-26T03-17'
const PARTS = ['account-0', 'account-4711', 'account-99', 'repository-42', 'repository-43', 'repository-44']

let folder: string
let workers: ObjectsHere
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-backup-folder-'))
  for (const name of ['node', 'back', 'bucket']) mkdirSync(join(folder, name))
  workers = await ObjectsHere.open(KEY)
  const sql = openSqlite(join(folder, 'node', 'gantry.db'))
  migrateRepositories(sql)
  migrateAccounts(sql)
  await furnishAll(sql, KEY)
  sql.close()
  expect(await run('node', ['move', '--to', workers.url])).toMatchObject({ code: 0 })
  await backsUp()
})
afterAll(async () => {
  await workers.close()
  rmSync(folder, { recursive: true, force: true })
})

const run = async (data: string, words: readonly string[]) => {
  const environment = { GANTRY_DATA: join(folder, data), GANTRY_KEYS: `k1:${KEY.key.reveal()}`, GANTRY_BACKUPS: 'off' }
  const process = new GantryProcess({ folder, environment, words })
  return { code: await process.ended, output: process.output }
}

const made = (): string => join(folder, 'bucket', NAME)

async function backsUp(): Promise<void> {
  const sql = workers.at(OPERATORS)
  const doors = {
    ...{ sql, bucket: new BucketHere(join(folder, 'bucket')), keep: 7, instance: 'an-installation', source: localKeys([KEY], randomBytes) },
    ...{ mac: await readAuditMac(vaultOver(sql, KEY), HMAC), now: () => MADE_AT, accounts: () => [99, 4711] },
    log: { info: () => {}, error: (facts: object) => expect.fail(JSON.stringify(facts)) },
    repositories: async (account: number) => (account === 99 ? [43] : account === 4711 ? [42, 44] : []),
    read: (part: Parameters<ObjectsHere['read']>[0]) => workers.read(part),
  }
  beginBackup(doors)
  expect(await continueBackup(doors)).toBeNull()
}

test('what is in the bucket is a backup that restores, with the time at which it was begun', async () => {
  expect(readdirSync(made()).toSorted()).toEqual([...PARTS, 'complete'].toSorted())
  const { manifest } = { manifest: JSON.parse(readFileSync(join(made(), 'complete'), 'utf8').split('\n')[0] ?? '') as { parts: { name: string }[] } }
  expect(manifest.parts.map(({ name }) => name)).toEqual(['account-0', 'account-99', 'account-4711', ...PARTS.slice(3)])

  const backup = await run('back', ['backup', '--from', made(), 'of-bucket.backup'])
  expect(backup.code, backup.output).toBe(0)
  expect(backup.output).toContain('deployments 6')
  const checked = await run('back', ['restore', 'of-bucket.backup', '--check'])
  expect(checked, checked.output).toMatchObject({ code: 0 })
  expect(checked.output).toContain('is whole: made at 2026-11-26T03:17:05.000Z')
  expect(await run('back', ['restore', 'of-bucket.backup'])).toMatchObject({ code: 0 })
  const sql = readSqlite(join(folder, 'back', 'gantry.db'))
  expect(sql.all('select count(*) as n from deployment')).toEqual([{ n: 6 }])
  sql.close()
  expect([...auditRecords(workers.at(OPERATORS), 'account_audit')].at(-1)).toMatchObject({
    action: 'backup made',
    subject: NAME,
    after: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
  })
})

test('it goes to another installation on Workers without a stop on Node', async () => {
  const fresh = await ObjectsHere.open(KEY)
  try {
    const moved = await run('back', ['move', '--to', fresh.url, '--from', made()])
    expect(moved.code, moved.output).toBe(0)
    expect(moved.output).toContain('6 of 6: repository-44\nMoved 6 parts to ')
    expect([...fresh.objects.keys()].toSorted()).toEqual(PARTS)
  } finally {
    await fresh.close()
  }
})

describe('what is not whole is no backup', () => {
  let broken = ''
  const harms: Readonly<Record<string, readonly [harm: () => void, found: string]>> = {
    'not all was made': [() => rmSync(join(broken, 'complete')), 'no "complete": not all of it was made, or fetched'],
    'a part is missing': [() => rmSync(join(broken, 'repository-43')), 'no repository-43'],
    'half a part': [
      () => writeFileSync(join(broken, 'repository-43'), readFileSync(join(broken, 'repository-43')).subarray(0, 300)),
      'repository-43 with 300 bytes, and not ',
    ],
    'another byte': [() => changeLast(join(broken, 'repository-43')), 'repository-43 with other content'],
    'one part less, said by another': [
      () => rewriteComplete((text) => text.replace(/,\{"name":"repository-44"[^}]*\}/, '')),
      'a manifest that was changed',
    ],
    'no manifest': [() => writeFileSync(join(broken, 'complete'), 'nonsense'), 'no manifest of parts in "complete"'],
    'a manifest of nothing': [() => rewriteComplete((text) => text.replace(/"parts":.*\]/, '"parts":[]')), 'no manifest of parts in "complete"'],
  }
  const changeLast = (path: string): void => {
    const bytes = readFileSync(path)
    bytes[bytes.length - 1]! ^= 1
    writeFileSync(path, bytes)
  }
  const rewriteComplete = (change: (text: string) => string): void => {
    const text = readFileSync(join(broken, 'complete'), 'utf8')
    expect(change(text)).not.toBe(text)
    writeFileSync(join(broken, 'complete'), change(text))
  }

  test.each(Object.entries(harms))('%s', async (_name, [harm, found]) => {
    broken = mkdtempSync(join(folder, 'broken-'))
    cpSync(made(), broken, { recursive: true })
    harm()
    const backup = await run('back', ['backup', '--from', broken, 'of-broken.backup'])
    expect(backup.code, backup.output).toBe(1)
    expect(backup.output).toContain('BACKUP_BROKEN: This file is not a backup as Gantry wrote it')
    expect(backup.output).toContain(found)
    expect(readdirSync(folder)).not.toContain('of-broken.backup')
  })

  test('a part of another day in the place of one', async () => {
    cpSync(made(), join(folder, 'before'), { recursive: true })
    rmSync(made(), { recursive: true })
    workers.at(OPERATORS).all(`delete from account_audit where action = 'backup made'`)
    await backsUp()
    cpSync(join(folder, 'before', 'account-99'), join(made(), 'account-99'))
    const moved = await run('back', ['move', '--to', workers.url, '--instead', '--from', made()])
    expect(moved.code, moved.output).toBe(1)
    expect(moved.output).toContain('account-99 with other content')
  })

  test('neither an address nor a folder', async () => {
    const backup = await run('back', ['backup', '--from', 'nowhere', 'of-nowhere.backup'])
    expect(backup.code).toBe(1)
    expect(backup.output).toContain('BACKUP_REFUSED: There is no folder nowhere.')
  })
})
