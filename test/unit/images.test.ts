import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { confinedRegistry } from '../../src/accounts/confined.ts'
import type { TargetAccess } from '../../src/deploy/images.ts'
import { createImages } from '../../src/images.ts'
import type { NamedSource } from '../../src/images.ts'
import { createRegistryClient } from '../../src/registry/client.ts'
import { publicFetch } from '../../src/runtime/egress.ts'
import { startOciRegistry } from '../world/oci-registry.ts'
import type { OciRegistry } from '../world/oci-registry.ts'
import { basic, clientUnderTest } from '../world/registry-client.ts'

// Which credential is used for an image, and which are not even tried.

let registry: OciRegistry
let session: ReturnType<typeof clientUnderTest>
beforeEach(async () => {
  registry = await startOciRegistry({
    auth: 'bearer',
    accounts: [
      { name: 'narrow', password: 'narrow-password', repositories: ['acme/shop'] },
      { name: 'wide', password: 'wide-password', repositories: ['acme/*'] },
    ],
    public: ['acme/open'],
  })
  for (const name of ['acme/shop:1', 'acme/admin:1', 'acme/open:1']) await registry.has(name, { 'index.html': 'hello' })
  session = clientUnderTest()
})
afterEach(() => registry.goesDown())

const credential = (name: string, repositories: string[], password = `${name}-password`): NamedSource => ({
  ...{ account: 0, name, isConfined: false, isOwn: false, registry: registry.host, repositories, family: null, users: null, expires: null },
  source: session.client.stored(basic(name, password), null),
})
const access = (different: Partial<TargetAccess> = {}): TargetAccess => ({
  account: 0,
  pulls: 'credential',
  credential: null,
  platform: null,
  user: { id: 42, owner: 'acme', account: 7, environment: 'production' },
  onlyFrom: () => null,
  ...different,
})
const artifact = (repository: string) => ({ name: 'main', repository: registry.name(repository), tag: '1', digest: null })
/** This registry is on a private address: what is confined finds no way to it. */
function images(...credentials: NamedSource[]) {
  const doors = confinedRegistry({ ...session.doors, publicFetch: publicFetch() })
  return createImages({ open: session, confined: { client: createRegistryClient(doors), doors } }, credentials)
}
const shownLogins = () =>
  new Set(
    registry.requests
      .map(({ authorization = '' }) => /^Basic (.*)$/.exec(authorization)?.[1])
      .flatMap((basic64) => (basic64 === undefined ? [] : [atob(basic64).split(':')[0]])),
  )

describe('the credential for an image', () => {
  test.for([
    ['acme/shop', 'credential narrow', 'the longest pattern that fits'],
    ['acme/admin', 'credential wide', 'the only one that fits'],
  ] as const)('of %s is %s: %s', async ([repository, as]) => {
    const both = images(credential('wide', ['acme/*']), credential('narrow', ['acme/shop']))
    expect(await both.resolve(artifact(repository), access(), 'd-1')).toMatchObject({ as })
  })

  test.for([
    [[{ repositoryId: 42, owner: 'Acme', environments: ['prod*'] }], 'credential narrow'],
    [[{ repositoryId: 42, owner: 'acme', environments: ['staging'] }], 'credential wide'],
    [[{ repositoryId: 43, owner: 'acme', environments: ['**'] }], 'credential wide'],
    [[{ repositoryId: 42, owner: 'others', environments: ['**'] }], 'credential wide'],
  ] as const)('is one that is kept for whoever asks: %j', async ([users, as]) => {
    const both = images(credential('wide', ['acme/*']), { ...credential('narrow', ['acme/shop']), users })
    expect(await both.resolve(artifact('acme/shop'), access(), 'd-1')).toMatchObject({ as })
    if (as === 'credential wide') expect(shownLogins()).toEqual(new Set(['wide']))
  })

  test.for([
    [0, [8], 'anonymous', 'another account’s is not there'],
    [0, [7], 'credential narrow', 'the account’s own, for the operator’s target too'],
    [0, [0, 7], 'credential narrow', 'the account’s own before the operator’s that fits as well'],
    [7, [0], 'anonymous', 'an account’s target is handed nothing of the operator’s'],
    [7, [0, 7, 8], 'credential narrow', 'an account’s target is handed the account’s own'],
  ] as const)('on a target of account %i, where %j keep one, is %s: %s', async ([account, keepers, as]) => {
    const kept = keepers.map((keeper) => ({
      ...credential(keeper === 7 ? 'narrow' : `of-${keeper}`, ['acme/shop'], 'narrow-password'),
      account: keeper,
    }))
    const deploying = images(...kept)
    if (as === 'anonymous')
      await expect(deploying.resolve(artifact('acme/shop'), access({ account }), 'd-1')).rejects.toMatchObject({
        problem: { code: 'CREDENTIAL_MISSING' },
      })
    else expect(await deploying.resolve(artifact('acme/shop'), access({ account }), 'd-1')).toMatchObject({ as })
  })

  test.for([
    [{ isOwn: true }, {}, 'a target of the account’s own'],
    [{ isOwn: true, isConfined: true }, { isConfined: true }, 'a target of the account’s own, what a backup has brought back'],
    [{ isConfined: true }, {}, 'a target of the operator’s that a backup has brought back, what was put there since'],
  ] as const)('is never the operator’s for %j, which has %j: %s', async ([target, held]) => {
    const theirs = { ...credential('narrow', ['acme/shop']), account: 7, ...held }
    const words = { code: 'CREDENTIAL_MISSING', wanted: 'one of the account’s own', who: 'account' }
    for (const named of [null, 'narrow']) {
      const asked = access({ account: 7, ...target, credential: named })
      const image = { name: 'main', repository: registry.name('acme/shop'), digest: registry.digestOf('acme/shop:1') }
      expect(await images(theirs).credential(image, asked)).toBeNull()
      // What is confined does not get as far as this registry, which is on a private address.
      if (asked.isConfined === true) continue
      await expect(images(theirs).resolve(artifact('acme/shop'), asked, 'd-1')).rejects.toMatchObject({ problem: words })
      await expect(images(theirs).verify(image, asked, 'd-1')).rejects.toMatchObject({ problem: words })
      const { rows } = await images(theirs).preflight(artifact('acme/shop'), asked)
      expect(rows.find(({ outcome }) => outcome === 'failed')?.problem).toMatchObject(words)
    }
    expect(shownLogins()).toEqual(new Set())
  })

  test('is not the operator’s for a public image on a target of the account’s own, which is pulled without one', async () => {
    const theirs = { ...credential('wide', ['acme/*'], 'revoked'), account: 7 }
    expect(await images(theirs).resolve(artifact('acme/open'), access({ account: 7, isOwn: true }), 'd-1')).toMatchObject({ as: 'anonymous' })
    expect(shownLogins()).toEqual(new Set())
  })

  test('of the account’s own is tried alone on a target of its own: the operator’s is not even tried after a no', async () => {
    const both = images({ ...credential('narrow', ['acme/shop'], 'revoked'), account: 7, isOwn: true }, { ...credential('wide', ['**']), account: 7 })
    const asked = both.resolve(artifact('acme/shop'), access({ account: 7, isOwn: true }), 'd-1')
    await expect(asked).rejects.toMatchObject({ problem: { code: 'CREDENTIALS_INVALID', next: expect.not.stringContaining('wide') } })
    expect(shownLogins()).toEqual(new Set(['narrow']))
  })

  test('is the one that the target names', async () => {
    const both = images(credential('wide', ['acme/*']), credential('narrow', ['acme/shop']))
    expect(await both.resolve(artifact('acme/shop'), access({ credential: 'wide' }), 'd-1')).toMatchObject({ as: 'credential wide' })
  })

  test('is none where the target names one that is kept for other images', async () => {
    const both = images(credential('wide', ['vault/*']), credential('narrow', ['acme/shop']))
    await expect(both.resolve(artifact('acme/shop'), access({ credential: 'wide' }), 'd-1')).rejects.toMatchObject({
      problem: { code: 'CREDENTIAL_MISSING' },
    })
  })

  test.for(['ambient', 'none'] as const)('is none where the target pulls with %s', async (pulls) => {
    const all = images(credential('wide', ['**']))
    expect(await all.resolve(artifact('acme/open'), access({ pulls }), 'd-1')).toMatchObject({ as: 'anonymous' })
    await expect(all.resolve(artifact('acme/shop'), access({ pulls }), 'd-1')).rejects.toMatchObject({ problem: { code: 'CREDENTIAL_MISSING' } })
    expect(shownLogins()).toEqual(new Set())
  })
})

describe('after a no', () => {
  const broken = () => credential('narrow', ['acme/*'], 'revoked')

  test('another one that may be used for the image is tried, and named', async () => {
    const asked = images(broken(), credential('wide', ['**'])).resolve(artifact('acme/admin'), access(), 'd-1')
    await expect(asked).rejects.toMatchObject({ problem: { code: 'CREDENTIALS_INVALID', next: expect.stringMatching(/^Use the credential wide/) } })
  })

  test('one that is kept for other repositories is not', async () => {
    const asked = images(broken(), credential('wide', ['vault/*'])).resolve(artifact('acme/admin'), access(), 'd-1')
    await expect(asked).rejects.toMatchObject({ problem: { code: 'CREDENTIALS_INVALID', next: expect.not.stringContaining('wide') } })
    expect(shownLogins()).toEqual(new Set(['narrow']))
  })

  test('an image that is public says so', async () => {
    const asked = images(broken()).resolve(artifact('acme/open'), access(), 'd-1')
    await expect(asked).rejects.toMatchObject({ problem: { code: 'PUBLIC_IMAGE_BAD_CREDENTIAL' } })
  })

  test('the log has one event, with the deployment that it was for', async () => {
    await images(broken(), credential('wide', ['**']))
      .resolve(artifact('acme/admin'), access(), 'd-1')
      .catch(() => {})
    expect(session.reports).toMatchObject([{ code: 'CREDENTIALS_INVALID', correlation: 'd-1', fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/) }])
  })
})

describe('what a target that pulls by itself is handed', () => {
  const made = async (pulls: TargetAccess['pulls'], ...credentials: NamedSource[]) =>
    images(...credentials).credential({ name: 'main', repository: registry.name('acme/shop'), digest: `sha256:${'0'.repeat(64)}` }, access({ pulls }))

  test('user name and password, or nothing', async () => {
    expect(await made('credential', credential('narrow', ['**']))).toMatchObject({ registry: registry.host, username: 'narrow' })
    expect(await made('ambient', credential('narrow', ['**']))).toBeNull()
    expect(await made('credential')).toBeNull()
  })

  test('never one that ends before the pull does', async () => {
    const soon = { ...credential('narrow', ['**']), source: session.client.stored(basic('narrow', 'narrow-password'), session.doors.date() + 60_000) }
    await expect(made('credential', soon)).rejects.toMatchObject({ problem: { code: 'CREDENTIAL_LIFETIME_TOO_SHORT' } })
  })
})

describe('what an account declared by itself', () => {
  const own = (more: Partial<NamedSource> = {}): NamedSource => ({ ...credential('wide', ['acme/*']), account: 7, isConfined: true, ...more })
  const ask = (credentials: readonly NamedSource[], how: Partial<TargetAccess>, repository = 'acme/shop') =>
    images(...credentials).resolve(artifact(repository), access({ account: 7, ...how }), 'd-1')
  const refused = { problem: { code: 'MACHINE_REQUIRED', who: 'account' } }

  test('reaches no private address, with its target, with its credential, or with none at all', async () => {
    await expect(ask([own()], { isConfined: true })).rejects.toMatchObject(refused)
    await expect(ask([own()], { account: 0 })).rejects.toMatchObject(refused)
    await expect(ask([], { isConfined: true }, 'acme/open')).rejects.toMatchObject(refused)
    const { rows } = await images(own()).preflight(artifact('acme/shop'), access({ account: 7, isConfined: true }))
    expect(rows.find(({ outcome }) => outcome === 'failed')?.problem).toMatchObject(refused.problem)
    await expect(images(own()).layers(fixed(), access({ account: 7, isConfined: true }), 'd-1')).rejects.toMatchObject(refused)
    expect(registry.requests).toEqual([])
  })

  test('does where the operator says so', async () => {
    expect(await ask([own({ isConfined: false })], {})).toMatchObject({ as: 'credential wide' })
  })

  const fixed = () => ({ name: 'main', repository: registry.name('acme/shop'), digest: registry.digestOf('acme/shop:1') })
})
