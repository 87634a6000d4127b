import { expect, test } from 'vitest'
import type { Standing } from '../../../src/deploy/directory.ts'
import type { Party } from '../../../src/deploy/environment.ts'
import { createLimits } from '../../../src/deploy/limits.ts'
import { createAdministrators } from '../../../src/web/administrators.ts'
import type { Caller } from '../../../src/web/caller.ts'
import { Time } from '../../world/time.ts'

const ADA: Caller = { key: '1', countedBy: '1', actor: { id: 1, login: 'ada', app: null }, actions: ['read', 'deploy'], sees: () => true }
const PARTIES: readonly Party[] = [{ kind: 'team', organisation: 'acme', slug: 'platform' }]

function setUp() {
  const time = new Time(async () => {})
  const asked = { accounts: 0, standings: 0 }
  const world: { is: Standing; isThere: boolean; isDown: boolean } = { is: 'administrator', isThere: true, isDown: false }
  const directory = {
    account: async (login: string) => {
      asked.accounts += 1
      if (world.isDown) throw new Error('GitHub is down')
      return world.isThere ? { id: 42, login, isOrganization: true, installation: 7 } : null
    },
    standing: async () => {
      asked.standings += 1
      return world.is
    },
  }
  const limits = createLimits({ rows: { all: () => [], write: () => {} }, clock: time, trouble: () => {} })
  const { account } = createAdministrators({ directory, administration: { administrators: () => PARTIES }, clock: time, limits })
  const comes = (does: 'look' | 'change', who: Caller = ADA, login = 'acme'): Promise<string> =>
    account(login, who, does).then(
      ({ id }) => String(id),
      (error: { problem?: { code: string } }) => error.problem?.code ?? 'another',
    )
  return { time, asked, world, comes, account }
}

test('whoever looks is believed for a minute, and whoever changes something is asked about each time', async () => {
  const { time, asked, world, comes } = setUp()
  expect([await comes('look'), await comes('look'), await comes('look')]).toEqual(['42', '42', '42'])
  expect(asked.standings).toBe(1)
  expect([await comes('change'), await comes('change')]).toEqual(['42', '42'])
  expect(asked.standings).toBe(3)
  world.is = 'member'
  expect([await comes('change'), await comes('look')]).toEqual(['PERMISSION_REQUIRED', '42'])
  await time.passes('61 seconds')
  expect(await comes('look')).toBe('PERMISSION_REQUIRED')
})

test('the first change asks once', async () => {
  const { asked, comes } = setUp()
  expect([await comes('change'), asked]).toEqual(['42', { accounts: 1, standings: 1 }])
})

test('what is made anew beside somebody who looks is not taken for an answer to them', async () => {
  const { time, world, comes, asked } = setUp()
  await comes('look')
  await time.passes('50 seconds')
  world.is = 'stranger'
  expect(await comes('change')).toBe('ACCOUNT_UNKNOWN')
  expect(asked.standings).toBe(2)
})

test('whoever looks has the answer of a moment ago, though GitHub cannot be asked anew', async () => {
  const { time, world, comes } = setUp()
  await comes('look')
  await time.passes('50 seconds')
  world.isDown = true
  expect([await comes('look'), await comes('change')]).toEqual(['42', 'another'])
  await time.passes('11 seconds')
  expect(await comes('look')).toBe('another')
})

test.each<[Standing, string]>([
  ['member', 'PERMISSION_REQUIRED'],
  ['stranger', 'ACCOUNT_UNKNOWN'],
])('a %s is refused for half a minute without another question: nobody uses up what GitHub lets be asked', async (is, code) => {
  const { time, world, comes, asked } = setUp()
  world.is = is
  for (let times = 0; times < 50; times += 1) expect(await comes('change')).toBe(code)
  expect(asked.standings).toBe(1)
  world.is = 'administrator'
  await time.passes('31 seconds')
  expect(await comes('change')).toBe('42')
})

test('one caller asks about ten accounts within a minute that are none for them, and neither Apps nor programs administer any', async () => {
  const { asked, world, comes, account } = setUp()
  world.isThere = false
  for (let nth = 0; nth < 10; nth += 1) expect(await comes('look', ADA, `none-${nth}`)).toBe('ACCOUNT_UNKNOWN')
  expect(await comes('look', ADA, 'another')).toBe('TOO_MANY_REQUESTS')
  expect(await comes('look', { ...ADA, key: 'app', actor: { ...ADA.actor, app: { id: 9, slug: 'robot' } } })).toBe('ACCOUNT_UNKNOWN')
  const program = { kind: 'token', id: 'x', name: 'ci', environments: [] } as const
  expect(await comes('look', { ...ADA, key: 'program', actor: { ...ADA.actor, program } })).toBe('ACCOUNT_UNKNOWN')
  expect(asked.accounts).toBe(10)
  await expect(account('acme', { ...ADA, key: 'x', countedBy: 'x' }, 'look')).rejects.toMatchObject({ problem: { code: 'ACCOUNT_UNKNOWN' } })
})

test('a member is told who may', async () => {
  const { world, account } = setUp()
  world.is = 'member'
  await expect(account('acme', ADA, 'look')).rejects.toMatchObject({ problem: { wanted: 'an owner of acme, team:acme/platform', who: 'account' } })
})
