import { beforeEach, expect, test } from 'vitest'
import { Activity } from '../../../src/deploy/activity.ts'
import { Secret } from '../../../src/secret.ts'
import { createKeptTokens, type KeptTokens } from '../../../src/store/tokens.ts'
import { memoryDatabase, type MemorySql } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'
import { newKey, vaultOver } from '../../world/vault.ts'

const KEY = newKey('k1')
let sql: MemorySql
let now: number
let troubles: unknown[]
let tokens: KeptTokens
beforeEach(() => {
  ;[sql, now, troubles] = [memoryDatabase(), 1_000, []]
  tokens = begins()
})

const begins = (...keys: Parameters<typeof vaultOver>[1][]): KeptTokens => beginsFor(undefined, ...keys)
const beginsFor = (account: number | undefined, ...keys: Parameters<typeof vaultOver>[1][]): KeptTokens =>
  createKeptTokens(vaultOver(sql, ...(keys.length > 0 ? keys : [KEY])), {
    ...(account !== undefined && { account }),
    now: () => now,
    activity: new Activity(new Time(() => Promise.resolve())),
    trouble: (error) => void troubles.push(error),
  })
const keep = (key: string, over: { source?: string; until?: number } = {}) =>
  tokens.keep(key, { source: 's1', until: 2_000, value: new Secret(`of ${key}`), ...over })
const found = async (from: KeptTokens, key: string) => (await from.find(key))?.reveal() ?? null
const count = () => sql.all('select 1 from vault_record').length

test('what is kept is found by the next process, under its own key alone', async () => {
  await keep('one', { source: 'asked with this' })
  await keep('two', { source: 'asked with this' })
  expect([await found(begins(), 'one'), await found(begins(), 'two'), await found(begins(), 'three')]).toEqual(['of one', 'of two', null])
  await tokens.drop('one')
  expect([await found(begins(), 'one'), count(), troubles]).toEqual([null, 1, []])
  expect(new TextDecoder().decode(sql.content())).not.toMatch(/of two|asked with this/)
})

test('each account has its own, sealed with its own key', async () => {
  await keep('one')
  const another = beginsFor(7)
  expect(await found(another, 'one')).toBeNull()
  await another.keep('one', { source: 's7', until: 2_000, value: new Secret('of 7') })
  await beginsFor(7).recover(new Set())
  expect([await found(beginsFor(7), 'one'), await found(begins(), 'one'), count()]).toEqual([null, 'of one', 1])
})

test('what is over goes with the next one that is kept', async () => {
  await keep('one', { until: 1_500 })
  await keep('two')
  now = 1_500
  await keep('three')
  expect([await found(tokens, 'one'), await found(tokens, 'two'), count()]).toEqual([null, 'of two', 2])
})

test('a start throws away what is over and what is of another credential', async () => {
  await keep('one')
  await keep('over', { until: 1_500 })
  await keep('other', { source: 's2' })
  now = 1_600
  const next = begins()
  await next.recover(new Set(['s1']))
  expect([await found(next, 'one'), count()]).toEqual(['of one', 1])
  now = 2_000
  await next.keep('new', { source: 's1', until: 3_000, value: new Secret('x') })
  expect(count()).toBe(1)
})

test('what a cloud made, and what was asked for with it, outlives a process with all of it, and no longer than its source', async () => {
  await keep('made by a cloud', { source: 'the key of the cloud' })
  await keep('asked for with that', { source: 'the password that it made' })
  await begins().recover(new Set(['s1', 'the key of the cloud', 'the password that it made']))
  expect(count()).toBe(2)
  await begins().recover(new Set(['s1', 'another key']))
  expect(count()).toBe(0)
})

test('there is an end to how many are kept', async () => {
  for (let at = 0; at < 510; at += 1) await keep(`t${at}`)
  expect(count()).toBe(500)
  await keep('t1')
  expect(await found(tokens, 't1')).toBe('of t1')
})

test('nothing fails for one that cannot be kept or read: it is said, and asked for again', async () => {
  await keep('one')
  sql.all(`update vault_record set sealed = x'00'`)
  expect(await found(tokens, 'one')).toBeNull()
  expect(troubles).toMatchObject([{ problem: { code: 'VAULT_RECORD_BROKEN' } }])
  await tokens.recover(new Set(['s1']))
  expect(count()).toBe(0)
  await keep('one')
  const locked = begins(newKey('k1'))
  expect(await found(locked, 'one')).toBeNull()
  await locked.keep('two', { source: 's1', until: 2_000, value: new Secret('x') })
  await locked.drop('one')
  await locked.recover(new Set())
  expect(troubles.length).toBeGreaterThan(4)
  await begins().keep('huge', { source: 's1', until: 2_000, value: new Secret('x'.repeat(70_000)) })
  expect(troubles.at(-1)).toBeInstanceOf(RangeError)
})
