import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Operation } from '../../src/deploy/target.ts'
import { Secret } from '../../src/secret.ts'
import { Crossings } from '../world/crossings.ts'
import { type DockerEngine, missingDockerEngine, startDockerEngine } from '../world/docker-engine.ts'
import type { Behaviour } from '../world/docker-images.ts'
import { ENGINE, WRONG, dockerPlace } from './docker-place.ts'
import { engineContract } from './engine.contract.ts'
import { apply, problemOf, targetContract } from './target.contract.ts'

const missing = missingDockerEngine()
if (missing !== null && process.env['CI']) throw new Error(`the docker target must be tested: ${missing}`)

describe.skipIf(missing !== null)(`the docker target on the real engine${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  let engine: DockerEngine
  beforeAll(async () => {
    engine = await startDockerEngine()
  })
  afterAll(() => engine?.stop())

  targetContract('docker, on the real engine', {
    place: () => dockerPlace(cached(engine)),
    reached: ENGINE,
    hasHealth: true,
    diesAt: (crossing, side) => side === 'after' && !crossing.includes(' GET '),
    wrong: WRONG,
  })

  engineContract(() => engine)

  const start = async (behaviour: Behaviour = 'healthy') => {
    const place = await dockerPlace(cached(engine), behaviour)
    onTestFinished(() => place.end())
    const target = place.target(new Crossings(null))
    const operation = async (id: string, fence: number, version: string, settings = {}, behaves = behaviour): Promise<Operation> => {
      const artifact = await cached(engine).image('acme/shop', version, behaves)
      return { id, fence, settings: { ...place.settings, ...settings }, artifacts: [artifact] }
    }
    return { place, target, operation }
  }

  test('an image without a HEALTHCHECK is healthy once it has run for a moment', async () => {
    const { place, target, operation } = await start('no healthcheck')
    await apply(target, await operation('one', 1, '1'), place)
    await apply(target, await operation('two', 2, '2'), place)
    expect(await place.serves()).toBe('2')
    expect(await place.leftovers()).toEqual([])
  })

  test('an image that stops at once is unhealthy, with its last words in the log', async () => {
    const { place, target, operation } = await start()
    await apply(target, await operation('one', 1, '1'), place)
    const log: string[] = []
    const problem = await problemOf(apply(target, await operation('two', 2, '2', {}, 'stops'), place, log))
    expect(problem).toMatchObject({ code: 'TARGET_UNHEALTHY', found: expect.stringMatching(/^it stopped/) })
    expect(log).toContain('container: version 2 gives up')
    expect(await place.serves()).toBe('1')
    expect(await place.leftovers()).toEqual([])
  })

  test('a published port: the old one stops first, and the gap is said', async () => {
    const { place, target, operation } = await start()
    const ports = { ports: ['127.0.0.1:18081:80'] }
    const served = () => engine.run('busybox', 'wget', '-qO-', 'http://127.0.0.1:18081/')
    await apply(target, await operation('one', 1, '1', ports), place)
    expect(served()).toBe('1')
    const log: string[] = []
    await apply(target, await operation('two', 2, '2', ports), place, log)
    expect(served()).toBe('2')
    expect(log.join('\n')).toContain('nothing answers there until the new one has started')
    const problem = await problemOf(apply(target, await operation('bad', 3, '3', ports, 'never healthy'), place, log))
    expect(problem.code).toBe('TARGET_UNHEALTHY')
    expect(served()).toBe('2')
    expect(await place.leftovers()).toEqual([])
  })

  test("somebody else's container of the same name is left alone", async () => {
    const { place, target, operation } = await start()
    const one = await operation('one', 1, '1')
    await apply(target, one, place)
    const image = `${one.artifacts[0]?.repository}@${one.artifacts[0]?.digest}`
    const foreign = await start()
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ Image: image }) }
    const created = (await (await engine.fetch(`http://localhost/containers/create?name=${foreign.place.name}`, init)).json()) as { Id: string }
    const problem = await problemOf(apply(foreign.target, await foreign.operation('two', 2, '2'), foreign.place))
    expect(problem).toMatchObject({ code: 'TARGET_REFUSED', found: foreign.place.name, who: 'target' })
    expect((await engine.fetch(`http://localhost/containers/${created.Id}/json`)).status).toBe(200)
  })

  test('a network that does not exist is named before anything is created', async () => {
    const { place, target, operation } = await start()
    const problem = await problemOf(apply(target, await operation('one', 1, '1', { network: 'nowhere' }), place))
    expect(problem).toMatchObject({ code: 'TARGET_REFUSED', found: 'nowhere' })
    expect(await place.leftovers()).toEqual([])
  })

  test('a command that does not exist is not started, and nothing is left over', async () => {
    const { place, target, operation } = await start()
    const problem = await problemOf(apply(target, await operation('one', 1, '1', { command: ['/no/such/program'] }), place))
    expect(problem).toMatchObject({ code: 'TARGET_UNHEALTHY', found: expect.stringContaining('/no/such/program') })
    expect(await place.leftovers()).toEqual([])
  })

  test.each([
    ['a wrong password', async () => ({ ...engine.credential, password: new Secret('wrong') }), 'CREDENTIALS_INVALID'],
    ['no credential', async () => null, 'CREDENTIALS_INVALID'],
  ])('a pull with %s', async (_what, credential, code) => {
    const { place, target } = await start()
    // An image of its own: what the engine already has is not pulled.
    const artifact = await engine.image('acme/private', String(code.length + _what.length), 'healthy')
    const operation = { id: 'one', fence: 1, settings: place.settings, artifacts: [artifact] }
    const problem = await problemOf(apply(target, operation, { hands: { ...place.hands, credential } }))
    expect(problem).toMatchObject({ code, found: expect.not.stringContaining('wrong') })
    expect(await place.leftovers()).toEqual([])
  })

  test('a digest that the registry does not have', async () => {
    const { place, target, operation } = await start()
    const one = await operation('one', 1, '1')
    const artifact = { name: 'main', repository: one.artifacts[0]?.repository ?? '', digest: `sha256:${'0'.repeat(64)}` as const }
    expect(await problemOf(apply(target, { ...one, artifacts: [artifact] }, place))).toMatchObject({
      code: 'NOT_FOUND_OR_HIDDEN',
      wanted: `${artifact.repository}@${artifact.digest}`,
    })
  })
})

/** Each version and behaviour is built once. */
const built = new Map<string, ReturnType<DockerEngine['image']>>()

function cached(engine: DockerEngine) {
  const image = (name: string, version: string, behaviour: Behaviour) => {
    const key = `${name} ${version} ${behaviour}`
    const made = built.get(key) ?? engine.image(name, version, behaviour)
    built.set(key, made)
    return made
  }
  return { fetch: engine.fetch, credential: engine.credential, image }
}
