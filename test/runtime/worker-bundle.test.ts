import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readAssets } from '../../src/runtime/assets.ts'
import { worker } from '../../src/runtime/cloudflare/build.ts'
import type { Terminal } from '../../src/runtime/terminal.ts'
import { missingWorkerd } from '../workers/workerd.ts'
import { PRIVATE_KEY } from '../world/github/auth.ts'
import { startPlainWorkerd } from '../world/plain-workerd.ts'
import { buildWorker, compressedSize } from '../world/worker-bundle.ts'
import type { WorkerBundle } from '../world/worker-bundle.ts'

/** In bytes, of all modules together. */
const MOST = 350_000

const missing = missingWorkerd()
let folder: string
let bundle: WorkerBundle
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-bundle-'))
  bundle = await buildWorker(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

test('the Worker has the three kinds of objects, and answers before what they are made of is run', () => {
  expect(bundle.objects.map(({ className }) => className)).toEqual(['RepositoryObject', 'AccountObject', 'DirectoryObject'])
  expect(bundle.modules[0]?.name).toBe('main.js')
  expect(bundle.modules.map(({ name }) => name)).toContain('whole.js')
  expect(bundle.modules[0]?.content).not.toMatch(/(?:from|import)\s*["'`]\.\/whole\.js/)
})

test('of the folder that it is written into what was written before goes, and what is somebody else’s stays', async () => {
  const own = mkdtempSync(join(tmpdir(), 'gantry-written-'))
  const paths = { old: join(own, 'modules', 'old.js'), theirs: join(own, 'assets', 'logo.svg'), list: join(own, 'written.json') }
  for (const path of [paths.old, paths.theirs]) mkdirSync(dirname(path))
  for (const path of [paths.old, paths.theirs]) writeFileSync(path, '')
  writeFileSync(paths.list, JSON.stringify(['modules/old.js']))
  const said: string[] = []
  expect(await worker.run([own], { print: (text: string) => said.push(text) } as unknown as Terminal)).toBe(0)
  expect(said.join()).toMatch(/^\d+ modules and \d+ static assets in /)
  expect({ old: existsSync(paths.old), theirs: existsSync(paths.theirs) }).toEqual({ old: false, theirs: true })
  expect(readdirSync(own).toSorted()).toEqual(['assets', 'modules', 'written.json'])
  rmSync(own, { recursive: true })
})

test('it stays small', () => expect(compressedSize(bundle)).toBeLessThanOrEqual(MOST))

test('what is left out is what was meant', () => {
  const text = bundle.modules.map(({ content }) => content).join('')
  for (const gone of [
    'This job has been dropped by Bottleneck',
    'CounterClockwiseContourIntegral',
    'GET /app/hook/config',
    'Demasiado grande',
    'securitySchemes',
    'With simple keys, collection cannot be used as a key value',
    'What `/deploy` does in a comment.',
    'branch_protection_configuration',
    'Unresolved alias',
    '@media',
  ]) {
    expect(text.includes(gone), gone).toBe(false)
  }
})

describe.skipIf(missing !== null)(`in workerd${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  const answers = async (environment: Readonly<Record<string, string>>, path: string): Promise<Response> => {
    const workerd = await startPlainWorkerd({ bundle, environment })
    try {
      const answer = await fetch(`${workerd.origin}${path}`)
      return new Response(await answer.text(), answer)
    } finally {
      await workerd.stop()
    }
  }
  const whole = {
    ...{ APP_ID: '7', PRIVATE_KEY, WEBHOOK_SECRET: 'a-webhook-secret-that-signs-nothing-here' },
    GANTRY_KEYS: `k1:${randomBytes(32).toString('base64')}`,
  }

  test('it starts and answers', async () => expect(await (await answers({}, '/healthz')).text()).toBe('ok\n'))

  test.each([
    ['APP_ID, PRIVATE_KEY, WEBHOOK_SECRET', {}],
    ['WEBHOOK_SECRET', { ...whole, WEBHOOK_SECRET: 'short' }],
    ['GANTRY_YML', { ...whole, GANTRY_YML: 'version: 7' }],
  ] as const)('whoever opens it is told to look at %s', async (names, environment) => {
    const answer = await answers(environment, '/')
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining(`to look at: ${names}. `) })
  })

  test('its pages load what was made with it', async () => {
    const signsIn = {
      GANTRY_URL: 'https://gantry.example',
      GITHUB_CLIENT_ID: 'Iv1.aaaaaaaaaaaaaaaa',
      GITHUB_CLIENT_SECRET: 'a-client-secret-that-opens-nothing',
    }
    const page = await (await answers({ ...whole, ...signsIn }, '/')).text()
    const { style, script } = readAssets()
    expect(page).toContain(`href="${style}"`)
    expect(page).toContain(`src="${script}"`)
  })

  test('it begins with an empty operator file', async () => expect((await answers({ ...whole, GANTRY_YML: '' }, '/')).status).toBe(404))
})
