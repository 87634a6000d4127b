import type { Context } from 'hono'
import { expect, test } from 'vitest'
import { etag, expectedIn } from '../../../src/web/expected.ts'

const read = (headers: Readonly<Record<string, string>>): unknown => {
  try {
    return expectedIn({ req: { header: (name: string) => headers[name] } } as Context)
  } catch (error) {
    return (error as { problem: { code: string } }).problem.code
  }
}

test.each<[Record<string, string>, unknown]>([
  [{}, 'whatever'],
  [{ 'if-match': '*' }, 'anything'],
  [{ 'if-none-match': ' * ' }, 'nothing'],
  [{ 'if-match': etag('8e545159:9e28c9d71f4a') }, ['8e545159:9e28c9d71f4a']],
  [{ 'if-match': '"a", W/"b" ,"c"' }, ['a', 'c']],
  [{ 'if-match': 'W/"a"' }, []],
  ...['', 'a', '"', '"a" "b"', '"a",', '*, "a"', '"a\u0001"'].map((text): [Record<string, string>, unknown] => [
    { 'if-match': text },
    'REQUEST_MALFORMED',
  ]),
  [{ 'if-none-match': '"a"' }, 'REQUEST_MALFORMED'],
  [{ 'if-match': '*', 'if-none-match': '*' }, 'REQUEST_MALFORMED'],
])('%j means %j', (headers, meant) => expect(read(headers)).toEqual(meant))
