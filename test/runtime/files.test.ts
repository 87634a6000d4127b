import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
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

test('whether anything may be written there is found out without writing', async () => {
  await files.check()
  expect(readdirSync(folder)).toEqual([])
  await files.write('a', bytes(''))
  await files.check()
  expect(readdirSync(join(folder, 'home'))).toEqual(['a'])
})

test('a file that stands in the way is named, by the check as by the write', async () => {
  writeFileSync(join(folder, 'home'), '')
  const inTheWay = { problem: { code: 'TARGET_UNAVAILABLE', who: 'account', sentence: expect.stringContaining('a file stands where') } }
  for (const at of [files, nodeFiles(join(folder, 'home/site'))]) {
    await expect(at.check()).rejects.toMatchObject(inTheWay)
    await expect(at.write('a', bytes(''))).rejects.toMatchObject(inTheWay)
  }
})

test.runIf(process.getuid?.() === 0)('a folder that belongs to somebody else is not written into', async () => {
  const script = `
import { nodeFiles } from ${JSON.stringify(new URL('../../src/runtime/files.ts', import.meta.url).href)}
process.setuid(65534)
await nodeFiles(process.argv[1]).check().catch(({ problem }) => console.log(problem.code, problem.found))`
  chmodSync(folder, 0o755)
  const said = execFileSync(process.execPath, ['--input-type=module', '-e', script, join(folder, 'home')], { encoding: 'utf8' })
  expect(said).toBe('TARGET_UNAVAILABLE EACCES\n')
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
