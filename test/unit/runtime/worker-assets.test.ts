import { expect, test } from 'vitest'
import { readAssets } from '../../../src/runtime/assets.ts'
import { assets } from '../../../src/runtime/cloudflare/assets.ts'

test('a Worker gives the pages what Node gives them', () => {
  expect(assets).toEqual(readAssets())
  expect(assets.style).toContain('@media')
})
