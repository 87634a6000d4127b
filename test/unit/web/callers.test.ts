import { expect, test } from 'vitest'
import type { Repository } from '../../../src/deploy/deployment.ts'
import type { Directory } from '../../../src/deploy/directory.ts'
import { createCallers } from '../../../src/web/callers.ts'
import { userCaller } from '../../../src/web/callers/user.ts'
import { Time } from '../../world/time.ts'

const nothing = async () => false
const ADA = userCaller({ id: 1, login: 'ada' }, nothing)
const GRACE = userCaller({ id: 2, login: 'grace' }, nothing)
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
function setUp() {
  const time = new Time(() => Promise.resolve())
  const asked: string[] = []
  let isDown = false
  let answers = Promise.resolve()
  const directory: Directory = {
    identify: async (secret) => {
      asked.push(secret.reveal())
      await answers
      if (isDown) throw new Error('GitHub is down')
      return `Bearer ${secret.reveal()}` === ADAS ? ADA.actor : null
    },
    repository: async (owner, name) => {
      asked.push(`${owner}/${name}`)
      return name.startsWith('none') ? null : ({ id: 7 } as Repository)
    },
    role: async () => 'read',
    thread: async () => null,
    account: async () => null,
    standing: async () => 'stranger',
  }
  return {
    time,
    asked,
    callers: createCallers({ ...nobodyElse, directory, clock: time, hash: (text) => text }),
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
  const all = Array.from({ length: 500 }, (_, nth) => codeOf(callers.identify(token(nth + 1), false)).then((code) => codes.push(code)))
  await expect.poll(() => codes).toEqual(Array.from({ length: 440 }, () => 'TOO_MANY_REQUESTS'))
  github.resolve()
  await Promise.all(all)
  expect(asked).toHaveLength(60)
  expect(codes.slice(440)).toEqual(Array.from({ length: 60 }, () => 'AUTHENTICATION_REQUIRED'))
})

test('whoever guesses does not lock out a token that was good before', async () => {
  const { callers, time } = setUp()
  expect((await callers.identify(ADAS, false)).actor).toEqual(ADA.actor)
  await time.passes('2 minutes')
  for (let nth = 1; nth <= 100; nth += 1) await codeOf(callers.identify(token(nth), false))
  expect(await codeOf(callers.identify(token(101), false))).toBe('TOO_MANY_REQUESTS')
  expect((await callers.identify(ADAS, false)).actor).toEqual(ADA.actor)
})

test('what GitHub does not answer is no guess', async () => {
  const { callers, goesDown } = setUp()
  goesDown(true)
  for (let nth = 1; nth <= 100; nth += 1) await codeOf(callers.identify(token(nth), false))
  goesDown(false)
  expect((await callers.identify(ADAS, false)).actor).toEqual(ADA.actor)
})

test('a repository is looked up once a minute, in whatever spelling, and one caller cannot have ever others looked up', async () => {
  const { callers, asked, time } = setUp()
  for (const name of ['shop', 'Shop', 'sHOP']) await callers.repository(ADA, 'acme', name)
  expect(asked).toEqual(['acme/shop'])
  await callers.repository(GRACE, 'acme', 'shop')
  expect(asked).toHaveLength(2)
  const codes = []
  for (let nth = 0; nth < 100; nth += 1) codes.push(await codeOf(callers.repository(ADA, 'acme', `none-${nth}`)))
  expect(codes.filter((code) => code === 'TOO_MANY_REQUESTS')).toHaveLength(41)
  expect(asked).toHaveLength(61)
  expect(await callers.repository(ADA, 'acme', 'shop')).not.toBeNull()
  expect(await callers.repository(GRACE, 'acme', 'none-x')).toBeNull()
  await time.passes('1 minute')
  expect(await callers.repository(ADA, 'acme', 'none-y')).toBeNull()
})

test('what was known is not believed for longer because the clock was set back', async () => {
  const { callers, asked, time } = setUp()
  await callers.identify(ADAS, false)
  time.moves(-3_600_000)
  await callers.identify(ADAS, false)
  expect(asked).toHaveLength(2)
})
