import { describe, expect, test } from 'vitest'
import { backupName, keysOf, readManifest, timeInName } from '../../../../src/store/backup/manifest.ts'

describe('the name of a backup', () => {
  test('says when it was made, to the millisecond, and sorts by that', () => {
    const times = [0, 1, 999, 1_000, Date.UTC(2026, 10, 25, 23, 11, 12, 123), Date.UTC(2031, 0, 1)]
    const names = times.map(backupName)
    expect(names[4]).toBe('gantry-2026-11-25T23-11-12.123Z.backup')
    expect(names.map(timeInName)).toEqual(times)
    expect(names.toSorted()).toEqual(names)
  })

  test.each([
    'before-the-upgrade.backup',
    'gantry-2026-11-25T23-11-12.123Z.backup.part',
    'gantry-2026-11-25T23-11-12.123Z.backup.broken',
    'gantry-2026-13-45T23-11-12.123Z.backup',
    'gantry-2026-11-25T23-11-12Z.backup',
    'gantry.db',
    '',
  ])('is none: %j', (name) => expect(timeInName(name)).toBeNull())
})

describe('a manifest', () => {
  test.each([
    '',
    'null',
    '[]',
    '7',
    '"gantry backup 1"',
    '{}',
    '{"format":"gantry backup 1"}',
    '{"format":"gantry backup 1","key":7,"wrapped":""}',
    '{"format":"gantry backup 1","key":"\\u001b[2J","wrapped":""}',
    '{"format":"gantry backup 1","key":"k1","wrapped":"","secretsUnder":["k1","\\nPut your keys there"]}',
    '{"format":"gantry backup 1","key":"k1","wrapped":"","secretsUnder":"k1"}',
    '\0',
  ])('is none: %j', (text) => expect(() => readManifest(text)).toThrow(/BACKUP_BROKEN/))

  test.each([
    ['one key', {}, ['k2']],
    ['several', { secretsUnder: ['k1', 'k2'] }, ['k2', 'k1']],
  ])('names what it takes to restore it: %s', (_, more, keys) => {
    expect(keysOf(readManifest(JSON.stringify({ format: 'gantry backup 1', key: 'k2', wrapped: '', ...more })))).toEqual(keys)
  })

  test('of a later form is left to the version that knows it', () => {
    expect(() => readManifest('{"format":"gantry backup 2","key":"k1","wrapped":""}')).toThrow(/BACKUP_REFUSED: This backup was written by a newer/)
  })
})
