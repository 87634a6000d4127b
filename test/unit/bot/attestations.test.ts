import { describe, expect, test } from 'vitest'
import { createAttestations } from '../../../src/bot/attestations.ts'
import type { GitHub as Door } from '../../../src/bot/github.ts'
import type { Repository } from '../../../src/deploy/deployment.ts'
import { Failure } from '../../../src/errors.ts'
import { DIGEST, Desk } from './desk.ts'

const LARGEST = 1024 * 1024

function setUp() {
  const desk = new Desk()
  const { id, node } = desk.github.repository
  const asker: Repository = { id, node, owner: 'acme', name: 'shop', installation: desk.github.installation.id }
  const reached = Promise.withResolvers<void>()
  const fetch: typeof globalThis.fetch = (input, init) => {
    reached.resolve()
    return desk.github.storage(input, init)
  }
  const attestations = createAttestations(desk.door, { fetch, clock: desk.time })
  const bundles = async (digest = DIGEST): Promise<unknown[]> => await Array.fromAsync(attestations.bundlesOf('acme/shop', digest, asker))
  const failure = async () => {
    const error: unknown = await bundles().catch((thrown: unknown) => thrown)
    if (!(error instanceof Failure)) throw new Error('it did not fail')
    return error.problem
  }
  return { github: desk.github, time: desk.time, attestations, asker, bundles, failure, reached: reached.promise }
}

describe('the attestations of a digest', () => {
  test('come from GitHub, the newest first', async () => {
    const { github, bundles } = setUp()
    github.hasAttestation(DIGEST, { signed: 'yesterday' })
    github.hasAttestation(DIGEST, { signed: 'today' })
    github.hasAttestation(DIGEST.replace('0', '1'), { signed: 'for something else' })
    expect(await bundles()).toEqual([{ signed: 'today' }, { signed: 'yesterday' }])
    github.verdict()
  })

  test('are none where GitHub knows of none, or does not show the repository', async () => {
    const { attestations, asker, bundles } = setUp()
    expect(await bundles()).toEqual([])
    expect(await Array.fromAsync(attestations.bundlesOf('acme/hidden', DIGEST, asker))).toEqual([])
  })

  test('of other kinds are not asked for', async () => {
    const { github, bundles } = setUp()
    const payload = Buffer.from(JSON.stringify({ predicateType: 'https://spdx.dev/Document/v2.3' })).toString('base64')
    github.hasAttestation(DIGEST, { dsseEnvelope: { payload } })
    expect(await bundles()).toEqual([])
  })

  test('are read one at a time: what nobody looks at is not downloaded', async () => {
    const { github, attestations, asker } = setUp()
    github.hasAttestation(DIGEST, { signed: 'yesterday' })
    github.hasAttestation(DIGEST, { signed: 'today' })
    github.answers(500).to('storage').times(2).afterDoingTheWork()
    const trouble = attestations.bundlesOf('acme/shop', DIGEST, asker)[Symbol.asyncIterator]()
    await expect(trouble.next()).rejects.toBeInstanceOf(Failure)
    const again = attestations.bundlesOf('acme/shop', DIGEST, asker)[Symbol.asyncIterator]()
    await expect(again.next()).rejects.toBeInstanceOf(Failure)
    for await (const bundle of attestations.bundlesOf('acme/shop', DIGEST, asker)) {
      expect(bundle).toEqual({ signed: 'today' })
      break
    }
  })

  test('are 30 at most', async () => {
    const { github, bundles } = setUp()
    for (let count = 1; count <= 31; count += 1) github.hasAttestation(DIGEST, { count })
    const found = await bundles()
    expect([found.length, found[0], found[29]]).toEqual([30, { count: 31 }, { count: 2 }])
  })
})

describe('a bundle', () => {
  test('may be as large as a megabyte', async () => {
    const { github, bundles } = setUp()
    const text = (size: number): string => `"${'x'.repeat(size - 2)}"`
    github.hasAttestation(DIGEST, text(LARGEST + 1))
    github.hasAttestation(DIGEST, text(LARGEST - 1000))
    const [fits, isTooLarge] = await bundles()
    expect([typeof fits, isTooLarge]).toEqual(['string', null])
  })

  test('that is no JSON is null', async () => {
    const { github, bundles } = setUp()
    github.hasAttestation(DIGEST, 'garbage')
    expect(await bundles()).toEqual([null])
  })

  const answering = (...attestations: object[]): Pick<Door, 'reading'> => ({
    reading: () => ({
      rest: async (_route, _params, shape) => shape.parse({ attestations }),
      graphql: () => Promise.reject(new Error('no')),
      queue: () => {
        throw new Error('nothing is written here')
      },
      isShort: () => false,
    }),
  })
  const kept = async (attestation: object, body: BodyInit = '', status = 200): Promise<unknown> => {
    const { time, asker } = setUp()
    const fetch = async (): Promise<Response> => new Response(body, { status })
    const found = await Array.fromAsync(createAttestations(answering(attestation), { fetch, clock: time }).bundlesOf('acme/shop', DIGEST, asker))
    return found[0]
  }
  const url = 'https://storage.github.example/1.json.sn?sig=1'

  test('more than the 30 that were asked for is not looked at', async () => {
    const { time, asker } = setUp()
    const door = answering(...Array.from({ length: 31 }, () => ({ bundle: {} })))
    const attestations = createAttestations(door, { fetch: () => Promise.reject(new Error('no')), clock: time })
    expect(await Array.fromAsync(attestations.bundlesOf('acme/shop', DIGEST, asker))).toHaveLength(30)
  })

  test('may stand in the answer itself, as older versions of the API have it', async () => {
    expect(await kept({ bundle: { signed: 'today' } })).toEqual({ signed: 'today' })
    expect(await kept({ bundle: { signed: 'today' }, bundle_url: '' })).toEqual({ signed: 'today' })
    expect(await kept({ bundle: { signed: 'x'.repeat(LARGEST) } })).toBeNull()
    expect(await kept({ bundle: null })).toBeNull()
    expect(await kept({})).toBeNull()
  })

  test('is at its address where it is null in the answer', async () => {
    expect(await kept({ bundle: null, bundle_url: url }, '{"signed":"today"}')).toEqual({ signed: 'today' })
  })

  test('that says it is larger than it may be is not unpacked', async () => {
    expect(await kept({ bundle_url: url }, Uint8Array.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0]))).toBeNull()
  })

  test('is not fetched without TLS', async () => {
    expect(await kept({ bundle_url: url.replace('https', 'http') }, '{}')).toBeNull()
  })

  test('is not fetched from where the storage redirects to', async () => {
    await expect(kept({ bundle_url: url }, '', 302)).rejects.toMatchObject({ problem: { code: 'GITHUB_UNAVAILABLE', found: 'status 302' } })
  })
})

describe('what cannot be read is no answer', () => {
  const unavailable = (found: string) => expect.objectContaining({ code: 'GITHUB_UNAVAILABLE', found, retryable: true }) as unknown

  test('a storage in trouble; its address is not told', async () => {
    const { github, failure } = setUp()
    github.hasAttestation(DIGEST, {})
    github.answers(503).to('storage')
    const problem = await failure()
    expect(problem).toEqual(unavailable('status 503'))
    expect(JSON.stringify(problem)).not.toMatch(/sig=|github\.example/)
  })

  test('a storage that hangs up', async () => {
    const { github, failure } = setUp()
    github.hasAttestation(DIGEST, {})
    github.drops().to('storage')
    expect(await failure()).toEqual(unavailable('no answer'))
  })

  test('a storage that never answers', async () => {
    const { github, time, failure, reached } = setUp()
    github.hasAttestation(DIGEST, {})
    github.hangs().to('storage')
    const outcome = failure()
    await reached
    await time.passes('1 minute')
    expect(await outcome).toEqual(unavailable('no answer'))
  })

  test('a list of another shape', async () => {
    const { github, failure } = setUp()
    github.answers(200, { attestations: 'none' }).to('GET /repos/{owner}/{repo}/attestations/{subject_digest}')
    expect((await failure()).code).toBe('GITHUB_UNAVAILABLE')
  })

  test('a list that the App may not read', async () => {
    const { github, failure } = setUp()
    github.installation.permissions.delete('attestations')
    expect((await failure()).code).toBe('GITHUB_REFUSED')
  })
})
