import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { missingWorkerd } from '../workers/workerd.ts'
import { startPlainWorkerd } from '../world/plain-workerd.ts'
import { buildWorker, compressedSize } from '../world/worker-bundle.ts'
import type { WorkerBundle } from '../world/worker-bundle.ts'

/** In bytes. `npm run bench -- workers` says how far it still is from the goal of 350,000: Gantry's own files are 245,000 of them. */
const MOST = 450_000

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

test('what is left out is what was meant', () => {
  const text = bundle.modules[0]?.content ?? ''
  for (const gone of ['This job has been dropped by Bottleneck', 'CounterClockwiseContourIntegral', 'GET /app/hook/config', 'Demasiado grande']) {
    expect(text.includes(gone), gone).toBe(false)
  }
})

test.skipIf(missing !== null)(`it starts in workerd and answers${missing === null ? '' : ` (left out: ${missing})`}`, async () => {
  const workerd = await startPlainWorkerd({ bundle })
  try {
    expect(await (await fetch(`${workerd.origin}/healthz`)).text()).toBe('ok\n')
  } finally {
    await workerd.stop()
  }
})
