import { expect, test } from 'vitest'
import { anonymous } from '../../../src/registry/credential.ts'
import { preflight } from '../../../src/registry/preflight.ts'
import type { PreflightAsking } from '../../../src/registry/preflight.ts'
import { holding, OCI_IMAGE } from '../../world/held-things.ts'
import { basic, reference } from '../../world/registry-client.ts'
import { denies, says, scripted, throws } from '../../world/scripted-answers.ts'

const shop = reference('registry.example/acme/shop:1.2')
const alice = basic('alice', 'correct-horse-battery')
const bug = new RangeError('a bug')

type Session = Pick<ReturnType<typeof scripted>, 'client' | 'doors'>
const look = async ({ client, doors }: Session, different: Partial<PreflightAsking> = {}, wanted = shop): Promise<Record<string, string>> => {
  const asking = { credential: anonymous, as: 'anonymous', platform: null, pullWithin: 60_000, ...different }
  const { rows } = await preflight(client, doors, wanted, asking)
  return Object.fromEntries(rows.map(({ name, outcome, note }) => [name, `${outcome}: ${note}`]))
}
const layer = (size: number) => ({ mediaType: OCI_IMAGE, digest: `sha256:${'a'.repeat(64)}`, size })

test('an image that says nothing of its platform, and is large', async () => {
  const { put, ...session } = holding()
  put({ config: put({}), layers: [layer(2_000_000), layer(4_000_000)] })
  expect(await look(session)).toMatchObject({ platform: 'passed: not said by the image', size: 'passed: 6 MB in 2 layers' })
})

test('a realm that is no address is shown as it is', async () => {
  const session = scripted([denies('Bearer realm="nowhere"')])
  expect(await look(session)).toMatchObject({ challenge: 'passed: Bearer, tokens from nowhere', token: 'failed: a realm that is no address' })
})

test('a failure without findings is told in its sentence', async () => {
  const { put, ...session } = holding()
  put({})
  const rows = await look(session, {}, { ...shop, tag: null })
  expect(rows['credential']).toBe('failed: registry.example/acme/shop names neither a tag nor a digest.')
})

test('a bug of ours is no row', async () => {
  await expect(look(scripted([throws(bug)]))).rejects.toBe(bug)
})

test('nor is one that shows itself when the credential is lent', async () => {
  const { put, ...session } = holding()
  put({ config: put({}), layers: [layer(1)] })
  let lent = 0
  const credential = {
    lend: () => (++lent === 1 ? Promise.resolve({ credential: anonymous, until: null, isHeld: false, login: null }) : Promise.reject(bug)),
    renew: () => Promise.resolve(null),
    fingerprints: () => Promise.resolve([]),
  }
  await expect(look(session, { credential })).rejects.toBe(bug)
})

test('nor one of the second look after a no', async () => {
  const session = scripted([denies('Basic'), says(401, { 'www-authenticate': 'Basic' }), throws(bug)])
  await expect(look(session, { credential: alice })).rejects.toBe(bug)
})
