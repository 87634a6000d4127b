import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../../src/secret.ts'
import { createAnnouncements } from '../../../src/store/announcements.ts'
import { createClaims } from '../../../src/store/claims.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import { createInbox } from '../../../src/store/inbox.ts'
import { accountMigrations, migrateAccounts, migrateRepositories, repositoryMigrations } from '../../../src/store/migrations.ts'
import type { Sql } from '../../../src/store/sql.ts'
import { memoryDatabase, memorySql } from '../../world/memory-sql.ts'
import { credential, said, vaultOver } from '../../world/vault.ts'
import { STAGING } from '../deploy/situation.ts'
import { MAC } from '../../world/mac.ts'

const folder = new URL('../../../fixtures/migrations/', import.meta.url)

/** Rows of the schema that had that number, in every table that it had. */
const samples = readdirSync(folder).toSorted()
const newest = Math.max(repositoryMigrations.length, accountMigrations.length)

/** A database as the version with that schema left it. */
function old(version: number, sample: string): Sql {
  const sql = memorySql()
  for (const [table, migrations] of [
    ['repository_migration', repositoryMigrations],
    ['account_migration', accountMigrations],
  ] as const) {
    sql.all(`create table ${table} (version integer primary key) strict`)
    migrations.slice(0, version).forEach((statements, index) => {
      for (const statement of statements) sql.all(statement)
      sql.all(`insert into ${table} values (?)`, index + 1)
    })
  }
  for (const statement of readFileSync(new URL(sample, folder), 'utf8').split(/;\n/)) if (/^insert/m.test(statement)) sql.all(statement)
  return sql
}

const tablesOf = (sql: Sql): string[] =>
  sql.all<{ name: string }>(`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name`).map(({ name }) => name)

const schemaOf = (sql: Sql) => sql.all(`select name, sql from sqlite_schema where sql is not null order by name`)

function climb(sql: Sql): void {
  migrateRepositories(sql)
  migrateAccounts(sql)
}

test('every migration has its sample rows', () => {
  expect(samples).toEqual(Array.from({ length: newest }, (_, index) => `${String(index + 1).padStart(4, '0')}.sql`))
})

describe.each(samples.map((sample, index) => ({ sample, version: index + 1 })))('from schema $version', ({ sample, version }) => {
  test('there are rows in every table', () => {
    const sql = old(version, sample)
    expect(tablesOf(sql).filter((table) => sql.all(`select 1 from ${table} limit 1`).length === 0)).toEqual([])
  })

  test('the climb loses no row and ends at the newest schema', () => {
    const sql = old(version, sample)
    const count = () =>
      tablesOf(sql)
        .filter((table) => !table.endsWith('_migration'))
        .map((table) => [table, sql.all(`select count(*) as n from ${table}`)[0]?.['n']])
    const before = count()
    climb(sql)
    expect(count()).toEqual(expect.arrayContaining(before))
    expect(schemaOf(sql)).toEqual(schemaOf(memoryDatabase()))
  })

  test('what was recorded can be read, and goes on', () => {
    const sql = old(version, sample)
    climb(sql)
    const journal = createJournal(sql, MAC)
    const first = journal.lastSuccess(STAGING)
    expect(first).toMatchObject({
      state: 'success',
      plan: { environment: 'staging' },
      log: [expect.any(String)],
      request: { actor: { login: 'ada' } },
    })
    expect(first?.steps).toHaveLength(6)
    expect(journal.occupant(STAGING)).toMatchObject({ state: 'unknown', problem: { code: 'TARGET_UNAVAILABLE' } })
    expect(journal.open()).toMatchObject([{ state: 'queued' }])
    journal.settle(STAGING, 9)
    const next = journal.turn(STAGING)
    expect(next).not.toBeNull()
    expect(journal.claim(next?.id ?? '', [], journal.fence(STAGING), 9)).toMatchObject({ fence: 3 })
    expect(createInbox(sql).pending(10)).toMatchObject([{ key: 'c:42:9' }])
    expect(createAnnouncements(sql).find(first?.id ?? '')).toMatchObject({ comment: { node: 'IC_5' }, check: { isGone: true } })
    expect(createAnnouncements(sql).findAnswer('c:42:8')).toMatchObject({ markdown: 'Help.' })
    expect(createClaims(sql).claim('cluster', ['/srv/shop'], '43:blog:production', 'acme/blog')).toMatchObject({
      takenBy: expect.stringContaining('staging'),
    })
  })
})

test('what the vault kept opens for good', async () => {
  const sql = old(5, '0005.sql')
  climb(sql)
  const key = { id: 'k1', key: new Secret(btoa(String.fromCharCode(...Array.from({ length: 32 }, (_, at) => at + 1)))) }
  const vault = vaultOver(sql, key)
  await vault.check()
  expect(await said(vault, credential('ghcr'))).toBe('a password of the year 2026')
})

test('climbing again changes nothing', () => {
  const sql = memoryDatabase()
  const before = schemaOf(sql)
  climb(sql)
  expect(schemaOf(sql)).toEqual(before)
})

test('a migration that fails leaves the schema before it', () => {
  const sql = memorySql()
  sql.all('create table step (squatter text)')
  expect(() => migrateRepositories(sql)).toThrow(/step/)
  expect(tablesOf(sql)).toEqual(['repository_migration', 'step'])
})

test('a database of a newer version is refused, not read by guesswork', () => {
  for (const table of ['repository_migration', 'account_migration']) {
    const sql = memoryDatabase()
    sql.all(`insert into ${table} (version) values (?)`, newest + 1)
    expect(() => climb(sql)).toThrow(/SETTING_INVALID: The database was written by a newer version/)
  }
})
