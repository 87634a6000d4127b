import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Operation, Target } from '../../src/deploy/target.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { endpointFetch } from '../../src/runtime/endpoint.ts'
import { createLog } from '../../src/runtime/log.ts'
import { loadOperatorFile } from '../../src/runtime/operator-file.ts'
import { createRedactor } from '../../src/runtime/redact.ts'
import { targetKinds } from '../../src/targets/index.ts'
import { Authority, type KeyPair, missingOpenssl } from '../world/certificates.ts'
import { type DockerEngine, missingDockerEngine, startDockerEngine } from '../world/docker-engine.ts'
import { ENGINE, dockerPlace } from './docker-place.ts'
import { apply, problemOf } from './target.contract.ts'

const missing = missingDockerEngine() ?? missingOpenssl()
if (missing !== null && process.env['CI']) throw new Error(`the docker target must be tested over TLS: ${missing}`)

describe.skipIf(missing !== null)(`the docker target over TCP and TLS${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-docker-tls-'))
  let engine: DockerEngine
  let ours: Authority
  let theirs: Authority
  let client: KeyPair
  let stranger: KeyPair
  beforeAll(async () => {
    ours = new Authority(folder, 'ours')
    theirs = new Authority(folder, 'theirs')
    client = ours.signsClient('client')
    stranger = theirs.signsClient('stranger')
    engine = await startDockerEngine({ ca: ours.cert, ...ours.signsServer('engine', '127.0.0.1') })
  })
  afterAll(async () => {
    await engine?.stop()
    rmSync(folder, { recursive: true })
  })

  /** The target that Gantry makes of an operator file with these paths. */
  function targetWith(tls: Readonly<Record<string, string>> | null, host = engine.host): Target {
    const references = Object.entries(tls ?? {}).map(([key, path]) => `${key}: { file: ${path} }`)
    const file = join(folder, 'gantry.yml')
    writeFileSync(
      file,
      `version: 1\ntargets:\n  box: { kind: docker, host: "${host}"${tls === null ? '' : `, tls: { ${references.join(', ')} }`} }\n`,
    )
    const redactor = createRedactor()
    const { targets } = loadOperatorFile(file, { environment: {}, redactor, log: createLog('error', redactor) })
    const { kind, options } = targets.get('box') ?? expect.fail('the file declares a target')
    const made = targetKinds.find((one) => one.kind === kind) ?? expect.fail('it is one of a known kind')
    const noFiles = () => expect.fail('a docker target has no files')
    return made.create('box', options, { fetch: endpointFetch, files: noFiles, clock: systemClock })
  }

  test('an image is pulled, run and replaced, and what never gets healthy is taken away again', async () => {
    const target = targetWith({ ca: ours.cert, ...client })
    const place = await dockerPlace(engine)
    onTestFinished(() => place.end())
    const operation = async (id: string, fence: number, version: string, health?: 'unhealthy'): Promise<Operation> => {
      return { id, fence, settings: place.settings, artifacts: [await place.image(version, health)] }
    }
    expect(await target.reach()).toMatch(ENGINE)
    await apply(target, await operation('one', 1, '1'), place)
    const two = await operation('two', 2, '2')
    await apply(target, two, place)
    const log: string[] = []
    expect(await problemOf(apply(target, await operation('bad', 3, '3', 'unhealthy'), place, log))).toMatchObject({ code: 'TARGET_UNHEALTHY' })
    expect(log).toContain('container: version 3 starts')
    expect(await target.observe(place.settings)).toMatchObject([{ digest: two.artifacts[0]?.digest, operation: 'two', healthy: true, pending: null }])
    expect(await place.serves()).toBe('2')
    expect(await place.leftovers()).toEqual([])
  })

  const WRONG: readonly (readonly [string, () => Target, object])[] = [
    [
      'a CA that did not sign the engine’s certificate',
      () => targetWith({ ca: theirs.cert, ...client }),
      { code: 'TARGET_UNAVAILABLE', sentence: expect.stringContaining('not signed by a CA'), next: expect.stringContaining('`tls.ca`') },
    ],
    [
      'no CA but those of the system',
      () => targetWith({ ...client }),
      { code: 'TARGET_UNAVAILABLE', sentence: expect.stringContaining('not signed by a CA'), next: expect.stringContaining('`tls.ca`') },
    ],
    [
      'no client certificate',
      () => targetWith({ ca: ours.cert }),
      { code: 'TARGET_REFUSED', sentence: expect.stringContaining('client certificate'), next: expect.stringContaining('`tls.cert`') },
    ],
    [
      'a client certificate of another CA',
      () => targetWith({ ca: ours.cert, ...stranger }),
      { code: 'TARGET_REFUSED', sentence: expect.stringContaining('client certificate'), next: expect.stringContaining('`tls.cert`') },
    ],
    [
      'a key of another certificate',
      () => targetWith({ ca: ours.cert, cert: client.cert, key: stranger.key }),
      { code: 'TARGET_UNAVAILABLE', sentence: expect.stringContaining('with its key'), next: expect.stringContaining('`tls.key`') },
    ],
    [
      'another name than the certificate’s',
      () => targetWith({ ca: ours.cert, ...client }, engine.host.replace('127.0.0.1', 'localhost')),
      { code: 'TARGET_UNAVAILABLE', sentence: expect.stringContaining('another name'), next: expect.stringContaining('`host`') },
    ],
    [
      'no TLS at all',
      () => targetWith(null),
      { code: 'TARGET_REFUSED', found: expect.stringContaining('HTTPS server'), next: expect.stringContaining('`tls`') },
    ],
    [
      'a port where nobody speaks TLS',
      () => targetWith({ ca: ours.cert, ...client }, `tcp://${engine.credential.registry}`),
      { code: 'TARGET_UNAVAILABLE', sentence: expect.stringContaining('does not speak TLS'), next: expect.stringContaining('`host`') },
    ],
  ]

  describe('is said before anything happens, and without a secret:', () => {
    let place: Awaited<ReturnType<typeof dockerPlace>>
    let operation: Operation
    beforeAll(async () => {
      place = await dockerPlace(engine)
      operation = { id: 'one', fence: 1, settings: place.settings, artifacts: [await place.image('1')] }
    })
    afterAll(() => place?.end())

    test.each(WRONG)('%s', async (_what, targetOf, problem) => {
      const target = targetOf()
      const work = [() => apply(target, operation, place), () => target.observe(place.settings), () => target.reach()]
      const found = []
      for (const one of work) found.push(await problemOf(one()))
      for (const one of found) expect(one).toMatchObject({ ...problem, who: expect.stringMatching(/account|target/), retryable: false })
      expect(JSON.stringify(found)).not.toMatch(/BEGIN|gantry-docker-tls/)
      expect(JSON.stringify(found)).not.toContain(readFileSync(client.key, 'utf8').split('\n')[1])
      expect(await place.leftovers()).toEqual([])
    })
  })

  // Nothing stands between the two there, so the alert and the end of the connection arrive as one.
  test('from inside the engine’s network, too, the refusal of a client without a certificate is understood', () => {
    const url = engine.host.replace('tcp:', 'https:')
    expect(engine.run(process.execPath, '--input-type=module', '-e', ASK, ours.cert, url)).toMatch(/^TARGET_REFUSED .*ALERT/)
  })
})

const here = (path: string): string => JSON.stringify(new URL(path, import.meta.url).href)

const ASK = `
import { readFileSync } from 'node:fs'
import { endpointFetch } from ${here('../../src/runtime/endpoint.ts')}
import { unreachable } from ${here('../../src/targets/docker/unreachable.ts')}
const [ca, url] = process.argv.slice(1)
const error = await endpointFetch({ tls: { ca: readFileSync(ca, 'utf8') } })(url).catch((error) => error)
const { code, found } = unreachable(error).problem
console.log(code, found)
`
