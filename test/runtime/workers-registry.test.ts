import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDockerRegistry, type DockerRegistry } from '../world/docker-registry.ts'
import { eventually } from '../world/grounds.ts'
import { buildImage, pushImage } from '../world/image.ts'
import { startPlainWorkerd, type PlainWorkerd } from '../world/plain-workerd.ts'
import { PASSWORD, WorkersStage } from '../world/workers-stage.ts'

// The CNCF's own registry, whose token lies in a Durable Object.

let stage: WorkersStage
let registry: DockerRegistry
let worker: PlainWorkerd
beforeAll(async () => {
  stage = await WorkersStage.open()
  registry = await startDockerRegistry({ auth: 'token', accounts: [{ name: 'gantry', password: PASSWORD, repositories: ['acme/*'] }] })
  const image = await buildImage({ 'index.html': 'version 1.2' })
  await pushImage(`http://${registry.host}`, 'acme/shop', '1.2', image, registry.pushAuthorization('acme/shop'))
  const there = (text: string) => text.replaceAll(stage.registry.host, registry.host)
  const operator = there(stage.environment['GANTRY_YML'] ?? '')
  const realm = new URL(registry.tokens?.realm ?? '').origin
  stage.github.has('.github/deploy.yml', there(stage.configuration))
  worker = await startPlainWorkerd({ environment: { ...stage.environment, GANTRY_YML: `${operator}trusted_realms: ["${realm}"]\n` } })
  stage.worker = worker
})
afterAll(async () => {
  await worker?.stop()
  await registry?.stop()
  await stage?.closes()
})

const pulls = async (count: number): Promise<void> => {
  stage.github.people.ada.comments(stage.pull.number, '/preflight staging')
  await stage.delivers()
  const shown = () => stage.said().map(({ body }) => body)
  expect(
    await eventually(() => shown().filter((body) => body.includes('can be pulled (credential main)')).length === count),
    shown().join('\n'),
  ).toBe(true)
}

test('an object that is gone asks the real registry for no new token, and the bytes on disk hold neither it nor the password', async () => {
  await pulls(1)
  const asked = registry.tokens?.requests.length ?? 0
  expect(asked).toBeGreaterThan(0)
  await worker.restart()
  await pulls(2)
  expect(registry.tokens?.requests.length).toBe(asked)
  const names = readdirSync(worker.objects, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.sqlite'))
  const written = names.map((name) => readFileSync(join(worker.objects, name), 'latin1')).join('')
  expect(written.length).toBeGreaterThan(100_000)
  for (const secret of [PASSWORD, ...(registry.tokens?.made ?? [])]) expect(written.includes(secret)).toBe(false)
})
