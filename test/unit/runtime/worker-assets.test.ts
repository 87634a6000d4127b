import { expect, test } from 'vitest'
import { readAssets } from '../../../src/runtime/assets.ts'
import { assets } from '../../../src/runtime/cloudflare/page-assets.ts'

test('a Worker gives the pages what Node gives them', () => {
  expect(assets).toEqual(readAssets())
  expect(assets.files[0]?.text).toContain('@media')
})
