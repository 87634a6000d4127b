import { readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { targetKinds } from '../../../src/targets/index.ts'

test('every file in src/targets is in the list, and every kind in the list has its file', () => {
  const files = readdirSync(new URL('../../../src/targets', import.meta.url), { withFileTypes: true })
  const names = files.filter((file) => file.isFile() && file.name !== 'index.ts').map(({ name }) => name.replace(/\.ts$/, ''))
  expect(names.toSorted()).toEqual(targetKinds.map(({ kind }) => kind).toSorted())
})

test('a folder in src/targets belongs to the kind of its name', () => {
  const entries = readdirSync(new URL('../../../src/targets', import.meta.url), { withFileTypes: true })
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  expect(targetKinds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(folders))
})
