import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSqlite, readSqlite } from '../../src/runtime/sqlite.ts'
import { describeSql } from '../contracts/sql.contract.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-sqlite-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describeSql('node:sqlite', () => {
  const sql = openSqlite(join(folder, 'gantry.db'))
  return { sql, close: () => sql.close() }
})

describe('the database in one file', () => {
  const path = () => join(folder, 'data', 'gantry.db')

  test('what was committed is there after it is opened again', () => {
    const first = openSqlite(path())
    first.all('CREATE TABLE thing (name TEXT) STRICT')
    first.transaction(() => first.all("INSERT INTO thing VALUES ('kept')"))
    first.close()
    const second = openSqlite(path())
    expect(second.all('SELECT name FROM thing').map((row) => row['name'])).toEqual(['kept'])
    second.close()
  })

  test('whoever only looks sees one moment of it', () => {
    const writer = openSqlite(path())
    writer.all('CREATE TABLE thing (name TEXT) STRICT')
    const looking = readSqlite(path())
    writer.all("INSERT INTO thing VALUES ('later')")
    expect(looking.all('SELECT name FROM thing')).toEqual([])
    looking.close()
    writer.close()
  })

  test('every commit is synced, in WAL mode, with foreign keys on', () => {
    const sql = openSqlite(path())
    const pragma = (name: string) => Object.values(sql.all(`PRAGMA ${name}`)[0]!)[0]
    expect([pragma('journal_mode'), pragma('synchronous'), pragma('foreign_keys'), pragma('busy_timeout')]).toEqual(['wal', 2, 1, 5000])
    sql.close()
  })

  test('a second process is refused with a sentence, and may start once the first has stopped', () => {
    const first = openSqlite(path())
    expect(() => openSqlite(path())).toThrow(/SETTING_INVALID: Another Gantry process is using the database/)
    first.close()
    openSqlite(path()).close()
  })

  test('readers of other programs are let in meanwhile', () => {
    const sql = openSqlite(path())
    sql.all('CREATE TABLE thing (name TEXT) STRICT')
    const reader = new DatabaseSync(path(), { readOnly: true })
    expect(reader.prepare('SELECT count(*) AS n FROM thing').get()!['n']).toBe(0)
    reader.close()
    sql.close()
  })

  test("another program's database, and a file that is none, are left alone", () => {
    const foreign = join(folder, 'foreign.db')
    const other = new DatabaseSync(foreign)
    other.exec('PRAGMA application_id = 7; CREATE TABLE t (a)')
    other.close()
    expect(() => openSqlite(foreign)).toThrow(/another program's database/)
    const text = join(folder, 'text.db')
    writeFileSync(text, 'not a database at all, but long enough to be read as the header of one'.repeat(20))
    expect(() => openSqlite(text)).toThrow(/SETTING_INVALID: The database .* cannot be opened/)
  })

  test('that cannot be written any more is not healthy, until it can', () => {
    const sql = openSqlite(path())
    sql.all('create table t (x integer) strict')
    expect(sql.isHealthy()).toBe(true)
    expect(sql.isWritable()).toBe(true)
    sql.all('PRAGMA query_only = on')
    expect(sql.isHealthy()).toBe(true)
    expect(sql.isWritable()).toBe(false)
    expect(() => sql.transaction(() => sql.all('insert into t values (1)'))).toThrow(/readonly/)
    expect(sql.isHealthy()).toBe(false)
    sql.all('PRAGMA query_only = off')
    expect(sql.isHealthy()).toBe(true)
    sql.close()
    expect(sql.isHealthy()).toBe(false)
  })

  test('only the owner can read it', () => {
    const sql = openSqlite(path())
    sql.all('CREATE TABLE thing (name TEXT) STRICT')
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700)
    for (const name of [path(), `${path()}-wal`, `${path()}.lock`]) expect(statSync(name).mode & 0o777).toBe(0o600)
    sql.close()
  })
})
