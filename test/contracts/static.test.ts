import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { Layer, Target } from '../../src/deploy/target.ts'
import { nodeFiles } from '../../src/runtime/files.ts'
import { serveSite } from '../../src/runtime/serve.ts'
import { staticSite } from '../../src/targets/static.ts'
import { KEPT } from '../../src/targets/static/current.ts'
import { Crossings } from '../world/crossings.ts'
import { type Image, buildImage } from '../world/image.ts'
import { Time } from '../world/time.ts'
import { type TargetPlace, apply, targetContract } from './target.contract.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-static-'))
afterAll(() => rmSync(folder, { recursive: true }))
let places = 0

targetContract('static, on this disk', {
  place: async () => place(join(folder, String((places += 1)))),
  reached: /^a folder of Gantry's own, to be served at 127\.0\.0\.1:0, with (nothing in it yet|sha256:[0-9a-f]{64})$/,
  hasHealth: false,
  diesAt: () => true,
  wrong: [
    [{ pth: '/srv' }, 'pth'],
    [{ path: 'srv' }, 'path'],
    [{ path: '/srv/../etc' }, 'path'],
    [{ image: 3 }, 'image'],
  ],
})

test('the last five releases are kept, and going back to one of them pulls nothing', async () => {
  const home = join(folder, 'five')
  const site = place(home)
  const target = site.target(new Crossings(null))
  const deploy = async (version: string, fence: number, hands = site.hands) =>
    apply(target, { id: `op-${fence}`, fence, settings: site.settings, artifacts: [await site.image(version)] }, { hands })
  for (const fence of [1, 2, 3, 4, 5, 6, 7]) await deploy(String(fence), fence)
  expect(readdirSync(join(home, 'site/releases'))).toHaveLength(KEPT)
  const noPull = { ...site.hands, pull: never }
  await deploy('4', 8, noPull)
  expect(await site.serves()).toBe('4')
  await expect(deploy('1', 9, noPull)).rejects.toThrow()
})

function place(home: string): TargetPlace {
  const clock = new Time(async () => {}).atOnce
  const images = new Map<string, Image>()
  const target = (crossings: Crossings, called = 'site'): Target => {
    const doors = { files: (name: string) => crossings.files(nodeFiles(join(home, name))), fetch: () => globalThis.fetch, clock }
    return staticSite.create(called, { listen: '127.0.0.1:0' }, doors)
  }
  return {
    target: (crossings) => target(crossings),
    lost() {
      mkdirSync(home, { recursive: true })
      writeFileSync(join(home, 'a-file'), '')
      return target(new Crossings(null), 'a-file')
    },
    settings: { path: '/srv/www', image: 'main' },
    async image(version) {
      const files = { 'srv/www/index.html': version, 'srv/www/old.css': 'a {}', 'etc/passwd': 'root' }
      const image = await buildImage(files, { above: [{ 'srv/www/.wh.old.css': '', 'srv/www/new.css': 'b {}' }] })
      images.set(image.digest, image)
      return { name: 'main', repository: 'registry.test/acme/site', digest: image.digest }
    },
    hands: { pull: async ({ digest }) => ({ layers: layersOf(images.get(digest)) }), credential: async () => null },
    async serves() {
      const server = await serveSite(target(new Crossings(null)).site ?? never())
      const response = await fetch(`${server.url}/`)
      const text = await response.text()
      await server.close()
      return response.ok ? text : null
    },
    async leftovers() {
      const kept = readdirSync(join(home, 'site/releases'))
      return [...readdirSync(join(home, 'site')).filter((name) => !['current', 'releases'].includes(name)), ...kept.slice(KEPT)]
    },
    end: async () => rmSync(home, { recursive: true, force: true }),
  }
}

function layersOf(image: Image | undefined): readonly Layer[] {
  if (!image) throw new Error('the registry does not have it')
  const manifest = JSON.parse(String(image.manifests.get(image.digest)?.bytes)) as { layers: Omit<Layer, 'open'>[] }
  return manifest.layers.map((layer) => ({ ...layer, open: async () => new Blob([new Uint8Array(image.blobs.get(layer.digest) ?? [])]).stream() }))
}

const never = (): never => {
  throw new Error('a static target has a site')
}
