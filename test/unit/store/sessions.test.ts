import { expect, test } from 'vitest'
import { MOST_REPOSITORIES } from '../../../src/deploy/session.ts'
import { newId } from '../../../src/runtime/entropy.ts'
import { macUnder } from '../../../src/store/audit.ts'
import { migrateAccounts } from '../../../src/store/migrations.ts'
import { createSessions } from '../../../src/store/sessions.ts'
import { HMAC, MAC } from '../../world/mac.ts'
import { memorySql } from '../../world/memory-sql.ts'

const NOW = Date.UTC(2026, 10, 26)
const HOUR = 3_600_000
const REPOSITORY = { id: 42, node: 'R_42', owner: 'acme', name: 'shop', account: 7, installation: 9 }
const ADA = {
  person: { id: 4711, login: 'ada' },
  accounts: [{ id: 7, login: 'acme', isOrganization: true, installation: 9 }],
  repositories: [REPOSITORY],
}
const GRACE = { person: { id: 2, login: 'grace' }, accounts: [], repositories: [] }

function setUp() {
  const sql = memorySql()
  migrateAccounts(sql)
  return { sql, sessions: createSessions(sql, { mac: MAC, random: newId }) }
}

test('a session is found by its cookie, and neither that nor what its forms carry is kept', () => {
  const { sql, sessions } = setUp()
  const cookie = sessions.begin(ADA, NOW)
  expect(cookie).toMatch(/^3mv\.[0-9a-z]{80}$/)
  const found = sessions.find(cookie, NOW)!
  expect(found).toEqual({ ...ADA, formToken: expect.stringMatching(/[0-9a-f]{64}$/), since: NOW, until: NOW + 8 * HOUR })
  const rows = JSON.stringify(sql.all('select * from session'))
  expect([cookie, cookie.split('.')[1]!, found.formToken].filter((secret) => rows.includes(secret))).toEqual([])
  expect(rows).toContain('acme')
})

test('each has a form token of its own, the same for as long as it lasts', () => {
  const { sessions } = setUp()
  const [one, other] = [sessions.begin(ADA, NOW), sessions.begin(ADA, NOW)]
  const token = (cookie: string, at = NOW) => sessions.find(cookie, at)?.formToken
  expect(token(one, NOW + HOUR)).toBe(token(one))
  expect(token(other)).not.toBe(token(one))
})

test('it lasts for eight hours, however much it is used', () => {
  const { sessions } = setUp()
  const cookie = sessions.begin(ADA, NOW)
  for (let hour = 0; hour < 8; hour += 1) expect(sessions.find(cookie, NOW + hour * HOUR)).not.toBeNull()
  expect(sessions.find(cookie, NOW + 8 * HOUR - 1)).not.toBeNull()
  expect(sessions.find(cookie, NOW + 8 * HOUR)).toBeNull()
})

test('no other text is a cookie: whatever is changed in it, cut off or added', () => {
  const { sessions } = setUp()
  const [cookie, theirs] = [sessions.begin(ADA, NOW), sessions.begin(GRACE, NOW)]
  const changed = Array.from(cookie, (character, at) => `${cookie.slice(0, at)}${character === 'a' ? 'b' : 'a'}${cookie.slice(at + 1)}`)
  const [person, key] = cookie.split('.')
  const [other, otherKey] = theirs.split('.')
  const swapped = [`${person}.${otherKey}`, `${other}.${key}`, `0${cookie}`, `${cookie}0`, `${cookie}.`, cookie.toUpperCase(), key!, '', '.']
  for (const one of [...changed, ...swapped, cookie.slice(0, -1), ` ${cookie}`, `${cookie}\n`])
    expect([one, sessions.find(one, NOW)]).toEqual([one, null])
})

test('another key opens none of them', () => {
  const { sql, sessions } = setUp()
  const cookie = sessions.begin(ADA, NOW)
  const stolen = createSessions(sql, { mac: macUnder(HMAC, new Uint8Array(32)), random: newId })
  expect(stolen.find(cookie, NOW)).toBeNull()
})

test('it ends where it is ended, alone or with all the others of the same person', () => {
  const { sessions } = setUp()
  const [first, second, third, theirs] = [...[ADA, ADA, ADA, GRACE].map((who) => sessions.begin(who, NOW))] as [string, string, string, string]
  const logins = () => [first, second, third, theirs].map((cookie) => sessions.find(cookie, NOW)?.person.login ?? null)
  sessions.end(first)
  sessions.end('no cookie at all')
  expect(logins()).toEqual([null, 'ada', 'ada', 'grace'])
  sessions.endAll(ADA.person.id)
  expect(logins()).toEqual([null, null, null, 'grace'])
})

test('a person has at most twenty: the oldest gives way, and nobody else', () => {
  const { sql, sessions } = setUp()
  const theirs = sessions.begin(GRACE, NOW)
  const mine = Array.from({ length: 25 }, () => sessions.begin(ADA, NOW))
  expect(mine.map((cookie) => sessions.find(cookie, NOW) !== null)).toEqual(Array.from({ length: 25 }, (_, nth) => nth >= 5))
  expect(sessions.find(theirs, NOW)).not.toBeNull()
  expect(sql.all('select count(*) as n from session')).toEqual([{ n: 21 }])
})

test('those that are over go when the next one begins', () => {
  const { sql, sessions } = setUp()
  sessions.begin(GRACE, NOW)
  sessions.begin(ADA, NOW + 8 * HOUR)
  expect(sql.all('select person from session')).toEqual([{ person: ADA.person.id }])
})

test('of very many repositories the first thousand are kept', () => {
  const { sessions } = setUp()
  const repositories = Array.from({ length: MOST_REPOSITORIES + 1 }, (_, id) => ({ ...REPOSITORY, id }))
  expect(sessions.find(sessions.begin({ ...ADA, repositories }, NOW), NOW)?.repositories).toEqual(repositories.slice(0, -1))
})
