import { randomBytes } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Failure } from '../../src/errors.ts'
import { backup as backupWord, restore as restoreWord } from '../../src/runtime/backup-commands.ts'
import { makeBackup } from '../../src/runtime/backup.ts'
import { restore } from '../../src/runtime/restore.ts'
import { openSqlite } from '../../src/runtime/sqlite.ts'
import type { Terminal } from '../../src/runtime/terminal.ts'
import { verifyBackup } from '../../src/runtime/verify-backup.ts'
import { withWorkFolder } from '../../src/runtime/work-folder.ts'
import { backupName } from '../../src/store/backup/manifest.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import { contentOf, furnish, stateOf, writerOf } from '../world/backups.ts'
import { newKey, type KeyPair } from '../world/vault.ts'

const [KEY, OTHER] = [newKey('k1'), newKey('k2')]
const AT = Date.UTC(2026, 10, 25, 12, 0, 0)
const NAME = backupName(AT)

// One installation with one backup, and what is tried with copies of both.
let made: string
beforeAll(async () => {
  made = mkdtempSync(join(tmpdir(), 'gantry-backup-made-'))
  await furnish(join(made, 'data'), KEY)
  await makeBackup({ data: join(made, 'data'), keys: [KEY] }, join(made, NAME), AT)
})
afterAll(() => rmSync(made, { recursive: true, force: true }))

let folder: string
let data: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-backup-'))
  data = join(folder, 'data')
  file = join(folder, NAME)
  copyFileSync(join(made, NAME), file)
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const here = (...keys: KeyPair[]) => ({ data, keys: keys.length > 0 ? keys : [KEY] })
const back = (path = file, { keys = [KEY], replace = true, now = AT + 60_000, fence = 0 } = {}) =>
  restore(path, { data, keys }, { now, replace, look: () => Promise.resolve(fence) })
const check = (path = file, keys = [KEY]) => withWorkFolder(data, (work) => verifyBackup(path, { keys }, work))
/** The same installation, with something in it that the backup does not have. */
async function livesOn(): Promise<void> {
  copyInto(join(made, 'data'))
  const sql = openSqlite(join(data, 'gantry.db'))
  sql.all(`update delivery set guid = 'written since'`)
  sql.close()
}
function copyInto(from: string): void {
  openSqlite(join(data, 'gantry.db')).close()
  copyFileSync(join(from, 'gantry.db'), join(data, 'gantry.db'))
}
const guid = (): unknown => {
  const database = new DatabaseSync(join(data, 'gantry.db'), { readOnly: true })
  const row = database.prepare('select guid from delivery').get()
  database.close()
  return row?.['guid']
}

describe('a backup', () => {
  test('has the content of the database, whatever is still in its -wal', async () => {
    copyInto(join(made, 'data'))
    const writer = writerOf(data)
    writer.exec(`update delivery set guid = 'in the wal'`)
    const to = join(folder, 'now.backup')
    const manifest = await makeBackup(here(), to, AT)
    expect(manifest).toMatchObject({ hash: contentOf(join(data, 'gantry.db')), key: 'k1', deployments: 5 })
    writer.close()
    expect((await check(to)).manifest).toEqual(manifest)
  })

  test('is encrypted: neither names nor secrets are in it, and only its owner can read it', async () => {
    const bytes = readFileSync(file).toString('latin1')
    for (const canary of ['canary-of', 'acme/shop', 'staging', 'SQLite', 'issue_comment', KEY.key.reveal()]) expect(bytes).not.toContain(canary)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(made, 'data')).filter((name) => name.includes('work'))).toEqual([])
  })

  test('of the same content twice has the same hash and is another file', async () => {
    copyInto(join(made, 'data'))
    const [one, two] = [await makeBackup(here(), join(folder, 'one'), AT), await makeBackup(here(), join(folder, 'two'), AT)]
    expect(one.hash).toBe(two.hash)
    expect(readFileSync(join(folder, 'one')).subarray(-1000)).not.toEqual(readFileSync(join(folder, 'two')).subarray(-1000))
  })

  test('is made, and restored, of a database that somebody has let SQLite count', async () => {
    copyInto(join(made, 'data'))
    const sql = openSqlite(join(data, 'gantry.db'))
    sql.all('analyze')
    sql.close()
    await makeBackup(here(), join(folder, 'counted'), AT)
    await back(join(folder, 'counted'))
    expect(guid()).toBe('g')
  })

  test('needs a key, a database, and a name that is free', async () => {
    await expect(makeBackup({ data: join(made, 'data'), keys: [] }, join(folder, 'x'), AT)).rejects.toThrow(
      /VAULT_KEY_MISSING: A backup is encrypted/,
    )
    await expect(makeBackup({ data: join(folder, 'none'), keys: [KEY] }, join(folder, 'x'), AT)).rejects.toThrow(/SETTING_INVALID: The database/)
    await expect(makeBackup({ data: join(made, 'data'), keys: [KEY] }, file, AT)).rejects.toThrow(/BACKUP_REFUSED: There is a file/)
    expect(readdirSync(folder)).toEqual([NAME])
  })

  test('is not made before Gantry has ever started there: it could be restored nowhere', async () => {
    const sql = openSqlite(join(data, 'gantry.db'))
    migrateRepositories(sql)
    migrateAccounts(sql)
    sql.close()
    await expect(makeBackup(here(), join(folder, 'x'), AT)).rejects.toThrow(/BACKUP_REFUSED: Gantry has never started with this database/)
    expect(existsSync(join(folder, 'x'))).toBe(false)
  })

  test('is a file of its own that nobody else can read, whatever a killed process or somebody else left under the name that it has until it is whole', async () => {
    copyInto(join(made, 'data'))
    writeFileSync(join(folder, 'somebody’s'), 'theirs')
    symlinkSync(join(folder, 'somebody’s'), join(folder, 'linked.part'))
    writeFileSync(join(folder, 'left.part'), 'half', { mode: 0o644 })
    for (const name of ['linked', 'left']) {
      await makeBackup(here(), join(folder, name), AT)
      expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600)
    }
    expect(readFileSync(join(folder, 'somebody’s'), 'utf8')).toBe('theirs')
  })

  test('is not made of a database that is damaged', async () => {
    copyInto(join(made, 'data'))
    const bytes = readFileSync(join(data, 'gantry.db'))
    randomBytes(8 * 4096).copy(bytes, 4 * 4096)
    writeFileSync(join(data, 'gantry.db'), bytes)
    await expect(makeBackup(here(), join(folder, 'x'), AT)).rejects.toThrow(/BACKUP_FAILED/)
    expect(existsSync(join(folder, 'x'))).toBe(false)
  })
})

describe('restoring', () => {
  test('on an empty machine gives what was backed up, prepared; its secrets open', async () => {
    const done = await back(file, { replace: false })
    expect(done).toMatchObject({ cancelled: 1, unknown: 1, deliveries: 1, kept: null, generation: 1, verified: { findings: [] } })
    expect(guid()).toBe('g')
    expect(readdirSync(data).toSorted()).toEqual(['backup.lock', 'gantry.db', 'gantry.db.lock', 'gantry.restored'])
    for (const name of ['gantry.db', 'gantry.restored']) expect(statSync(join(data, name)).mode & 0o777).toBe(0o600)
  })

  test('keeps the database that was there, with what was in its -wal, and nothing of that comes into the new one', async () => {
    await livesOn()
    const writer = writerOf(data)
    writer.exec(`update delivery set guid = 'only in the wal'`)
    const copies = ['', '-wal', '-shm'].map((side) => [join(folder, `killed${side}`), join(data, `gantry.db${side}`)] as const)
    for (const [copy, from] of copies) copyFileSync(from, copy)
    writer.close()
    for (const [copy, to] of copies) copyFileSync(copy, to)
    const { kept } = await back()
    expect(guid()).toBe('g')
    renameSync(kept ?? '', join(data, 'gantry.db'))
    expect(guid()).toBe('only in the wal')
  })

  test('where only an old -wal is left gives the backup’s state', async () => {
    await livesOn()
    const writer = writerOf(data)
    writer.exec(`update delivery set guid = 'only in the wal'`)
    const wal = readFileSync(join(data, 'gantry.db-wal'))
    writer.close()
    rmSync(join(data, 'gantry.db'))
    for (const side of ['-wal', '-journal']) writeFileSync(join(data, `gantry.db${side}`), wal)
    await back(file, { replace: false })
    expect(guid()).toBe('g')
  })

  test('replaces a database that cannot be read any more, and keeps it', async () => {
    copyInto(join(made, 'data'))
    writeFileSync(join(data, 'gantry.db'), randomBytes(50_000))
    const { kept } = await back()
    expect(guid()).toBe('g')
    expect(statSync(kept ?? '').size).toBe(50_000)
  })

  test('twice raises the generation twice, also where the database is gone in between; what targets remember counts, too', async () => {
    expect((await back()).generation).toBe(1)
    expect((await back()).generation).toBe(2)
    rmSync(join(data, 'gantry.db'))
    expect((await back(file, { replace: false, now: AT + 120_000 })).generation).toBe(3)
    expect((await back(file, { now: AT + 180_000, fence: 9 * 2 ** 32 + 17 })).generation).toBe(10)
  })

  test.each([2 ** 21, 2 ** 53 - 1, -1, 1.5])('believes no mark beyond what fences can be counted in: %d', async (generation) => {
    await back(file, { replace: false })
    const mark = JSON.parse(readFileSync(join(data, 'gantry.restored'), 'utf8')) as object
    writeFileSync(join(data, 'gantry.restored'), JSON.stringify({ ...mark, generation }))
    expect((await back()).generation).toBe(2)
  })

  test('waits for nobody: while Gantry runs, while somebody else has it open, and beside another restore it refuses', async () => {
    await livesOn()
    const running = openSqlite(join(data, 'gantry.db'))
    await expect(back()).rejects.toThrow(/SETTING_INVALID: Gantry runs/)
    running.close()
    const reader = new DatabaseSync(join(data, 'gantry.db'), { readOnly: true })
    reader.exec('begin; select * from delivery')
    const writer = writerOf(data)
    writer.exec(`update delivery set guid = 'since'`)
    writer.close()
    await expect(back()).rejects.toThrow(/BACKUP_REFUSED: Another program has the database/)
    reader.close()
    await withWorkFolder(data, async () => expect(back()).rejects.toThrow(/SETTING_INVALID: Another process makes a backup/))
    expect(guid()).toBe('since')
    await back()
  })

  test('works in a folder that only its owner can look into, and in no one that somebody has put there', async () => {
    const theirs = join(folder, 'theirs')
    mkdirSync(theirs)
    writeFileSync(join(theirs, 'restored.db'), 'theirs')
    mkdirSync(data)
    symlinkSync(theirs, join(data, 'backup.work'))
    const umask = process.umask(0)
    try {
      await withWorkFolder(data, async (work) => {
        await verifyBackup(file, { keys: [KEY] }, work)
        const modes = ['', ...readdirSync(work)].map((name) => [name, statSync(join(work, name)).mode & 0o777])
        expect(modes).toEqual([
          ['', 0o700],
          ['restored.db', 0o600],
        ])
      })
    } finally {
      process.umask(umask)
    }
    expect([readdirSync(theirs), readFileSync(join(theirs, 'restored.db'), 'utf8')]).toEqual([['restored.db'], 'theirs'])
  })

  test('a check changes nothing', async () => {
    await livesOn()
    const before = stateOf(data)
    expect(await check()).toMatchObject({ findings: [], name: NAME })
    expect(stateOf(data)).toEqual(before)
    expect(readdirSync(data).filter((name) => name.includes('work'))).toEqual([])
  })
})

const flipped = (at: (length: number) => number) => (bytes: Buffer) => {
  const place = at(bytes.length)
  bytes[place]! ^= 4
  return bytes
}

describe('what is not the backup of this place, as Gantry wrote it, is refused before anything is touched', () => {
  const changes: readonly (readonly [string, (bytes: Buffer) => Buffer])[] = [
    ...[0, 1, 20, 60, 100, 200, 300, 400, 500, 600].map((at) => [`a flipped bit in byte ${at}`, flipped(() => at)] as const),
    ['a flipped bit in the middle', flipped((length) => length >> 1)],
    ['a flipped bit at the end', flipped((length) => length - 1)],
    ['a byte too few', (bytes) => bytes.subarray(0, -1)],
    ['half of it', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['nothing but the manifest', (bytes) => bytes.subarray(0, bytes.indexOf('\n', bytes.indexOf('\n') + 1) + 1)],
    ['nothing', () => Buffer.alloc(0)],
    ['a byte too many', (bytes) => Buffer.concat([bytes, Buffer.of(0)])],
    ['twice itself', (bytes) => Buffer.concat([bytes, bytes])],
    ['another hash in its manifest', (bytes) => Buffer.from(bytes.toString('latin1').replace(/"hash":"./, '"hash":"!'), 'latin1')],
    ['random bytes', (bytes) => randomBytes(bytes.length)],
    ['a database', () => readFileSync(join(made, 'data', 'gantry.db'))],
  ]
  test.each(changes)('%s', async (_what, change) => {
    await livesOn()
    writeFileSync(file, change(readFileSync(file)))
    const before = stateOf(data)
    await expect(back()).rejects.toThrow(/BACKUP_BROKEN|BACKUP_REFUSED|VAULT_KEY_MISSING|VAULT_KEY_WRONG/)
    await expect(check()).rejects.toThrow(/BACKUP_BROKEN|BACKUP_REFUSED|VAULT_KEY_MISSING|VAULT_KEY_WRONG/)
    expect(stateOf(data)).toEqual(before)
    expect(readdirSync(data).filter((name) => /work|before|restored/.test(name))).toEqual([])
  })

  test('an older one under the name of a newer', async () => {
    await livesOn()
    const renamed = join(folder, backupName(AT + 86_400_000))
    renameSync(file, renamed)
    await expect(back(renamed)).rejects.toThrow(/BACKUP_REFUSED: This backup has the name of another one/)
    expect(guid()).toBe('written since')
    renameSync(renamed, join(folder, 'under any other name'))
    await back(join(folder, 'under any other name'))
  })

  test('another key’s, and another one of that name', async () => {
    await livesOn()
    await expect(back(file, { keys: [OTHER] })).rejects.toThrow(/VAULT_KEY_MISSING: This backup says that it was encrypted under the key k1/)
    await expect(back(file, { keys: [newKey('k1')] })).rejects.toThrow(/VAULT_KEY_WRONG/)
    expect(guid()).toBe('written since')
    await back(file, { keys: [OTHER, KEY] })
  })

  test('one that takes two keys, where one is there: it names both, and says which of that is proved', async () => {
    copyInto(join(made, 'data'))
    const to = join(folder, 'both.backup')
    await makeBackup(here(OTHER, KEY), to, AT)
    const why = (keys: KeyPair[]) => check(to, keys).catch((error: unknown) => (error as Failure).problem)
    expect(await why([KEY])).toMatchObject({
      code: 'VAULT_KEY_MISSING',
      sentence: 'This backup says that it was encrypted under the key k2, which is not in GANTRY_KEYS.',
      wanted: 'the keys k2 and k1, by what the file says of itself, which nobody can prove without the first',
      next: expect.stringMatching(/^Put the keys k2 and k1 into GANTRY_KEYS/),
    })
    expect(await why([OTHER])).toMatchObject({
      code: 'VAULT_KEY_MISSING',
      sentence: 'The secrets in this backup are under the key k1, and GANTRY_KEYS does not have it.',
      wanted: 'the keys k2 and k1',
    })
    expect(await why([KEY, OTHER])).toMatchObject({ findings: [] })
  })

  test('another installation’s, also once its database is lost; but into an empty folder it moves', async () => {
    await furnish(data, KEY)
    const before = stateOf(data)
    await expect(back()).rejects.toThrow(/BACKUP_REFUSED: This is a backup of another installation/)
    expect(stateOf(data)).toEqual(before)
    rmSync(data, { recursive: true })
    await back()
    rmSync(join(data, 'gantry.db'))
    const [theirs, theirFile] = [join(folder, 'theirs'), join(folder, 'theirs.backup')]
    await furnish(theirs, KEY)
    await makeBackup({ data: theirs, keys: [KEY] }, theirFile, AT)
    await expect(back(theirFile)).rejects.toThrow(/BACKUP_REFUSED: This is a backup of another installation/)
  })

  test('one that a newer Gantry made, one where a database stands already, and no file', async () => {
    copyInto(join(made, 'data'))
    const database = new DatabaseSync(join(data, 'gantry.db'))
    database.exec('insert into account_migration values (1000)')
    database.close()
    const newer = join(folder, 'newer')
    await makeBackup(here(), newer, AT)
    await expect(back(newer)).rejects.toThrow(/BACKUP_REFUSED: This backup was made by a newer version/)
    await expect(back(file, { replace: false })).rejects.toThrow(/BACKUP_REFUSED: There is a database/)
    await expect(back(join(folder, 'none'))).rejects.toThrow(/BACKUP_REFUSED: The file .* cannot be read/)
    expect(basename(file)).toBe(NAME)
  })
})

describe('what is typed', () => {
  /** Answers with the exit code, and what is on the screen. */
  async function types(word: typeof backupWord, ...words: string[]): Promise<readonly [code: number, screen: string]> {
    const screen: string[] = []
    const settings = { data, keys: [KEY], backups: { every: null, keep: 7, folder } }
    const show = (line: string) => void screen.push(line)
    const code = await word.run(words, { settings: () => settings, print: show, say: show } as unknown as Terminal)
    return [code, screen.join('\n')]
  }

  test('a check tells a backup that is broken from one that could not be looked at', async () => {
    copyInto(join(made, 'data'))
    expect(await types(restoreWord, file, '--check')).toEqual([0, expect.stringContaining('is whole: made at')])
    await withWorkFolder(data, async () => expect(types(restoreWord, file, '--check')).rejects.toThrow(/SETTING_INVALID: Another process/))
    writeFileSync(file, flipped((length) => length >> 1)(readFileSync(file)))
    expect(await types(restoreWord, file, '--check')).toEqual([4, expect.stringContaining('This file is not a backup as Gantry wrote it')])
  })

  test('a name of our own form is that of its time, where that is now', async () => {
    copyInto(join(made, 'data'))
    const at = Date.now() - 2_000
    expect(await types(backupWord, join(folder, backupName(at)))).toEqual([0, expect.stringMatching(/^Made .*: deployments 5, /)])
    expect((await check(join(folder, backupName(at)))).manifest.madeAt).toBe(at)
    for (const wrong of [at - 86_400_000, at + 86_400_000])
      await expect(types(backupWord, join(folder, backupName(wrong)))).rejects.toThrow(/BACKUP_REFUSED: This backup has the name of another/)
  })
})
