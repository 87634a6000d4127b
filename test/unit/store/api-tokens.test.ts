import { expect, test } from 'vitest'
import type { WantedToken } from '../../../src/deploy/api-token.ts'
import { Secret } from '../../../src/secret.ts'
import { createApiTokens } from '../../../src/store/api-tokens.ts'
import { auditRecords, verifyAudit } from '../../../src/store/audit.ts'
import type { AccountSql } from '../../../src/store/sql.ts'
import { migrateAccounts } from '../../../src/store/migrations.ts'
import { newId } from '../../../src/runtime/entropy.ts'
import { MAC } from '../../world/mac.ts'
import { memorySql } from '../../world/memory-sql.ts'

const NOW = Date.UTC(2026, 10, 26)
const DAY = 86_400_000
const ADA = { id: 1, login: 'ada' }
const WANTED: WantedToken = {
  ...{ account: 7, name: 'ci', repositories: [{ id: 42, name: 'acme/shop' }], environments: ['staging'], actions: ['read', 'deploy'] },
  ...{ madeBy: ADA, expiresAt: NOW + 30 * DAY },
}

function setUp() {
  const sql = memorySql()
  migrateAccounts(sql)
  const tokens = createApiTokens(sql, { mac: MAC, random: newId })
  const make = async (changes: Partial<WantedToken> = {}) => {
    const made = await tokens.make({ ...WANTED, ...changes }, NOW)
    if (made === null) throw new Error('there is one of this name')
    return made
  }
  return { sql, tokens, make }
}

test('a token is found by what was shown once, and only its hash is kept', async () => {
  const { sql, tokens, make } = setUp()
  const { token, secret } = await make()
  expect(secret.reveal()).toMatch(/^gantry_7_[0-9a-z]{10}_[0-9a-z]{80}_[0-9a-f]{6}$/)
  expect(await tokens.find(secret, NOW)).toEqual(token)
  const key = secret.reveal().split('_')[3] as string
  const rows = JSON.stringify([sql.all('select * from api_token'), sql.all('select * from account_audit')])
  expect([rows.includes(key), rows.includes('ci')]).toEqual([false, true])
})

test('no other text is one: whatever is changed in it, cut off or added', async () => {
  const { tokens, make } = setUp()
  const { secret } = await make()
  const other = await make({ name: 'other', account: 8 })
  const text = secret.reveal()
  const changed = Array.from(text, (character, at) => `${text.slice(0, at)}${character === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`)
  const [, account, id, key] = text.split('_')
  const [, theirs, theirId, theirKey] = other.secret.reveal().split('_')
  const swapped = [
    ...[`${account}_${theirId}_${theirKey}`, `${theirs}_${id}_${key}`, `${account}_${id}_${theirKey}`, `${theirs}_${theirId}_${key}`],
    ...[`0${account}_${id}_${key}`, `${account}_${id}_${key}0`],
  ]
  const checked = await Promise.all(
    swapped.map(async (middle) => {
      const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(`gantry_${middle}`))
      return `gantry_${middle}_${Buffer.from(digest).toString('hex').slice(0, 6)}`
    }),
  )
  const all = [...changed, ...checked.filter((one) => one !== text), text.slice(1), text.slice(0, -1), `${text}0`, ` ${text}`, text.toUpperCase(), '']
  for (const one of all) expect([one, await tokens.find(new Secret(one), NOW)]).toEqual([one, null])
})

test('it ends when it was to end, and at once where it is revoked', async () => {
  const { tokens, make } = setUp()
  const { token, secret } = await make()
  expect(await tokens.find(secret, NOW + 30 * DAY - 1)).not.toBeNull()
  expect(await tokens.find(secret, NOW + 30 * DAY)).toBeNull()
  expect([tokens.revoke(8, 'ci', ADA, NOW), tokens.revoke(7, 'other', ADA, NOW), tokens.isRevoked(token.id, 7)]).toEqual([false, false, false])
  expect([tokens.revoke(7, 'ci', ADA, NOW), tokens.revoke(7, 'ci', ADA, NOW), tokens.isRevoked(token.id, 7)]).toEqual([true, false, true])
  expect(await tokens.find(secret, NOW)).toBeNull()
  expect(tokens.isRevoked('never there', 7)).toBe(true)
})

test('a name is taken as long as its token is good, by one account', async () => {
  const { tokens, make } = setUp()
  const first = await make()
  expect(await tokens.make(WANTED, NOW)).toBeNull()
  await make({ account: 8 })
  const next = await tokens.make({ ...WANTED, expiresAt: NOW + 90 * DAY }, NOW + 31 * DAY)
  expect(await tokens.find(next!.secret, NOW + 32 * DAY)).toMatchObject({ id: next!.token.id })
  expect([await tokens.find(first.secret, NOW), tokens.list(7).map(({ id }) => id)]).toEqual([null, [next!.token.id]])
})

test('when it was used last is known to the minute, and written no more often', async () => {
  const { sql, tokens, make } = setUp()
  const { secret } = await make()
  const lastUsed = () => tokens.list(7)[0]?.lastUsedAt
  expect(lastUsed()).toBeNull()
  await tokens.find(secret, NOW)
  const changes = () => sql.all<{ n: number }>('select total_changes() as n')[0]?.n
  const before = changes()
  for (let second = 1; second < 60; second += 1) await tokens.find(secret, NOW + second * 1000)
  expect([lastUsed(), changes()]).toEqual([NOW, before])
  await tokens.find(secret, NOW + 60_000)
  expect(lastUsed()).toBe(NOW + 60_000)
})

test('a disk that is full keeps nobody from looking', async () => {
  const { sql, make } = setUp()
  const { token, secret } = await make()
  const full: AccountSql = {
    ...sql,
    all: (query, ...params) => {
      if (query.startsWith('update')) throw new Error('database or disk is full')
      return sql.all(query, ...params)
    },
  }
  expect(await createApiTokens(full, { mac: MAC, random: newId }).find(secret, NOW)).toMatchObject({ id: token.id })
})

test('who made and revoked it stands in the audit log, and nothing secret', async () => {
  const { sql, tokens, make } = setUp()
  const { token } = await make()
  tokens.revoke(7, 'ci', { id: 2, login: 'grace' }, NOW + 1)
  expect([...auditRecords(sql, 'account_audit')]).toMatchObject([
    {
      ...{ by: ADA, action: 'API token made', subject: 'token ci of account 7', before: null },
      after: `${token.id}: read, deploy in acme/shop (42), staging, until 2026-12-26T00:00:00.000Z`,
    },
    { by: { id: 2, login: 'grace' }, action: 'API token revoked', subject: 'token ci of account 7', before: token.id, after: null },
  ])
  expect(verifyAudit(sql, 'account_audit', [MAC])).toMatchObject({ head: { number: 2 } })
})
