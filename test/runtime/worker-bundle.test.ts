import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { missingWorkerd } from '../workers/workerd.ts'
import { PRIVATE_KEY } from '../world/github/auth.ts'
import { startPlainWorkerd } from '../world/plain-workerd.ts'
import { aliasesIn, buildWorker, compressedSize } from '../world/worker-bundle.ts'
import type { WorkerBundle } from '../world/worker-bundle.ts'

/** In bytes. `npm run bench -- workers` says how far it still is from the goal of 350,000: most of them are Gantry's own files. */
const MOST = 430_000

const missing = missingWorkerd()
let folder: string
let bundle: WorkerBundle
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-bundle-'))
  bundle = await buildWorker(folder)
})
afterAll(() => rmSync(folder, { recursive: true }))

test('the Worker has the three kinds of objects, and what its pages load', () => {
  expect(bundle.objects.map(({ className }) => className)).toEqual(['RepositoryObject', 'AccountObject', 'DirectoryObject'])
  expect(bundle.modules.filter(({ kind }) => kind === 'text').map(({ name }) => name.replace(/^[0-9a-f]{40}-/, ''))).toContain('gantry.js')
})

test('it stays small', () => expect(compressedSize(bundle)).toBeLessThanOrEqual(MOST))

test('what stands for other modules stands for those that were meant', () => {
  expect(aliasesIn(folder)).toMatchInlineSnapshot(`
    {
      "../../stringify/stringifyNumber.js": "yaml",
      "../../stringify/stringifyString.js": "yaml",
      "../account-examples.ts": "src",
      "../core/json-schema-processors.js": "zod",
      "../core/to-json-schema.js": "zod",
      "../doc/createNode.js": "yaml",
      "../examples.ts": "src",
      "../locales/index.js": "zod",
      "../stringify/stringify.js": "yaml",
      "../stringify/stringifyCollection.js": "yaml",
      "../stringify/stringifyDocument.js": "yaml",
      "../stringify/stringifyPair.js": "yaml",
      "../stringify/stringifyString.js": "yaml",
      "./__generated__/sigstore_verification": "@sigstore/protobuf-specs",
      "./account-examples.ts": "src",
      "./compile.js": "zod",
      "./createNode.js": "yaml",
      "./examples.ts": "src",
      "./from-json-schema.js": "zod",
      "./publish.ts": "src",
      "./static/unpack.ts": "src",
      "@asteasolutions/zod-to-openapi": "@hono/zod-openapi",
      "@octokit/auth-oauth-app": "@octokit/auth-app",
      "@octokit/auth-oauth-user": "@octokit/auth-app",
      "@octokit/plugin-rest-endpoint-methods": "probot",
      "@octokit/plugin-retry": "probot",
      "@octokit/plugin-throttling": "probot",
      "@probot/octokit-plugin-config": "probot",
      "@probot/pino": "probot",
      "bottleneck": "probot",
      "decode-named-character-reference": "micromark, micromark-core-commonmark",
      "npx-import-light": "probot",
      "package-config": "probot",
      "pino": "probot",
      "pino-http": "probot",
      "zod": "@hono/zod-openapi, src",
    }
  `)
})

test('what is left out is what was meant', () => {
  const text = bundle.modules[0]?.content ?? ''
  for (const gone of [
    'This job has been dropped by Bottleneck',
    'CounterClockwiseContourIntegral',
    'GET /app/hook/config',
    'Demasiado grande',
    'securitySchemes',
    'With simple keys, collection cannot be used as a key value',
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

  test('it begins with an empty operator file', async () => expect((await answers({ ...whole, GANTRY_YML: '' }, '/')).status).toBe(404))
})
