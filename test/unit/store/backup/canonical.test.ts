import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { canonicalHash } from '../../../../src/store/backup/canonical.ts'
import type { Sql } from '../../../../src/store/sql.ts'
import { memoryDatabase, memorySql } from '../../../world/memory-sql.ts'

function hashOf(sql: Sql): string {
  const hash = createHash('sha256')
  return canonicalHash(sql, { update: (text) => void hash.update(text), digest: () => hash.digest('hex') }).hash
}

function small(...statements: string[]): Sql {
  const sql = memorySql()
  for (const statement of ['create table t (a text, n integer, b blob, primary key (a, n)) strict', ...statements]) sql.all(statement)
  return sql
}

describe('the canonical hash', () => {
  test('does not depend on the order in which rows were written, nor on how they lie in the file', () => {
    const rows = Array.from({ length: 500 }, (_, at) => `insert into t values ('a${at % 7}', ${at}, x'00ff')`)
    const one = small(...rows)
    const other = small(...rows.toReversed(), `insert into t values ('gone', 1, null)`, `delete from t where a = 'gone'`, 'vacuum')
    expect(hashOf(one)).toBe(hashOf(other))
    const hash = createHash('sha256')
    expect(canonicalHash(one, { update: (text) => void hash.update(text), digest: () => hash.digest('hex') }).rows).toBe(500)
  })

  const base = () => small(`insert into t values ('a', 1, x'01')`, `insert into t values ('b', 2, null)`)
  test.each([
    [`update t set b = x'02' where a = 'a'`],
    [`update t set b = x'' where a = 'b'`],
    [`update t set a = 'c' where a = 'b'`],
    [`delete from t where a = 'b'`],
    [`insert into t values ('b', 3, null)`],
    ['create table u (a integer primary key) strict'],
    ['create index i on t (n)'],
    ['alter table t add column c text'],
  ])('is another one after: %s', (change) => {
    const sql = base()
    sql.all(change)
    expect(hashOf(sql)).not.toBe(hashOf(base()))
  })

  test('is the same after somebody has let SQLite count what is in it', () => {
    const sql = small(`insert into t values ('a', 1, null)`, 'create index i on t (n)')
    const before = hashOf(sql)
    sql.all('analyze')
    expect(sql.all('select tbl from sqlite_stat1')).not.toEqual([])
    expect(hashOf(sql)).toBe(before)
  })

  test('keeps values apart that look alike when they are put together', () => {
    const of = (a: string, b: string) => {
      const sql = memorySql()
      sql.all('create table t (a text primary key, b text) strict')
      sql.all('insert into t values (?, ?)', a, b)
      return hashOf(sql)
    }
    expect(new Set([of('a;t1:b', 'c'), of('a', 'b;t1:c'), of('at1:bc', ''), of('', 'at1:bc')]).size).toBe(4)
  })

  test('covers every table of a real database, and what is to be counted next', () => {
    const sql = memoryDatabase()
    const before = hashOf(sql)
    sql.all(`insert into delivery (key, guid, event, payload, received_at) values ('k', 'g', 'e', 'p', 1)`)
    const between = hashOf(sql)
    sql.all('delete from delivery')
    expect(new Set([before, between, hashOf(sql)]).size).toBe(3)
  })
})
