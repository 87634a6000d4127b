import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CODES } from '../../src/errors.ts'
import { readAssets } from '../../src/runtime/assets.ts'
import { docsPages } from '../../src/runtime/docs.ts'
import { KEPT } from '../../src/web/assets.ts'
import { HEADERS } from '../../src/web/headers.ts'
import { publishedDocument } from '../unit/openapi.ts'
import { missingWorkerd } from '../workers/workerd.ts'
import { startWranglerDev, type WranglerDev } from '../world/worker-bundle.ts'

// What a Gantry on Cloudflare Workers answers without running, as `wrangler dev` builds and serves it.

const missing = missingWorkerd()
const pages = docsPages(fileURLToPath(new URL('../../docs', import.meta.url)), { hasApi: true })
let folder: string
let dev: WranglerDev

describe.skipIf(missing !== null)(`static assets${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gantry-assets-'))
    dev = await startWranglerDev(folder)
  })
  afterAll(async () => {
    await dev.stop()
    rmSync(folder, { recursive: true })
  })

  test.each([...pages])('%s is there as on Node', async (path, { headers, bytes }) => {
    const response = await fetch(`${dev.origin}${path}`)
    expect(response.status).toBe(200)
    for (const [name, value] of Object.entries(headers)) expect(response.headers.get(name), name).toBe(value)
    expect(await response.text()).toBe((await bytes()).toString())
  })

  test('the link in a comment leads to the paragraph of its code', async () => {
    const page = await (await fetch(`${dev.origin}/docs/troubleshooting`)).text()
    for (const code of Object.keys(CODES)) expect(page).toContain(`<h2 id="${code.toLowerCase()}">`)
  })

  test('the description of the API is the one that Node gives', async () => {
    const response = await fetch(`${dev.origin}/openapi.json`)
    for (const [name, value] of Object.entries(HEADERS)) expect(response.headers.get(name), name).toBe(value)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.json()).toEqual(await publishedDocument())
  })

  test.each(readAssets().files)('$path is there for the pages, and stays with the browser', async ({ path, type, text }) => {
    const response = await fetch(`${dev.origin}${path}`)
    expect(Object.fromEntries(response.headers)).toMatchObject({ ...HEADERS, 'content-type': type, 'cache-control': KEPT })
    expect(await response.text()).toBe(text)
  })

  test('everything else is for the Worker', async () => {
    expect(await (await fetch(`${dev.origin}/healthz`)).text()).toBe('ok\n')
    expect((await fetch(`${dev.origin}/_headers`)).headers.get('content-type')).toBe('application/problem+json')
  })
})
