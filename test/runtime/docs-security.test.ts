import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSqlite } from '../../src/runtime/sqlite.ts'
import { readSettings } from '../../src/settings.ts'
import { Secret } from '../../src/secret.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import { credential, said, vaultOver } from '../world/vault.ts'

// Somebody follows docs/security.md from its beginning to its end; each of its commands is run, as it stands there.

const MAIN = fileURLToPath(new URL('../../src/main.mjs', import.meta.url))
const blocks = [...readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8').matchAll(/^```sh\n([^]*?)^```$/gm)].map(
  ([, block = '']) => block,
)

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-security-'))
  writeFileSync(join(folder, 'gantry'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`, { mode: 0o700 })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let next = 0
/** The next block, which has to have this in it. */
function follow(what: string, names: Readonly<Record<string, string>> = {}): { readonly out: string; readonly err: string } {
  const block = blocks[next++] ?? ''
  expect(block).toContain(what)
  const text = Object.entries(names).reduce((line, [from, to]) => line.replaceAll(from, to), block)
  const env = { PATH: `${folder}:${process.env['PATH']}`, GANTRY_DATA: folder, GANTRY_KEYS_PATH: join(folder, 'vault.keys') }
  const { status, stdout, stderr } = spawnSync('sh', ['-e', '-c', text], { cwd: folder, env, encoding: 'utf8' })
  expect(status, `${block}\n${stderr}`).toBe(0)
  return { out: stdout, err: stderr }
}

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
  const { out, err } = follow('gantry keys new > vault.keys')
  expect([out, err]).toEqual(['', expect.stringMatching(/Put this line in front of the others/)])
  const [first] = keysNow()
  await inVault(keysNow(), (vault) => vault.seal(mine, new Secret('a password')))

  follow('{ gantry keys new; cat vault.keys; }')
  expect(keysNow().map(({ id }) => id)).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\d-[0-9a-f]{4}$/), first?.id])
  expect(follow('gantry keys rotate').out).toBe(
    `Account keys that are under the newest key now: 1. Secrets that were sealed anew: 0.\nNothing here needs ${first?.id} any more. Take it out of GANTRY_KEYS; older backups still need it.\n`,
  )
  expect(await inVault(keysNow().slice(0, 1), (vault) => said(vault, mine))).toBe('a password')
  expect(follow('gantry keys rotate --records').out).toMatch(/^Account keys .* now: 0\. Secrets that were sealed anew: 1\./)
  expect(await inVault(keysNow().slice(0, 1), (vault) => said(vault, mine))).toBe('a password')

  const [lost] = keysNow()
  writeFileSync(join(folder, 'vault.keys'), '')
  spawnSync('sh', ['-c', './gantry keys new > vault.keys'], { cwd: folder, env: { PATH: process.env['PATH'] } })
  await expect(inVault(keysNow(), async () => {})).rejects.toThrow(/VAULT_KEY_MISSING/)
  const discarded = follow('gantry keys discard ID', { 'discard ID': `discard ${lost?.id}` })
  expect(discarded.err).toMatch(/This would destroy the secrets of account 4711 for good/)
  expect(discarded.out).toMatch(/^Destroyed the secrets of account 4711\./)
  expect(await inVault(keysNow(), (vault) => said(vault, mine))).toBeNull()

  await inVault(keysNow(), async (vault) => (await vault.seal(mine, new Secret('x')), vault.seal(theirs, new Secret('y'))))
  expect(follow('gantry keys discard --account 4711').out).toMatch(/^Destroyed the secrets of account 4711\./)
  expect(await inVault(keysNow(), async (vault) => [await said(vault, mine), await said(vault, theirs)])).toEqual([null, 'y'])
  const log = follow('gantry audit verify')
  expect(log.out).toMatch(/^The log of repositories: 0 records, as they were written\nThe log of accounts: 4 records/)
  expect(next).toBe(blocks.length)
})
