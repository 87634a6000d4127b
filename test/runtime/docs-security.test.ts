import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSqlite } from '../../src/runtime/sqlite.ts'
import { readSettings } from '../../src/settings.ts'
import { Secret } from '../../src/secret.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import { FollowedPage } from '../world/followed-page.ts'
import { credential, said, vaultOver } from '../world/vault.ts'

// Somebody follows docs/security.md from its beginning to its end; each of its commands is run, as it stands there.

let folder: string
let page: FollowedPage
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-security-'))
  page = new FollowedPage('security.md', folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function keysNow() {
  const host = { readFile: (path: string) => readFileSync(path, 'utf8'), toPkcs8: () => null }
  const read = readSettings({ GANTRY_KEYS_PATH: join(folder, 'vault.keys') }, host)
  if ('problems' in read) throw new Error(read.problems[0]?.sentence)
  return read.settings.keys
}

async function inVault<T>(keys: ReturnType<typeof keysNow>, work: (vault: ReturnType<typeof vaultOver>) => Promise<T>): Promise<T> {
  const sql = openSqlite(join(folder, 'gantry.db'))
  try {
    migrateAccounts(sql)
    migrateRepositories(sql)
    const vault = vaultOver(sql, ...keys)
    await vault.check()
    return await work(vault)
  } finally {
    sql.close()
  }
}

test('the page’s commands do what it says, one after the other', async () => {
  const [mine, theirs] = [credential('ghcr'), credential('ghcr', 'password', 9)]
  const { out, err } = page.follow('gantry keys new > vault.keys')
  expect([out, err]).toEqual(['', expect.stringMatching(/Put this line in front of the others/)])
  const [first] = keysNow()
  await inVault(keysNow(), (vault) => vault.seal(mine, new Secret('a password')))

  page.follow('{ gantry keys new; cat vault.keys; }')
  expect(keysNow().map(({ id }) => id)).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d-[0-9a-f]{4}$/), first?.id])
  expect(page.follow('gantry keys rotate').out).toBe(
    `Account keys that are under the newest key now: 1. Secrets that were sealed anew: 0.\nNothing here needs ${first?.id} any more. Take it out of GANTRY_KEYS; older backups still need it.\n`,
  )
  expect(await inVault(keysNow().slice(0, 1), (vault) => said(vault, mine))).toBe('a password')
  expect(page.follow('gantry keys rotate --records').out).toMatch(/^Account keys .* now: 0\. Secrets that were sealed anew: 1\./)
  expect(await inVault(keysNow().slice(0, 1), (vault) => said(vault, mine))).toBe('a password')

  const [lost] = keysNow()
  writeFileSync(join(folder, 'vault.keys'), '')
  spawnSync('sh', ['-c', './gantry keys new > vault.keys'], { cwd: folder, env: { PATH: process.env['PATH'] } })
  await expect(inVault(keysNow(), async () => {})).rejects.toThrow(/VAULT_KEY_MISSING/)
  const discarded = page.follow('gantry keys discard ID', { names: { 'discard ID': `discard ${lost?.id}` } })
  expect(discarded.err).toMatch(/This would destroy the secrets of account 4711 for good/)
  expect(discarded.out).toMatch(/^Destroyed the secrets of account 4711\./)
  expect(await inVault(keysNow(), (vault) => said(vault, mine))).toBeNull()

  await inVault(keysNow(), async (vault) => (await vault.seal(mine, new Secret('x')), vault.seal(theirs, new Secret('y'))))
  expect(page.follow('gantry keys discard --account 4711').out).toMatch(/^Destroyed the secrets of account 4711\./)
  expect(await inVault(keysNow(), async (vault) => [await said(vault, mine), await said(vault, theirs)])).toEqual([null, 'y'])
  expect(page.follow('gantry audit verify').out).toMatch(/^The log of repositories: 0 records, as they were written\nThe log of accounts: 5 records/)
  expect(page.isAtItsEnd).toBe(true)
})
