import { expect, test } from 'vitest'
import { compareConfigurations } from '../../../src/config/repository-file.ts'

/** Whoever may open a pull request can have a file judged, of any 64 KiB: while that takes, nothing else happens in this process. */

const file = (environments: readonly string[]): string =>
  ['version: 1', 'app: shop', 'images: { main: { repository: ghcr.io/acme/shop } }', 'environments:', ...environments.map((one) => `  ${one}`)].join(
    '\n',
  )
const one = (rules: string): string => file([`e: { target: m, ${rules} }`])
const times = (count: number, item: (index: number) => string): string[] => Array.from({ length: count }, (_, index) => item(index))
const list = (count: number, prefix: string): string => times(count, (index) => `${prefix}${index}`).join(', ')
const settings = (prefix: string): string => one(`settings: { ${times(2_000, (index) => `${prefix}${index}: 1`).join(', ')} }`)

test.each([
  [
    'thousands of branches that begin and others that may',
    null,
    one(`from: { branches: [${list(2_400, 'a')}] }, auto: { push: [${list(2_400, 'b')}] }`),
  ],
  ['one pattern of many stars', null, one(`from: { branches: ["${'*a'.repeat(15_000)}"] }, auto: { push: ["${'a'.repeat(30_000)}"] }`)],
  ['all people, and then others', one(`allow: { any: [${list(4_000, 'user:a')}] }`), one(`allow: { any: [${list(4_000, 'user:b')}] }`)],
  [
    'a long row of environments',
    null,
    file(times(700, (index) => `e${index}: { target: m, after: { environment: e${Math.max(index - 1, 0)}, healthy_for: 1m } }`)),
  ],
  ['a long circle', null, file(times(700, (index) => `e${index}: { target: m, after: { environment: e${(index + 1) % 700} } }`))],
  [
    'environments that nearly have the names that are meant',
    null,
    file(times(700, (index) => `a${'a'.repeat(15)}${index}: { target: m, after: { environment: b${'a'.repeat(15)}${index} } }`)),
  ],
  ['settings with other names', settings('a'), settings('b')],
])('%s are judged in no time', (_, before, after) => {
  const start = performance.now()
  compareConfigurations(before, after, 'shop')
  // Half a second is ample; this machine may have other things to do.
  expect(performance.now() - start).toBeLessThan(2_000)
})
