import { createHash } from 'node:crypto'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { type TarEntry, packTar } from 'modern-tar'
import { describe, expect, test } from 'vitest'
import type { Files, Layer } from '../../../src/deploy/target.ts'
import { Failure } from '../../../src/errors.ts'
import { LIMITS, unpack } from '../../../src/targets/static/unpack.ts'

describe('what is unpacked', () => {
  test('only what lies below the folder, without its path', async () => {
    expect(await unpacked([[file('srv/www/index.html', 'hello'), file('srv/other', 'x'), file('etc/passwd', 'x')]], 'srv/www')).toEqual({
      'index.html': 'hello',
    })
  })

  test('the layers over one another', async () => {
    const layers = [[file('a', '1'), file('d/b', '1'), file('d/c', '1')], [file('a', '2'), file('d/.wh.b', '')], [file('e', '3')]]
    expect(await unpacked(layers)).toEqual({ a: '2', 'd/c': '1', e: '3' })
  })

  test('links to files, as copies; also over other links, into lower layers, and hard ones', async () => {
    const layers = [[file('a', 'A')], [link('b', 'a'), link('d/c', '../b'), hard('h', 'a'), link('abs', '/a')]]
    expect(await unpacked(layers)).toEqual({ a: 'A', b: 'A', 'd/c': 'A', h: 'A', abs: 'A' })
  })

  test('a plain tar layer', async () => {
    const tar = await packTar([file('a', 'A'), file('b', 'B'.repeat(5000))])
    expect(Object.keys(await unpacked([layerOf(tar, 'tar')]))).toEqual(['a', 'b'])
  })

  test('what is left out is said, at most five times', async () => {
    const log: string[] = []
    const odd = [
      link('out', '../../etc/passwd'),
      link('none', 'x'),
      link('loop', 'loop'),
      device('dev'),
      file('a\\b', ''),
      link('dir', 'd'),
      file('d/x', ''),
    ]
    expect(Object.keys(await unpacked([odd], '', { log: (line) => void log.push(line) }))).toEqual(['d/x'])
    expect(log).toEqual([
      'left out: "/out" (a link out of the image)',
      'left out: "/dev" (neither file, folder nor link)',
      'left out: "/a\\b" (its name)',
      'left out: "/none" (a link, and not to a file of the site)',
      'left out: "/loop" (a link, and not to a file of the site)',
      'left out: 1 more',
    ])
  })
})

describe('what makes an image unusable', () => {
  const cases: readonly (readonly [what: string, layers: readonly (Layer | readonly TarEntry[])[], found: string])[] = [
    ['a name with a way up', [[file('../evil', 'x')]], '"../evil"'],
    ['a way up further on', [[file('a/../../evil', 'x')]], '"a/../../evil"'],
    ['writing through a link', [[link('d', '/etc'), file('d/passwd', 'x')]], '"d/passwd"'],
    ['a folder that becomes a link', [[file('d/a', 'x'), link('d', '/etc')]], '"d"'],
    ['nothing at all', [[file('.wh.a', '')]], ''],
  ]
  test.each(cases)('%s', async (_what, layers, found) => {
    const problem = await refusalOf(layers)
    expect(problem.code).toBe('IMAGE_UNUSABLE')
    expect(problem.found ?? '').toBe(found)
  })

  test('a folder that the image does not have, or only as a link', async () => {
    expect(await refusalOf([[file('a', 'x')]], 'srv/www')).toMatchObject({
      code: 'IMAGE_UNUSABLE',
      sentence: 'The image has no files in "/srv/www".',
    })
    expect(await refusalOf([[link('srv', '/data'), file('data/www/a', 'x')]], 'srv/www')).toMatchObject({ found: '/srv is a link to /data' })
  })

  test('a compression that cannot be read', async () => {
    const layer = layerOf(zstdCompressSync(await packTar([file('a', 'A')])), 'tar+zstd')
    expect(await refusalOf([layer])).toMatchObject({ code: 'IMAGE_UNUSABLE', found: 'application/vnd.oci.image.layer.v1.tar+zstd' })
  })

  test.each([
    ['no gzip', Buffer.from('hello')],
    ['gzip of no tar', gzipSync(Buffer.alloc(5000, 'x'))],
    ['half a tar', gzipSync(Buffer.alloc(100, 0))],
    ['several gzip members', Buffer.concat([gzipSync(Buffer.alloc(512)), gzipSync(Buffer.alloc(512))])],
  ])('a damaged layer: %s', async (_what, bytes) => {
    expect(await refusalOf([layerOf(bytes, 'tar+gzip')])).toMatchObject({
      code: 'IMAGE_UNUSABLE',
      sentence: expect.stringContaining('cannot be read'),
    })
  })

  test.each([
    ['of all layers', { read: 10_000 }],
    ['of the site', { site: 20_000 }],
    ['of one file', { file: 20_000 }],
    ['of the number of files', { entries: 2 }],
  ])('too much: %s', async (_what, limit) => {
    const files = ['a', 'b', 'c'].map((name) => file(name, 'x'.repeat(21_000)))
    expect(await refusalOf([files], '', { limits: { ...LIMITS, ...limit } })).toMatchObject({
      code: 'IMAGE_UNUSABLE',
      sentence: expect.stringContaining('too large'),
    })
  })

  test('a gzip bomb stops long before it is unpacked', async () => {
    const bomb = layerOf(gzipSync(Buffer.alloc(64 * 2 ** 20)), 'tar+gzip')
    expect(await refusalOf([bomb], '', { limits: { ...LIMITS, read: 2 ** 20 } })).toMatchObject({ sentence: expect.stringContaining('too large') })
  })
})

test.each(['tar', 'tar+gzip'])('a wrong digest is thrown as it came (%s)', async (type) => {
  const mismatch = new Failure('DIGEST_MISMATCH', { sentence: 'Not what was asked for.', next: 'Try again.' })
  const tar = await packTar([file('a', 'A'.repeat(100_000))])
  const layer = layerOf(type === 'tar' ? tar : gzipSync(tar), type)
  const open = async () => (await layer.open()).pipeThrough(new TransformStream({ flush: (controller) => controller.error(mismatch) }))
  expect(await refusalOf([{ ...layer, open }])).toBe(mismatch.problem)
})

test('what the disk says while a file is written comes out as it is', async () => {
  const full = new Error('ENOSPC')
  const write = async () => {
    throw full
  }
  await expect(unpacked([[file('a', 'A'.repeat(100_000))]], '', {}, { write })).rejects.toBe(full)
})

test('it stops when it is told to', async () => {
  const stop = new AbortController()
  const reason = new Error('the deployment was cancelled')
  stop.abort(reason)
  await expect(unpacked([[file('a', 'A')]], '', { signal: stop.signal })).rejects.toBe(reason)
})

const file = (name: string, body: string): TarEntry => ({ header: { name, size: Buffer.byteLength(body), type: 'file' }, body })
const link = (name: string, linkname: string): TarEntry => ({ header: { name, size: 0, type: 'symlink', linkname } })
const hard = (name: string, linkname: string): TarEntry => ({ header: { name, size: 0, type: 'link', linkname } })
const device = (name: string): TarEntry => ({ header: { name, size: 0, type: 'character-device' } })

function layerOf(bytes: Uint8Array, type: string): Layer {
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as const
  const open = async () => new Blob([new Uint8Array(bytes)]).stream()
  return { mediaType: `application/vnd.oci.image.layer.v1.${type}`, digest, size: bytes.length, open }
}

type Given = Layer | readonly TarEntry[]

/** Files by name. */
async function unpacked(layers: readonly Given[], root = '', more: Partial<Parameters<typeof unpack>[0]> = {}, disk: Partial<Files> = {}) {
  const written = new Map<string, string>()
  const files: Pick<Files, 'write' | 'open'> = {
    write: async (path, content) => void written.set(path, await new Response(content as BodyInit).text()),
    open: async (path) => {
      const text = written.get(path)
      return text === undefined ? undefined : { size: text.length, content: new Blob([text]).stream() }
    },
  }
  const made = await Promise.all(layers.map(async (layer) => ('open' in layer ? layer : layerOf(gzipSync(await packTar(layer)), 'tar+gzip'))))
  const signal = new AbortController().signal
  await unpack({ layers: made, root, files: { ...files, ...disk } as Files, to: 'to', log: () => {}, signal, ...more })
  return Object.fromEntries([...written].map(([path, text]) => [path.replace(/^to\//, ''), text]))
}

async function refusalOf(...args: Parameters<typeof unpacked>) {
  const error = await unpacked(...args).then(
    (files) => new Error(`it was unpacked: ${Object.keys(files).join()}`),
    (thrown: unknown) => thrown,
  )
  if (error instanceof Failure) return error.problem
  throw error
}
