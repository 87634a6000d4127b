import { describe, expect } from 'vitest'
import type { Sql } from '../../src/store/sql.ts'
import { here, within, type Inside } from './inside.ts'

export interface OpenedSql {
  readonly sql: Sql
  close(): void | Promise<void>
}

/** What `store/` relies on. Every database that it may run on passes this. */
export function describeSql(name: string, open: () => OpenedSql | Promise<OpenedSql>, inside: Inside = here): void {
  const { afterEach, beforeEach, test } = within(inside)
  describe(`${name} keeps the contract of Sql`, () => {
    let opened: OpenedSql
    let sql: Sql
    beforeEach(async () => {
      opened = await open()
      sql = opened.sql
      sql.all('CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT UNIQUE, content BLOB) STRICT')
    })
    afterEach(() => opened.close())

    const names = () => sql.all<{ name: string }>('SELECT name FROM thing ORDER BY id').map((row) => row.name)

    test('rows come back as they were written, bytes as bytes', () => {
      const content = Uint8Array.from({ length: 256 }, (_, index) => index)
      sql.all('INSERT INTO thing VALUES (?, ?, ?)', 1, 'a', content)
      sql.all('INSERT INTO thing VALUES (?, ?, ?)', 2, null, null)
      const rows = sql.all<{ id: number; name: string | null; content: Uint8Array | null }>('SELECT * FROM thing ORDER BY id')
      expect(rows.map((row) => ({ ...row }))).toEqual([
        { id: 1, name: 'a', content: expect.any(Uint8Array) },
        { id: 2, name: null, content: null },
      ])
      expect([...rows[0]!.content!]).toEqual([...content])
    })

    test('RETURNING gives the rows that were written', () => {
      expect(sql.all('INSERT INTO thing (name) VALUES (?) RETURNING id', 'a').map((row) => row['id'])).toEqual([1])
      expect(sql.all('INSERT INTO thing (name) VALUES (?) ON CONFLICT DO NOTHING RETURNING id', 'a')).toEqual([])
    })

    test('milliseconds since 1970 survive as numbers', () => {
      sql.all('INSERT INTO thing (id, name) VALUES (?, ?)', 4_102_444_800_000, 'late')
      expect(sql.all('SELECT id FROM thing')[0]!['id']).toBe(4_102_444_800_000)
    })

    test('a transaction returns what its work returns', () => {
      expect(sql.transaction(() => sql.all('INSERT INTO thing (name) VALUES (?) RETURNING name', 'a')[0]!['name'])).toBe('a')
      expect(names()).toEqual(['a'])
    })

    test('a transaction that throws leaves nothing behind', () => {
      const work = () => {
        sql.all('INSERT INTO thing (name) VALUES (?)', 'a')
        throw new Error('in the middle')
      }
      expect(() => sql.transaction(work)).toThrow('in the middle')
      expect(names()).toEqual([])
    })

    test('a transaction that waits is refused and rolled back', () => {
      const work = async () => sql.all('INSERT INTO thing (name) VALUES (?)', 'a')
      expect(() => sql.transaction(work)).toThrow(/cannot wait/)
      expect(names()).toEqual([])
    })

    test('a transaction inside a transaction is refused, and the outer one rolled back', () => {
      const work = () => {
        sql.all('INSERT INTO thing (name) VALUES (?)', 'a')
        sql.transaction(() => sql.all('INSERT INTO thing (name) VALUES (?)', 'b'))
      }
      expect(() => sql.transaction(work)).toThrow(/inside a transaction/)
      expect(names()).toEqual([])
      sql.transaction(() => sql.all('INSERT INTO thing (name) VALUES (?)', 'c'))
      expect(names()).toEqual(['c'])
    })

    test('a unique index refuses the second row, and the first stays', () => {
      sql.all('INSERT INTO thing (name) VALUES (?)', 'a')
      expect(() => sql.transaction(() => sql.all('INSERT INTO thing (name) VALUES (?)', 'a'))).toThrow(/UNIQUE/)
      expect(names()).toEqual(['a'])
    })

    test('a partial unique index and foreign keys hold', () => {
      sql.all('CREATE TABLE run (thing INTEGER REFERENCES thing(id), state TEXT) STRICT')
      sql.all("CREATE UNIQUE INDEX one_running ON run (thing) WHERE state = 'running'")
      sql.all('INSERT INTO thing (id) VALUES (1)')
      for (const state of ['ended', 'ended', 'running']) sql.all('INSERT INTO run VALUES (1, ?)', state)
      expect(() => sql.all("INSERT INTO run VALUES (1, 'running')")).toThrow(/UNIQUE/)
      expect(() => sql.all("INSERT INTO run VALUES (2, 'ended')")).toThrow(/FOREIGN KEY/)
    })

    test('a statement that does not parse throws and changes nothing', () => {
      expect(() => sql.all('INSERT INTO nothing')).toThrow()
      expect(names()).toEqual([])
    })
  })
}
