import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { furnish } from '../world/backups.ts'
import { FollowedPage } from '../world/followed-page.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { keysText } from '../world/vault-rotation.ts'
import { newKey } from '../world/vault.ts'

// Somebody follows docs/operating.md from its beginning to its end; each of its commands is run, as it stands there.

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-operating-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('the page’s commands do what it says, one after the other', async () => {
  const [old, next] = [newKey('k1'), newKey('k2')]
  writeFileSync(join(folder, 'vault.keys'), keysText(old))
  await furnish(folder, old)
  const page = new FollowedPage('operating.md', folder)

  const made = page.follow('gantry backup before-the-upgrade.backup')
  expect(made.out.split('\n')).toMatchObject([
    expect.stringMatching(/^Made .*\/backups\/gantry-.*\.backup: deployments 5, rows \d+, .*, content [0-9a-f]{16}\. It opens with the key k1\.$/),
    expect.stringMatching(/^Made before-the-upgrade\.backup: /),
    '',
  ])
  expect(readdirSync(join(folder, 'backups'))).toHaveLength(1)
  expect(page.follow('--check').out).toMatch(/^before-the-upgrade\.backup is whole: made at /)

  const { out, err } = page.follow('--replace')
  expect(out).toMatch(/^Restored the backup of .*\nThe database that was there is .*gantry\.db\.before-restore-/)
  expect(out).toContain('Of what had not ended then: 1 cancelled, 1 of unknown outcome, 1 deliveries left alone. None of it runs again.')
  expect(out).toMatch(/\nnot asked {4}shop\/staging of acme\/shop: recorded nothing; target \S+: the operator file does not declare it\n/)
  expect(err).toBe('')

  const elsewhere = join(folder, 'another machine')
  mkdirSync(elsewhere)
  expect(page.follow('gantry restore', { environment: { GANTRY_DATA: elsewhere } }).out).toMatch(/^Restored the backup of /)
  expect(readdirSync(elsewhere)).toContain('gantry.db')

  writeFileSync(join(folder, 'vault.keys'), keysText(next))
  copyFileSync(join(elsewhere, 'gantry.db'), join(folder, 'gantry.db'))
  // As security.md has it: the vault's secrets are gone with the key, and what is left needs the new one alone.
  const environment = { GANTRY_DATA: folder, GANTRY_KEYS_PATH: join(folder, 'vault.keys') }
  expect(await new GantryProcess({ folder, words: ['keys', 'discard', 'k1', '--yes'], environment }).ended).toBe(0)
  expect(page.follow('under-the-new-key').out).toMatch(/It opens with the key k2\.\n$/)
  expect(page.isAtItsEnd).toBe(true)
})
