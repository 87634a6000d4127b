import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { CODES } from '../../src/errors.ts'
import { causes } from '../world/registry-failures/index.ts'

// docs/registry-failures.md is written by a program that brings every cause about; here is only looked whether it is still about them.

interface Row {
  readonly what: string
  readonly skopeo: string
  readonly code: string
  readonly words: string
}

const text = readFileSync(new URL('../../docs/registry-failures.md', import.meta.url), 'utf8')
const rows: readonly Row[] = [...text.matchAll(/^\| (?!what goes|---)(.+?) \| (.+?) \| `([A-Z_]+)` (.+) \|$/gm)].map(
  ([, what = '', skopeo = '', code = '', words = '']) => ({
    what,
    skopeo,
    code,
    words,
  }),
)

test('compares at least 25 causes', () => {
  expect(rows.length).toBeGreaterThanOrEqual(25)
  expect(rows.length).toBe([...text.matchAll(/^\| /gm)].length - 2)
})

describe.each(rows)('$what', ({ what, code, words }) => {
  test('has a code that exists', () => expect(Object.keys(CODES)).toContain(code))

  test('is a cause that is tested, under the same code', () => {
    expect(causes.filter((cause) => cause.what === what).map((cause) => cause.code)).toEqual([code])
  })

  test('says what happened and what to do', () => expect(words.match(/[.!] /g)?.length ?? 0).toBeGreaterThan(0))
})

test('no two causes have the same name', () => expect(new Set(causes.map(({ what }) => what)).size).toBe(causes.length))
