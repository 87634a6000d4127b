import { beforeAll, describe, expect, test } from 'vitest'
import { createProvenance } from '../../../src/attestation/provenance.ts'
import { readTrustedRoots } from '../../../src/attestation/roots.ts'
import type { TrustedRoot } from '../../../src/attestation/roots.ts'
import { createAttestations } from '../../../src/bot/attestations.ts'
import type { Repository } from '../../../src/deploy/deployment.ts'
import type { WantedSigner } from '../../../src/deploy/provenance.ts'
import { COMMIT, createSigstore } from '../../world/sigstore.ts'
import type { Sigstore } from '../../world/sigstore.ts'
import { DIGEST, Desk } from '../bot/desk.ts'

const IMAGE = { repository: 'ghcr.io/acme/shop', digest: DIGEST } as const
const WANTED: WantedSigner = { repository: 'acme/shop', workflow: '.github/workflows/release.yml', ref: 'refs/heads/main' }

let sigstore: Sigstore
let roots: readonly TrustedRoot[]
beforeAll(async () => {
  sigstore = await createSigstore()
  roots = readTrustedRoots(JSON.stringify(sigstore.root())) as readonly TrustedRoot[]
})

/** The whole way, from the simulated GitHub to the verdict. */
function setUp() {
  const { github, door, time } = new Desk()
  const { id, node } = github.repository
  const asker: Repository = { id, node, owner: 'acme', name: 'shop', installation: github.installation.id }
  const provenance = createProvenance(createAttestations(door, { fetch: github.storage, clock: time }), roots)
  const proves = (wanted: Partial<WantedSigner> = {}, who = asker) => provenance.prove(IMAGE, { ...WANTED, ...wanted }, who)
  return { github, asker, repositoryId: id, proves }
}

describe('what an image was built from', () => {
  test('is proved by an attestation of the wanted workflow', async () => {
    const { github, repositoryId, proves } = setUp()
    github.hasAttestation(DIGEST, await sigstore.signs(DIGEST, { repositoryId }))
    expect(await proves()).toEqual({ commit: COMMIT })
    github.verdict()
  })

  test('is not known where there is none', async () => {
    expect(await setUp().proves()).toEqual({
      problem: {
        code: 'ATTESTATION_MISSING',
        sentence: 'Nothing signed says from which commit the image sha256:0123456789ab was built.',
        found: 'no attestation',
        wanted: 'SLSA provenance signed by https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main',
        who: 'repository',
        next: 'Let .github/workflows/release.yml attest the image that it pushes (actions/attest-build-provenance), and build it again.',
        retryable: false,
      },
    })
  })

  test('is proved by one of several, whatever the others are', async () => {
    const { github, repositoryId, proves } = setUp()
    const right = await sigstore.signs(DIGEST, { repositoryId })
    const wrong = [
      await sigstore.signs(DIGEST, { repositoryId, ref: 'refs/heads/evil' }),
      'garbage',
      {},
      await (await createSigstore()).signs(DIGEST),
    ]
    for (const bundle of [wrong[0], wrong[1], right, wrong[2], wrong[3]]) github.hasAttestation(DIGEST, bundle)
    expect(await proves()).toEqual({ commit: COMMIT })
  })

  test('is not what somebody said of another image', async () => {
    const { github, repositoryId, proves } = setUp()
    github.hasAttestation(DIGEST, await sigstore.signs(DIGEST.replace('0', '1'), { repositoryId }))
    expect(await proves()).toMatchObject({ problem: { code: 'ATTESTATION_INVALID' } })
  })

  test('of several that do not count, the nearest is told', async () => {
    const { github, repositoryId, proves } = setUp()
    github.hasAttestation(DIGEST, await sigstore.signs(DIGEST, { repositoryId, ref: 'refs/heads/evil' }))
    github.hasAttestation(DIGEST, 'garbage')
    github.hasAttestation(DIGEST, 'garbage too')
    expect(await proves()).toMatchObject({
      problem: {
        code: 'ATTESTATION_OTHER',
        found: 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/evil, and 2 more attestations that did not count',
        wanted: 'https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main',
      },
    })
  })

  test('is not proved by a repository that took the name', async () => {
    const { github, repositoryId, proves } = setUp()
    github.hasAttestation(DIGEST, await sigstore.signs(DIGEST, { repositoryId: repositoryId + 1 }))
    expect(await proves()).toMatchObject({ problem: { code: 'ATTESTATION_OTHER', found: `repository id ${repositoryId + 1}` } })
  })

  test('may be proved by another repository, whose number nobody here knows', async () => {
    const { github, asker, proves } = setUp()
    github.hasAttestation(DIGEST, await sigstore.signs(DIGEST, { repositoryId: 5 }))
    expect(await proves({}, { ...asker, id: 7, name: 'infrastructure' })).toEqual({ commit: COMMIT })
  })

  test('is not proved by the public Sigstore, if a Sigstore of our own signed', async () => {
    const { github, asker } = setUp()
    const bundles = {
      bundlesOf: async function* () {
        yield await sigstore.signs(DIGEST, { repositoryId: asker.id })
      },
    }
    expect(await createProvenance(bundles).prove(IMAGE, WANTED, asker)).toMatchObject({ problem: { code: 'ATTESTATION_INVALID' } })
    github.verdict()
  })
})
