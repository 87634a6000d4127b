import { beforeEach, expect, test } from 'vitest'
import type { Declaration } from '../../../src/deploy/declaration.ts'
import { Secret } from '../../../src/secret.ts'
import { auditPage, verifyAudit } from '../../../src/store/audit.ts'
import { createDeclarations, type Declarations } from '../../../src/store/declarations.ts'
import { MAC } from '../../world/mac.ts'
import { memoryDatabase, type MemorySql } from '../../world/memory-sql.ts'
import { newKey, vaultOver } from '../../world/vault.ts'

const KEY = newKey('k1')
const [OPERATOR, OURS, THEIRS] = [0, 7, 8]
const declared = (account: number, name = 'ghcr', kind: Declaration['kind'] = 'credential'): Declaration => ({
  ...{ account, kind, name },
  json: JSON.stringify({ of: account }),
})

let sql: MemorySql
let declarations: Declarations
beforeEach(async () => {
  sql = memoryDatabase()
  declarations = createDeclarations(vaultOver(sql, KEY), sql, MAC)
  for (const account of [OPERATOR, OURS, THEIRS]) await declarations.put(declared(account), 1)
})
const again = () => createDeclarations(vaultOver(sql, KEY), sql, MAC)
const kept = async () => (await again().all()).map((one) => [one.account, one.kind, one.name, 'json' in one ? one.json : 'not readable'])

test('accounts may call theirs alike, and each is changed and removed for itself', async () => {
  expect(await kept()).toEqual([OPERATOR, OURS, THEIRS].map((account) => [account, 'credential', 'ghcr', `{"of":${account}}`]))
  await declarations.put({ ...declared(OURS), json: '{"of":"us"}' }, 2)
  expect(await declarations.remove(declared(THEIRS), 3)).toBe(true)
  expect(await declarations.remove(declared(THEIRS), 4)).toBe(false)
  expect(await kept()).toEqual([
    [OPERATOR, 'credential', 'ghcr', '{"of":0}'],
    [OURS, 'credential', 'ghcr', '{"of":"us"}'],
  ])
  expect(sql.all('select subject, action from account_audit order by number').slice(3)).toEqual([
    { subject: 'credential ghcr of account 7', action: 'declaration kept' },
    { subject: 'credential ghcr of account 8', action: 'declaration removed' },
  ])
})

test('one that was moved from account to account opens in none', async () => {
  sql.all('update vault_record set sealed = (select sealed from vault_record where account = ?) where account = ?', THEIRS, OURS)
  expect(await kept()).toEqual([
    [OPERATOR, 'credential', 'ghcr', '{"of":0}'],
    [OURS, 'credential', 'ghcr', 'not readable'],
    [THEIRS, 'credential', 'ghcr', '{"of":8}'],
  ])
})

test.each([
  ['its list', 'update vault_account set counter = counter + 1 where account = 7'],
  ['its key', 'update vault_key set wrapped = zeroblob(length(wrapped)) where account = 7'],
])('an account of which %s is damaged does without its own, and nobody else does', async (_, damage) => {
  sql.all(damage)
  const found = await again().all()
  expect(found.filter(({ account }) => account !== OURS)).toEqual([declared(OPERATOR), declared(THEIRS)])
  const ours = found.filter(({ account }) => account === OURS)
  expect(ours.length).toBeGreaterThan(0)
  for (const one of ours) expect(one).toMatchObject({ name: '*', why: expect.stringMatching(/\.$/) })
})

test.each(['no JSON', '[]', 'null', '7'])('%s that was put in the place of one is named and not used', async (text) => {
  await vaultOver(sql, KEY).seal({ account: OURS, kind: 'credential', id: 'ghcr', field: 'declaration' }, new Secret(text))
  expect(await kept()).toContainEqual([OURS, 'credential', 'ghcr', 'not readable'])
})

test('where nothing of the operator’s own can be trusted, nothing starts', async () => {
  sql.all('update vault_account set counter = counter + 1 where account = 0')
  await expect(again().all()).rejects.toMatchObject({ problem: { code: 'VAULT_RECORD_BROKEN' } })
})

test('whoever declared it is sealed with it, and stands in the account’s own log', async () => {
  const confined = { ...declared(OURS, 'hub'), isConfined: true } as const
  await declarations.put(confined, 5, { id: 1, login: 'ada' })
  expect(await again().of(OURS)).toEqual([declared(OURS), confined])
  expect(declarations.fingerprint(confined)).not.toBe(declarations.fingerprint(declared(OURS, 'hub')))
  await declarations.put(declared(OURS, 'hub'), 6)
  expect(await again().of(OURS)).toEqual([declared(OURS), declared(OURS, 'hub')])
  const [newest, kept, ...older] = auditPage(sql, 'account_audit', OURS, null, 10)
  expect(kept).toMatchObject({ by: { id: 1, login: 'ada' }, before: null, after: declarations.fingerprint(confined) })
  expect(newest).toMatchObject({ by: null, before: kept?.after, after: declarations.fingerprint(declared(OURS, 'hub')) })
  expect(older.map(({ repository, at }) => [repository, at])).toEqual([[OURS, 1]])
  expect(verifyAudit(sql, 'account_audit', [MAC])).toMatchObject({ head: { number: 5 } })
})

test.each(['account', 'operator', 'unknown', undefined] as const)(
  'whose word it was first (%s) is sealed with it, and tells it from another one',
  async (origin) => {
    const one: Declaration = { ...declared(OURS, 'hub'), isConfined: true, ...(origin !== undefined && { origin }) }
    await declarations.put(one, 5)
    expect(await again().of(OURS)).toEqual([declared(OURS), one])
    expect(await again().compare(OURS, [declared(OURS), one])).toMatchObject({ changes: [] })
    const others = (['account', 'operator', 'unknown'] as const).filter((other) => other !== origin)
    for (const other of others) expect((await again().compare(OURS, [declared(OURS), { ...one, origin: other }])).changes).toHaveLength(1)
  },
)

test('whose a record is cannot be changed either', () => {
  sql.all('update account_audit set repository = ? where number = 3', OURS)
  expect(verifyAudit(sql, 'account_audit', [MAC])).toMatchObject({ brokenAt: 3 })
})
