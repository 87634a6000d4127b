import { expect, story } from '../story.ts'
import { newKey } from '../world/vault.ts'

// An account has room for what it needs, and cannot make everybody wait for what it keeps. grace owns acme.

const at = (name: string): string => `/config/acme/targets/${name}?untested=true`
const target = (bounds: number) => ({
  ...{ kind: 'docker', pulls: 'none', host: 'tcp://engine.example.com:2376', plain_http: true },
  allow: Array.from({ length: bounds }, (_, nth) => ({
    repository: 'acme/shop',
    id: nth + 1,
    environments: ['production'],
    images: ['ghcr.io/acme/*', 'registry.example.com/acme/*'],
  })),
})

story.once(
  'what an account keeps has an end in all: more is refused, and there is room again where something is made smaller or removed',
  async ({ grace }) => {
    // Some 56,000 characters each: four of them have room.
    for (const name of ['a', 'b', 'c', 'd']) expect((await grace.calls('PUT', at(name), target(400))).body).toMatchObject({ name, unused: null })
    const more = await grace.calls('PUT', at('e'), target(400))
    expect([more.status, more.body]).toMatchObject([
      422,
      { code: 'REQUEST_INVALID', detail: 'The account would keep too much.', wanted: 'at most 262144' },
    ])
    expect((await grace.calls('PUT', at('a'), target(399))).status).toBe(200)
    expect((await grace.calls('PUT', at('e'), target(100))).status).toBe(201)
    expect((await grace.calls('PUT', at('e'), target(400))).status).toBe(422)
    expect((await grace.calls('DELETE', '/config/acme/targets/a')).status).toBe(200)
    expect((await grace.calls('PUT', at('e'), target(400))).status).toBe(200)
    const { body } = await grace.calls('GET', '/config/acme/targets')
    expect(body.targets.map(({ name }: { name: string }) => name)).toEqual(['b', 'c', 'd', 'e'])
  },
  { keys: [newKey('k1')] },
)
