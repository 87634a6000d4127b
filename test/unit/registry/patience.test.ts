import { describe, expect, test } from 'vitest'
import { isFinal, isPassing, isUsedUp, limitOf, retryAfter } from '../../../src/registry/patience.ts'

const answer = (headers: Readonly<Record<string, string>> = {}, status = 429): Response => new Response(null, { status, headers })

describe('how long to wait', () => {
  test.for([
    ['0', 0],
    ['3', 3_000],
    [' 120 ', 120_000],
    ['86400', 86_400_000],
  ] as const)('Retry-After: %s', ([header, ms]) => expect(retryAfter(answer({ 'retry-after': header }))).toBe(ms))

  test('a date is read against the answer’s own, so that no clock here plays a part', () => {
    const date = 'Sun, 06 Nov 1994 08:49:37 GMT'
    expect(retryAfter(answer({ date, 'retry-after': 'Sun, 06 Nov 1994 08:50:07 GMT' }))).toBe(30_000)
    expect(retryAfter(answer({ date, 'retry-after': 'Sun, 06 Nov 1994 08:49:00 GMT' }))).toBe(0)
    expect(retryAfter(answer({ 'retry-after': 'Sun, 06 Nov 1994 08:50:07 GMT' }))).toBeUndefined()
  })

  test.for([
    ['retry-after: 985.86µs, allowed: 44000/minute', 1],
    ['retry-after: 1m2.5s, allowed: 44000/minute', 62_500],
    ['too many requests (retry-after: 250ms)', 250],
    ['retry-after: 2h', 7_200_000],
    ['retry-after: 5us', 1],
  ] as const)('GHCR’s message "%s"', ([text, ms]) => expect(retryAfter(answer(), text)).toBe(ms))

  test.for(['', 'slow down', 'retry-after: soon', 'retry-after: 5', 'retry-after: 5s5x'])('nothing is made out of "%s"', (text) =>
    expect(retryAfter(answer(), text)).toBeUndefined(),
  )

  test('the header counts, whatever the message says', () => {
    expect(retryAfter(answer({ 'retry-after': '3' }), 'retry-after: 2h')).toBe(3_000)
  })

  test.for(['-1', '1.5', 'soon', '1e3', '0x10'])('Retry-After: %s is none', (header) =>
    expect(retryAfter(answer({ date: 'Sun, 06 Nov 1994 08:49:37 GMT', 'retry-after': header }))).toBeUndefined(),
  )
})

describe('a limit that is used up for hours', () => {
  test.for([
    ['Docker Hub’s header', { 'ratelimit-remaining': '0;w=21600' }, ''],
    ['Docker Hub’s words', {}, 'You have reached your pull rate limit. https://www.docker.com/increase-rate-limit'],
    ['ECR Public’s words', {}, 'Data limit exceeded'],
  ] as const)('%s', ([, headers, text]) => expect(isUsedUp(answer(headers), text)).toBe(true))

  test.for([
    ['some pulls are left', { 'ratelimit-remaining': '76;w=21600' }, '', 429],
    ['it says when to come back', { 'ratelimit-remaining': '0;w=21600', 'retry-after': '3' }, '', 429],
    ['the limit against abuse', {}, 'Too Many Requests', 429],
    ['no 429 at all', { 'ratelimit-remaining': '0;w=21600' }, '', 200],
  ] as const)('not where %s', ([, headers, text, status]) => expect(isUsedUp(answer(headers, status), text)).toBe(false))
})

test('a limit is told in its own numbers, as far as they are said', () => {
  const headers = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600', 'docker-ratelimit-source': '192.0.2.1' }
  expect(limitOf(answer(headers))).toBe('limit 100;w=21600, left 0;w=21600, counted for 192.0.2.1')
  expect(limitOf(answer({ 'ratelimit-remaining': '76;w=21600' }))).toBe('left 76;w=21600')
  expect(limitOf(answer())).toBe('')
})

test.for([408, 425, 429, 499, 500, 502, 503, 504, 520, 524])('%i may be over in a moment', (status) => expect(isPassing(status)).toBe(true))
test.for([200, 301, 400, 401, 403, 404, 405, 501, 505])('%i stays as it is', (status) => expect(isPassing(status)).toBe(false))

test('a 500 may be a no in other words', () => {
  expect(isFinal(answer({}, 500), '{"details":"unsupported authentication scheme"}')).toBe(true)
  expect(isFinal(answer({}, 500), 'panic')).toBe(false)
  expect(isFinal(answer({}, 503), 'unsupported authentication scheme')).toBe(false)
})
