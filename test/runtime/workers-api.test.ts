import nock from 'nock'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { publishedDocument } from '../unit/openapi.ts'
import { missingWorkerd } from '../workers/workerd.ts'
import { playApi } from '../world/api-fuzz/play.ts'
import { WorkersStage } from '../world/workers-stage.ts'

// nock's interceptor reads what a socket sends and trips over broken requests; these sockets reach 127.0.0.1 only.
nock.restore()

// The API as it is deployed to Cloudflare: its descriptions are not in the bundle, and what they say holds all the same.

let stage: WorkersStage
beforeAll(async () => {
  if (missingWorkerd() !== null) throw new Error(`workerd cannot run here: ${missingWorkerd()}`)
  stage = await WorkersStage.open()
})
afterAll(() => stage.closes())

test('what the description allows, and what it does not, is answered as it says', { timeout: 120_000 }, async () => {
  const { github, worker } = stage
  const played = { url: new URL(worker.origin), github, pid: worker.pid, description: await publishedDocument() }
  const { wrong, answers } = await playApi(played, Number(process.env['GANTRY_FUZZ_SEED'] ?? 1), Number(process.env['GANTRY_FUZZ_WORKER'] ?? 600))
  // A static asset answers for the description itself.
  expect(wrong.filter((line) => !/^\w+ \/openapi\.json/.test(line))).toEqual([])
  expect(Object.keys(answers).filter((status) => status >= '500')).toEqual([])
  github.referee.verdict()
})
