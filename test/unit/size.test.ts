import { describe, expect, test } from 'vitest'
import { sources, textOf } from './house.ts'

/** A file of more lines is two files; a function of more lines is several. 250 and 45 are where a reviewer asks. */
const FILE = 400
const FUNCTION = 80

interface Measured {
  readonly line: number
  readonly length: number
}

const HEAD = /^(\s*)(?!.*\b(?:if|for|while|switch|catch|else|do|try|class|interface)\b\s*[({]?.*\{$).*(?:=> \(?\{|\)(?:: .+)? \{)$/

/** Every function by its first line. The formatter makes this simple: a block ends at the next line that is indented like its head. */
function functionsIn(text: string): Measured[] {
  const lines = text.split('\n')
  return lines.flatMap((line, index) => {
    const indent = HEAD.exec(line)?.[1]
    if (indent === undefined) return []
    const length = lines.slice(index + 1).findIndex((later) => later.startsWith(`${indent}}`) || later.startsWith(`${indent})`)) + 2
    return [{ line: index + 1, length }]
  })
}

describe.each(sources)('%s', (file) => {
  const text = textOf(file)
  test(`has at most ${FILE} lines`, () => expect(text.split('\n').length - 1).toBeLessThanOrEqual(FILE))
  test(`has no function of more than ${FUNCTION} lines`, () => expect(functionsIn(text).filter(({ length }) => length > FUNCTION)).toEqual([]))
})

test('functions of every form are measured', () => {
  const text = `
function plain(a: string): void {
  work()
}
export const arrow = async (a: string): Promise<void> => {
  if (a) {
    work()
  }
}
class Thing {
  method({ a }: A): B {
    return a
  }
  async run<T>(work: () => Promise<T>): Promise<T> {
    return work()
  }
}
export function long(
  first: string,
  second: string,
): void {
  for (const a of b) {
    work()
  }
}
return sql.transaction(() => {
  work()
})
`
  expect(functionsIn(text)).toEqual([
    { line: 2, length: 3 },
    { line: 5, length: 5 },
    { line: 11, length: 3 },
    { line: 14, length: 3 },
    { line: 21, length: 5 },
    { line: 26, length: 3 },
  ])
})

test('functions are found in the real house', () => {
  expect(sources.flatMap((file) => functionsIn(textOf(file))).length).toBeGreaterThan(200)
})
