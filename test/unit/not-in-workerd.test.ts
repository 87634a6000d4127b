import { existsSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { NOT_HERE } from '../workers/not-here.ts'

const TESTS = new URL('../', import.meta.url)

test('what is said not to run in workerd is there', () => {
  expect(Object.keys(NOT_HERE).filter((file) => !existsSync(new URL(file, TESTS)))).toEqual([])
})

test('nearly every story runs there', () => {
  const stories = readdirSync(new URL('stories/', TESTS)).filter((file) => file.endsWith('.test.ts'))
  expect(stories.filter((file) => !(`stories/${file}` in NOT_HERE)).length).toBeGreaterThan(stories.length * 0.9)
})
