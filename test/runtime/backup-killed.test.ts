import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeBackup } from '../../src/runtime/backup.ts'
import { restore } from '../../src/runtime/restore.ts'
import { readSqlite, snapshotInto } from '../../src/runtime/sqlite.ts'
import { verifyBackup } from '../../src/runtime/verify-backup.ts'
import { withWorkFolder } from '../../src/runtime/work-folder.ts'
import { startWriter, wholeWrites } from '../world/backup-writer.ts'
import { contentOf, furnish } from '../world/backups.ts'
import { BACKUP_MOMENTS, killedOnce, RESTORE_MOMENTS } from '../world/killed-backup.ts'
import { Random } from '../world/random.ts'
import { keysText } from '../world/vault-rotation.ts'
import { newKey } from '../world/vault.ts'

const KEY = newKey('k1')
const environment = { GANTRY_KEYS: keysText(KEY) }
const random = new Random(11)

// The long forms are I01 and I03 of `npm run attack`.

let folder: string
let data: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-backup-killed-'))
  data = join(folder, 'data')
  await furnish(data, KEY, 300)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Deployments that have not ended: a restore leaves none. */
const openIn = (path: string): number => {
  const sql = readSqlite(path)
  const { length } = sql.all('select 1 from deployment where ended_at is null')
  sql.close()
  return length
}
const check = (file: string) => withWorkFolder(join(folder, 'elsewhere'), (work) => verifyBackup(file, { keys: [KEY] }, work))

describe('kill -9 while a backup is made', () => {
  test.each(Object.entries(BACKUP_MOMENTS))('once %s: what has the name of a backup is one', async (_when, moment) => {
    const file = join(folder, 'new.backup')
    const before = contentOf(join(data, 'gantry.db'))
    for (let round = 0; round < 3; round++) {
      rmSync(file, { force: true })
      await killedOnce(moment, random, { folder, words: ['backup', 'new.backup'], environment })
      if (existsSync(file)) expect((await check(file)).manifest.hash).toBe(before)
    }
    rmSync(file, { force: true })
    // What the killed one left stands in nobody's way.
    expect((await makeBackup({ data, keys: [KEY] }, file, Date.now())).hash).toBe(before)
    expect(existsSync(join(data, 'backup.work'))).toBe(false)
    expect(contentOf(join(data, 'gantry.db'))).toBe(before)
  })
})

describe('kill -9 while a backup is restored', () => {
  test.each(Object.entries(RESTORE_MOMENTS))('once %s: the database is the old one or the new one, whole', async (_when, moment) => {
    const place = join(folder, 'restored')
    const [file, live, before] = [join(place, 'old.backup'), join(place, 'data/gantry.db'), join(folder, 'before.db')]
    rmSync(place, { recursive: true, force: true })
    mkdirSync(join(place, 'data'), { recursive: true })
    await makeBackup({ data, keys: [KEY] }, file, Date.now())
    snapshotInto(join(data, 'gantry.db'), before)
    for (let round = 0; round < 3; round++) {
      copyFileSync(before, live)
      const writer = await startWriter(live, 500)
      await new Promise((resolve) => setTimeout(resolve, 30))
      const written = await writer.stop()
      const old = contentOf(live)
      await killedOnce(moment, random, { folder: place, words: ['restore', 'old.backup', '--replace'], environment })
      const isOld = contentOf(live) === old
      expect(wholeWrites(live)).toBe(isOld ? written : 0)
      expect(openIn(live)).toBe(isOld ? 2 : 0)
      await restore(file, { data: join(place, 'data'), keys: [KEY] }, { now: Date.now(), replace: true, look: () => Promise.resolve(0) })
      expect([wholeWrites(live), openIn(live), existsSync(join(place, 'data/backup.work'))]).toEqual([0, 0, false])
    }
    rmSync(before)
  })
})

test('backups under 500 writes a second are each of one moment, and of what was committed when they began', async () => {
  const elsewhere = join(folder, 'under load')
  await furnish(elsewhere, KEY, 3)
  const writer = await startWriter(join(elsewhere, 'gantry.db'), 500)
  const counts: number[] = []
  for (let nth = 0; nth < 15; nth++) {
    const file = join(folder, `under-load-${nth}`)
    const { hash } = await makeBackup({ data: elsewhere, keys: [KEY] }, file, Date.now())
    const found = await withWorkFolder(join(folder, 'elsewhere'), async (work) => {
      const { database, manifest } = await verifyBackup(file, { keys: [KEY] }, work)
      return { hash: manifest.hash, writes: wholeWrites(database) }
    })
    expect(found).toEqual({ hash, writes: expect.any(Number) })
    counts.push(found.writes ?? -1)
  }
  const written = await writer.stop()
  expect(counts).toEqual(counts.toSorted((a, b) => a - b))
  expect(counts.at(-1)).toBeGreaterThan(counts[0] ?? 0)
  expect(counts.at(-1)).toBeLessThanOrEqual(written)
})
