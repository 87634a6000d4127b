import { createHash } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import type { Artifact } from '../../src/deploy/target.ts'
import type { Digest } from '../../src/registry/reference.ts'
import { Secret } from '../../src/secret.ts'
import { Crossings } from '../world/crossings.ts'
import { DockerEngineSimulator, type PullAuth } from '../world/docker-engine-simulator.ts'
import type { SimulatedBehaviour, SimulatedImage } from '../world/simulated-container.ts'
import { Time } from '../world/time.ts'
import { ENGINE, WRONG, dockerPlace } from './docker-place.ts'
import { engineContract } from './engine.contract.ts'
import { apply, problemOf, targetContract } from './target.contract.ts'

const images = new Map<string, SimulatedImage>()
const simulator = new DockerEngineSimulator((repository, digest, auth) => pull(repository, digest, auth))
const credential = { registry: 'registry.test', username: 'deploy', password: new Secret('s3cret') }
const engine = { fetch: simulator.fetch, credential, image }
const clock = new Time(async () => {}).atOnce

targetContract('docker, on the simulated engine', {
  place: () => dockerPlace(engine, 'healthy', clock),
  reached: ENGINE,
  hasHealth: true,
  diesAt: () => true,
  wrong: WRONG,
})

engineContract(() => engine)

afterAll(() => expect(simulator.violations).toEqual([]))

test.each([
  ['stops', /^it stopped/],
  ['never healthy', /^its health check fails$/],
] as const)('an image that %s', async (behaviour, found) => {
  const place = await dockerPlace(engine, 'healthy', clock)
  const target = place.target(new Crossings(null))
  const operation = { id: 'one', fence: 1, settings: place.settings, artifacts: [await image('acme/shop', '9', behaviour)] }
  expect(await problemOf(apply(target, operation, place))).toMatchObject({ code: 'TARGET_UNHEALTHY', found: expect.stringMatching(found) })
  expect(await place.leftovers()).toEqual([])
})

test('a pull that fails after the engine has answered 200', async () => {
  const place = await dockerPlace(engine, 'healthy', clock)
  const artifact: Artifact = { name: 'main', repository: 'registry.test/acme/cut', digest: `sha256:${'1'.repeat(64)}` }
  const operation = { id: 'one', fence: 1, settings: place.settings, artifacts: [artifact] }
  expect(await problemOf(apply(place.target(new Crossings(null)), operation, place))).toMatchObject({ code: 'REGISTRY_UNAVAILABLE', retryable: true })
})

test('an engine that does not answer', async () => {
  const place = await dockerPlace(engine, 'healthy', clock)
  simulator.goesAway()
  const problem = await problemOf(place.target(new Crossings(null)).observe(place.settings))
  simulator.comesBack()
  expect(problem).toMatchObject({ code: 'TARGET_UNAVAILABLE', found: 'ECONNREFUSED', retryable: true })
})

test('the port that another container holds is named, and the old container is put back', async () => {
  const place = await dockerPlace(engine, 'healthy', clock)
  const target = place.target(new Crossings(null))
  const other = await dockerPlace(engine, 'healthy', clock)
  const at = (ports: readonly string[], id: string, fence: number, version: string, settings = place.settings) =>
    image('acme/shop', version, 'healthy').then((artifact) => ({ id, fence, settings: { ...settings, ports }, artifacts: [artifact] }))
  await apply(other.target(new Crossings(null)), await at(['127.0.0.1:8081:80'], 'one', 1, '1', other.settings), other)
  await apply(target, await at(['127.0.0.1:8080:80'], 'two', 2, '1'), place)
  const problem = await problemOf(apply(target, await at(['127.0.0.1:8081:80'], 'three', 3, '2'), place))
  expect(problem).toMatchObject({ code: 'TARGET_REFUSED', found: expect.stringContaining('8081') })
  expect(await place.serves()).toBe('1')
  expect(await place.leftovers()).toEqual([])
})

test('a change by somebody else shows in the digest that is observed', async () => {
  const place = await dockerPlace(engine, 'healthy', clock)
  const target = place.target(new Crossings(null))
  const operation = { id: 'one', fence: 1, settings: place.settings, artifacts: [await image('acme/shop', '1', 'healthy')] }
  await apply(target, operation, place)
  const [container] = [...simulator.containers.values()].filter(({ name }) => name.startsWith(`${place.name}-`))
  const labels = { ...container?.labels, 'gantry.digest': `sha256:${'2'.repeat(64)}` }
  if (container) simulator.containers.set(container.id, { ...container, labels })
  expect((await target.observe(place.settings))[0]?.digest).toBe(operation.artifacts[0]?.digest)
})

async function image(name: string, version: string, behaviour: SimulatedBehaviour): Promise<Artifact> {
  const repository = `${credential.registry}/${name}`
  const digest: Digest = `sha256:${createHash('sha256').update(`${name} ${version} ${behaviour}`).digest('hex')}`
  images.set(`${repository}@${digest}`, { repository, digest, version, behaviour })
  return { name: 'main', repository, digest }
}

function pull(repository: string, digest: string, auth: PullAuth | null) {
  if (auth === null) return { status: 500, message: `Head "https://${repository}/manifests/${digest}": no basic auth credentials` } as const
  if (auth.password !== credential.password.reveal())
    return { status: 500, message: `Head "https://${repository}": unauthorized: authentication required` } as const
  if (repository.endsWith('/cut')) return { insideStream: 'unexpected EOF' }
  return (
    images.get(`${repository}@${digest}`) ??
    ({ status: 404, message: `manifest for ${repository}@${digest} not found: manifest unknown: manifest unknown` } as const)
  )
}
