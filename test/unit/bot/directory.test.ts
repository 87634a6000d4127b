import { expect, test } from 'vitest'
import { createDirectory, type DirectoryDoors } from '../../../src/bot/directory.ts'
import { Secret } from '../../../src/secret.ts'
import { Time } from '../../world/time.ts'

const TOKEN = new Secret(`ghu_${'a'.repeat(36)}`)

function setUp(answer: (signal: AbortSignal) => Response) {
  const clock = new Time(() => Promise.resolve())
  let asked = 0
  const fetch = async (_url: string, { signal }: { readonly signal: AbortSignal }) => {
    asked += 1
    return answer(signal)
  }
  const oauth = { clientId: 'Iv1.a', clientSecret: new Secret('its secret') }
  const doors = { clock, fetch, apiUrl: 'https://api.github.test', oauth } as unknown as DirectoryDoors
  return { clock, directory: createDirectory(doors), asked: () => asked }
}
const codeOf = (answer: Promise<unknown>): Promise<string> =>
  answer.then(
    () => 'none',
    (error: { problem?: { code: string } }) => error.problem?.code ?? 'another',
  )

test.each<readonly [what: string, status: number, headers: Record<string, string>, message: string, code: string]>([
  ['its hour is used up', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1795435500' }, '', 'GITHUB_RATE_LIMITED'],
  ['it was asked too fast', 403, { 'retry-after': '90' }, '', 'GITHUB_RATE_LIMITED'],
  ['only words say so', 403, {}, 'You have exceeded a secondary rate limit', 'GITHUB_RATE_LIMITED'],
  ['it was asked too often', 429, {}, '', 'GITHUB_RATE_LIMITED'],
  ['the password is wrong', 401, {}, 'Bad credentials', 'GITHUB_REFUSED'],
  ['it is broken', 502, {}, '', 'GITHUB_UNAVAILABLE'],
  ['it answers something else', 200, {}, 'hello', 'GITHUB_UNAVAILABLE'],
])('GitHub is asked whose a token is, and %s', async (_what, status, headers, message, code) => {
  const { directory } = setUp(() => Response.json({ message }, { status, headers }))
  expect(await codeOf(directory.identify(TOKEN))).toBe(code)
})

test('inside a window that GitHub has named it is not asked again', async () => {
  const { clock, directory, asked } = setUp(() => Response.json({ message: 'slow down' }, { status: 403, headers: { 'retry-after': '90' } }))
  for (let times = 0; times < 10; times += 1) expect(await codeOf(directory.identify(TOKEN))).toBe('GITHUB_RATE_LIMITED')
  expect(asked()).toBe(1)
  await clock.passes('90 seconds')
  await codeOf(directory.identify(TOKEN))
  expect(asked()).toBe(2)
})

test('a body that never ends is waited for as long as for headers, and no longer', async () => {
  const { clock, directory } = setUp((signal) => {
    const start = (body: ReadableStreamDefaultController) => signal.addEventListener('abort', () => body.error(signal.reason))
    return new Response(new ReadableStream({ start }))
  })
  const code = codeOf(directory.identify(TOKEN))
  await new Promise(setImmediate)
  await clock.passes('15 seconds')
  expect(await code).toBe('GITHUB_UNAVAILABLE')
})
