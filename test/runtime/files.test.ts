import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Files } from '../../src/deploy/target.ts'
import { nodeFiles } from '../../src/runtime/files.ts'

let folder: string
let files: Files
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-files-'))
  files = nodeFiles(join(folder, 'home'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const bytes = (text: string) => new TextEncoder().encode(text)
const text = async (path: string) => {
  const found = await files.read(path)
  return found && new TextDecoder().decode(found)
}

test('nothing is there before anything is written', async () => {
  expect(await files.read('a')).toBeUndefined()
  expect(await files.open('a/b')).toBeUndefined()
  expect(await files.list('a')).toEqual([])
  await files.remove('a')
})

test.each([undefined, { durable: false }])('a file is written with its folders, from bytes or a stream, and replaced (%j)', async (options) => {
  await files.write('a/b', bytes('one'), options)
  await files.write('a/c', new Blob(['two']).stream(), options)
  await files.write('a/b', bytes('three'), options)
  expect([await text('a/b'), await text('a/c')]).toEqual(['three', 'two'])
  expect((await files.list('a')).toSorted()).toEqual(['b', 'c'])
})

test('a file whose stream breaks is not there, and the older one still is', async () => {
  await files.write('a', bytes('old'))
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(bytes('half'))
      controller.error(new Error('cut'))
    },
  })
  await expect(files.write('a', broken)).rejects.toThrow('cut')
  expect(await text('a')).toBe('old')
  expect(await files.list('x')).toEqual([])
})

test('what a crash left of a file is not listed, and overwritten by the next try', async () => {
  await files.write('d/a', bytes('old'))
  writeFileSync(join(folder, 'home/d/.a.part'), 'half of something longer')
  expect(await files.list('d')).toEqual(['a'])
  await files.write('d/a', bytes('new'))
  expect(readFileSync(join(folder, 'home/d/a'), 'utf8')).toBe('new')
  expect(existsSync(join(folder, 'home/d/.a.part'))).toBe(false)
})

test('a folder moves whole, a file replaces another', async () => {
  await files.write('t/a/b', bytes('1'), { durable: false })
  await files.write('t/c', bytes('2'), { durable: false })
  await files.move('t', 'releases/x')
  expect([await text('releases/x/a/b'), await text('releases/x/c'), await text('t/c')]).toEqual(['1', '2', undefined])
  await files.write('new', bytes('3'))
  await files.move('new', 'releases/x/c')
  expect(await text('releases/x/c')).toBe('3')
  await files.remove('releases')
  expect(await files.list('releases')).toEqual([])
})

test('an open file can be read although it has been removed meanwhile; a folder is no file', async () => {
  await files.write('d/a', bytes('still here'))
  const opened = await files.open('d/a')
  await files.remove('d')
  expect([opened?.size, await new Response(opened?.content).text()]).toEqual([10, 'still here'])
  await files.write('d/b', bytes(''))
  expect([await files.open('d'), await files.read('d')]).toEqual([undefined, undefined])
})

describe('a path that would leave the folder', () => {
  test.each(['', '/etc/passwd', '../x', 'a/../../x', 'a//b', './a', 'a/', 'a\\b', 'a\0b'])('%j', async (path) => {
    for (const verb of ['read', 'open', 'list', 'remove'] as const) await expect(async () => files[verb](path)).rejects.toThrow('not a path inside')
    await expect(async () => files.write(path, bytes(''))).rejects.toThrow('not a path inside')
    await expect(async () => files.move('a', path)).rejects.toThrow('not a path inside')
  })
})

// A device on which every write says that the disk is full.
test.runIf(existsSync('/dev/full'))('what the disk refuses is a failure that the administrators can put right', async () => {
  const full = nodeFiles('/dev').write('full', bytes('x'), { durable: false })
  await expect(full).rejects.toMatchObject({ problem: { code: 'TARGET_UNAVAILABLE', who: 'account', found: 'ENOSPC' } })
})
