import { expect, test } from 'vitest'
import type { Person, Repository } from '../../../src/deploy/deployment.ts'
import type { Directory } from '../../../src/deploy/directory.ts'
import { createLimits } from '../../../src/deploy/limits.ts'
import type { Caller } from '../../../src/web/caller.ts'
import { createCallers } from '../../../src/web/callers.ts'
import { userCaller } from '../../../src/web/callers/user.ts'
import { Time } from '../../world/time.ts'

const nothing = async () => 'none' as const
const everything = async () => 'write' as const
const ADA = userCaller({ id: 1, login: 'ada' }, everything)
const GRACE = userCaller({ id: 2, login: 'grace' }, everything)
const token = (nth: number): string => `Bearer ghu_${String(nth).padStart(36, '0')}`
const ADAS = token(0)

/** No workflow and no API token calls here. */
const nobodyElse = {
  issuer: null,
  spent: { spend: () => false },
  tokens: { make: async () => null, find: async () => null, list: () => [], revoke: () => false, isRevoked: () => true },
  fetch: async () => Response.error(),
}

/** A GitHub that knows one token, and as many repositories as anybody names. */
function setUp(whose = (text: string): Person | null => (`Bearer ${text}` === ADAS ? ADA.actor : null)) {
  const time = new Time(() => Promise.resolve())
  const asked: string[] = []
  let isDown = false
  let answers = Promise.resolve()
  const directory: Directory = {
    identify: async (secret) => {
      asked.push(secret.reveal())
      await answers
      if (isDown) throw new Error('GitHub is down')
      return whose(secret.reveal())
    },
    repository: async (owner, name) => {
      asked.push(`${owner}/${name}`)
      if (isDown) throw new Error('GitHub is down')
      return name.startsWith('none') ? null : ({ id: 7 } as Repository)
    },
    role: async () => 'read',
    thread: async () => null,
    account: async () => null,
    standing: async () => 'stranger',
    signInPage: () => '',
    signIn: async () => null,
    commits: async () => null,
  }
  const limits = createLimits({ rows: { all: () => [], write: () => {} }, clock: time, trouble: () => {} })
  const callers = createCallers({ ...nobodyElse, directory, clock: time, limits, hash: (text) => text })
  return {
    time,
    asked,
    callers: { ...callers, identify: (header: string, address: string | null = null) => callers.identify(header, address) },
    goesDown: (is: boolean) => (isDown = is),
    waitsFor: (what: Promise<void>) => (answers = what),
  }
}
const codeOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(String, (error: { problem?: { code: string } }) => error.problem?.code ?? 'none')

test('of tokens that are guessed at one time, GitHub is asked about sixty', async () => {
  const { callers, asked, waitsFor } = setUp()
  const github = Promise.withResolvers<void>()
  void waitsFor(github.promise)
  const codes: string[] = []
  const all = Array.from({ length: 500 }, (_, nth) => codeOf(callers.identify(token(nth + 1))).then((code) => codes.push(code)))
  await expect.poll(() => codes).toEqual(Array.from({ length: 440 }, () => 'TOO_MANY_REQUESTS'))
  github.resolve()
  await Promise.all(all)
  expect(asked).toHaveLength(60)
  expect(codes.slice(440)).toEqual(Array.from({ length: 60 }, () => 'AUTHENTICATION_REQUIRED'))
})

test('whoever guesses does not lock out a token that was good before', async () => {
  const { callers, time } = setUp()
  expect((await callers.identify(ADAS)).actor).toEqual(ADA.actor)
  await time.passes('2 minutes')
  for (let nth = 1; nth <= 100; nth += 1) await codeOf(callers.identify(token(nth)))
  expect(await codeOf(callers.identify(token(101)))).toBe('TOO_MANY_REQUESTS')
  expect((await callers.identify(ADAS)).actor).toEqual(ADA.actor)
})

test('whoever guesses from one address keeps nobody out who signs in from another, and may try again soon', async () => {
  const { callers, asked, time } = setUp()
  for (let nth = 1; nth <= 100; nth += 1) await codeOf(callers.identify(token(nth), '192.0.2.1'))
  expect(asked).toHaveLength(20)
  expect(await codeOf(callers.identify(ADAS, '192.0.2.1'))).toBe('TOO_MANY_REQUESTS')
  expect((await callers.identify(ADAS, '192.0.2.2')).key).toBe('1')
  expect((await callers.identify(ADAS, '192.0.2.1')).key).toBe('1')
  await time.passes('3 seconds')
  expect(await codeOf(callers.identify(token(101), '192.0.2.1'))).toBe('AUTHENTICATION_REQUIRED')
})

test('API tokens that are guessed count by address, too', async () => {
  const { callers } = setUp()
  const wrong = `Bearer gantry_7_${'0'.repeat(10)}_${'0'.repeat(50)}_000000`
  const codes = []
  for (let nth = 1; nth <= 30; nth += 1) codes.push(await codeOf(callers.identify(wrong, '192.0.2.1')))
  expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(10)
  expect(await codeOf(callers.identify(wrong, '192.0.2.2'))).toBe('AUTHENTICATION_REQUIRED')
})

test('of IPv6 whoever guesses from many networks of one /48 is one', async () => {
  const { callers, asked } = setUp()
  const wrong = `Bearer gantry_7_${'0'.repeat(10)}_${'0'.repeat(50)}_000000`
  const codes = []
  for (let nth = 1; nth <= 100; nth += 1) {
    const address = `2001:db8:7:${nth.toString(16)}::/64`
    codes.push(await codeOf(callers.identify(nth % 2 === 0 ? wrong : token(nth), address)))
  }
  expect([asked.length, codes.filter((code) => code === 'TOO_MANY_REQUESTS').length]).toEqual([10, 80])
  expect((await callers.identify(ADAS, '2001:db8:8:1::/64')).key).toBe('1')
})

test('tokens that turn out to be good do not count, however many people sign in from one address', async () => {
  const { callers } = setUp((text) => ({ id: Number(text.slice(-6)), login: 'somebody' }))
  for (let nth = 1; nth <= 100; nth += 1) expect((await callers.identify(token(nth), '192.0.2.1')).key).toBe(String(nth))
})

test('what GitHub does not answer is no guess', async () => {
  const { callers, goesDown } = setUp()
  goesDown(true)
  for (let nth = 1; nth <= 100; nth += 1) await codeOf(callers.identify(token(nth)))
  goesDown(false)
  expect((await callers.identify(ADAS)).actor).toEqual(ADA.actor)
})

test('a repository is looked up once a minute, in whatever spelling, and one caller cannot have ever others looked up', async () => {
  const { callers, asked, time } = setUp()
  for (const name of ['shop', 'Shop', 'sHOP']) await callers.repository(ADA, 'acme', name)
  expect(asked).toEqual(['acme/shop'])
  await callers.repository(GRACE, 'acme', 'shop')
  expect(asked).toHaveLength(2)
  const codes = []
  for (let nth = 0; nth < 100; nth += 1) codes.push(await codeOf(callers.repository(ADA, 'acme', `shop-${nth}`)))
  expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(61)
  expect(asked).toHaveLength(41)
  expect(await callers.repository(ADA, 'acme', 'shop')).not.toBeNull()
  expect(await callers.repository(GRACE, 'acme', 'none-x')).toBeNull()
  await time.passes('1 minute')
  expect(await callers.repository(ADA, 'acme', 'none-y')).toBeNull()
})

test('names that are not there, or not for whoever asks, are asked about ten times for each and thirty for all, and nobody loses what they saw', async () => {
  const { callers, asked, time } = setUp()
  await callers.repository(ADA, 'acme', 'shop')
  await time.passes('2 minutes')
  const makesUp = async (who: Caller, name: string): Promise<number> => {
    const before = asked.length
    for (let nth = 0; nth < 50; nth += 1) await codeOf(callers.repository(who, 'acme', `${name}-${nth}`))
    return asked.length - before
  }
  const strangers = [3, 4, 5, 6].map((id) => userCaller({ id, login: `bot-${id}` }, nothing))
  const counts = []
  for (const [nth, stranger] of strangers.entries()) counts.push(await makesUp(stranger, nth % 2 === 0 ? 'none' : 'private'))
  expect(counts).toEqual([10, 10, 10, 0])
  // Hers she saw before; of another one nobody can say yet whose it is.
  expect(await callers.repository(ADA, 'acme', 'shop')).not.toBeNull()
  expect(await codeOf(callers.repository(GRACE, 'acme', 'shop'))).toBe('TOO_MANY_REQUESTS')
  await time.passes('2 seconds')
  expect(await callers.repository(GRACE, 'acme', 'shop')).not.toBeNull()
})

test('all together have GitHub asked sixty times a minute at once, also about what they see: the rest is for the bot', async () => {
  const { callers, asked, time } = setUp()
  const owns = async (who: Caller): Promise<number> => {
    const before = asked.length
    for (let nth = 0; nth < 100; nth += 1) await codeOf(callers.repository(who, 'mallory', `own-${nth}`))
    return asked.length - before
  }
  const logins = [1, 2, 3].map((id) => userCaller({ id, login: `mallory-${id}` }, everything))
  const counts = []
  for (const login of logins) counts.push(await owns(login))
  expect(counts).toEqual([40, 20, 0])
  await time.passes('30 minutes')
  for (let minute = 0; minute < 60; minute += 1) {
    for (const login of logins) await owns(login)
    await time.passes('1 minute')
  }
  // The hour's, and what had come together before it.
  expect(asked.length - 60).toBeLessThanOrEqual(3_600 + 60)
})

test('what GitHub does not answer about a name is no miss, and what was taken away is one', async () => {
  const { callers, asked, time, goesDown } = setUp()
  await callers.repository(ADA, 'acme', 'shop')
  goesDown(true)
  for (let nth = 0; nth < 15; nth += 1) await codeOf(callers.repository(ADA, 'acme', `shop-${nth}`))
  goesDown(false)
  for (let nth = 0; nth < 15; nth += 1) await callers.repository(ADA, 'acme', `shop-${nth}`)
  expect(asked).toHaveLength(31)
  await time.passes('2 minutes')
  const blind = { ...ADA, sees: () => false }
  for (let nth = 0; nth < 15; nth += 1) await callers.repository(blind, 'acme', `shop-${nth}`)
  await time.passes('2 minutes')
  const codes = []
  for (let nth = 0; nth < 15; nth += 1) codes.push(await codeOf(callers.repository(blind, 'acme', `shop-${nth}`)))
  expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(5)
})

test('a workflow has its own repository looked up and no other, and all files of a repository count as one', async () => {
  const { callers, asked } = setUp()
  const flow = (file: string, home: string): Caller => ({ ...ADA, key: `w7/${file}`, countedBy: 'w7', home, sees: ({ id }) => id === 7 })
  for (let nth = 0; nth < 100; nth += 1) expect(await callers.repository(flow(`${nth}.yml`, 'evil/x'), 'acme', `none-${nth}`)).toBeNull()
  expect(asked).toEqual([])
  for (let nth = 0; nth < 100; nth += 1) expect(await callers.repository(flow(`${nth}.yml`, 'acme/Shop'), 'Acme', 'shop')).toMatchObject({ id: 7 })
  expect(asked).toHaveLength(1)
})

test('what was known is not believed for longer because the clock was set back', async () => {
  const { callers, asked, time } = setUp()
  await callers.identify(ADAS)
  time.moves(-3_600_000)
  await callers.identify(ADAS)
  expect(asked).toHaveLength(2)
})
