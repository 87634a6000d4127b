import { describe, expect, test } from 'vitest'
import type { AccountBackup } from '../../../../src/deploy/administration.ts'
import { openAccount, sealAccount } from '../../../../src/store/backup/account-backup.ts'
import { localKeys } from '../../../../src/store/vault/local-keys.ts'
import { newKey, randomBytes } from '../../../world/vault.ts'

const [OLD, NEW] = [newKey('k1'), newKey('k2')]
const source = (...keys: (typeof OLD)[]) => localKeys(keys, randomBytes)
const TEXT = JSON.stringify({ declarations: [{ kind: 'credential', name: 'ghcr', json: '{"password":{"sealed":"a-canary"}}' }] })
const WHOSE = { account: 42, madeAt: 1_795_435_200_000 }

const opened = (backup: AccountBackup, keys = source(OLD), account = 42): Promise<string> =>
  openAccount(keys, account, backup).catch((error: { problem?: { code: string } }) => error.problem?.code ?? 'another')

describe('a backup of an account', () => {
  test.each([0, 1, 5_000, 1_100_000])('of %d characters opens again, after a new key too', async (length) => {
    const text = 'é'.repeat(length)
    const backup = await sealAccount(source(OLD), randomBytes, WHOSE, text)
    expect([await opened(backup), await opened(backup, source(NEW, OLD))]).toEqual([text, text])
  })

  test('shows nothing of what is in it, and is another one each time', async () => {
    const [one, other] = [await sealAccount(source(OLD), randomBytes, WHOSE, TEXT), await sealAccount(source(OLD), randomBytes, WHOSE, TEXT)]
    expect(one.sealed).not.toBe(other.sealed)
    expect(atob(one.sealed)).not.toContain('canary')
    expect({ ...one, wrapped: '', sealed: '' }).toEqual({ ...WHOSE, format: 'gantry account backup 1', key: 'k1', wrapped: '', sealed: '' })
  })

  test('does not open with any of its characters changed, cut off or added, nor with a part of another one', async () => {
    const [backup, other] = [await sealAccount(source(OLD), randomBytes, WHOSE, TEXT), await sealAccount(source(OLD), randomBytes, WHOSE, TEXT)]
    for (const part of ['wrapped', 'sealed'] as const) {
      const text = backup[part]
      for (let at = 0; at < text.length; at += 1) {
        const another = text[at] === 'A' ? 'B' : 'A'
        expect(await opened({ ...backup, [part]: text.slice(0, at) + another + text.slice(at + 1) }), `${part} ${at}`).toBe('BACKUP_BROKEN')
        expect(await opened({ ...backup, [part]: text.slice(0, at) }), `${part} cut at ${at}`).toBe('BACKUP_BROKEN')
      }
      expect(await opened({ ...backup, [part]: `${text}AAAA` })).toBe('BACKUP_BROKEN')
      expect(await opened({ ...backup, [part]: other[part] })).toBe('BACKUP_BROKEN')
    }
    expect(await opened({ ...backup, madeAt: backup.madeAt + 1 })).toBe('BACKUP_BROKEN')
  })

  test('opens for its own account alone, here alone, and in this form alone', async () => {
    const backup = await sealAccount(source(OLD), randomBytes, WHOSE, TEXT)
    expect(await opened(backup, source(OLD), 43)).toBe('BACKUP_REFUSED')
    expect(await opened({ ...backup, account: 43 }, source(OLD), 43)).toBe('BACKUP_BROKEN')
    expect(await opened(backup, source(NEW))).toBe('BACKUP_REFUSED')
    expect(await opened(backup, source({ ...NEW, id: 'k1' }))).toBe('BACKUP_BROKEN')
    expect(await opened({ ...backup, key: 'k2' }, source(OLD, NEW))).toBe('BACKUP_BROKEN')
    for (const format of ['gantry account backup 2', 'gantry account backup 0', 'gantry backup 1', ''])
      expect(await opened({ ...backup, format })).toBe('BACKUP_REFUSED')
  })

  test('needs a key', async () => {
    await expect(sealAccount(source(), randomBytes, WHOSE, TEXT)).rejects.toMatchObject({ problem: { code: 'VAULT_KEY_MISSING' } })
  })
})
