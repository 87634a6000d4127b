import { describe, expect, test } from 'vitest'
import { anonymous } from '../../src/registry/credential.ts'
import { clientUnderTest, reference } from '../world/registry-client.ts'
import { servers } from '../world/servers.ts'
import { registryContract } from './registry.contract.ts'

describe('the registry of the test world', () => {
  registryContract(async (setup) => {
    const registry = await servers.startOciRegistry(setup)
    return {
      host: registry.host,
      realm: null,
      push: async (repository, tag, image) => void registry.holds(`${repository}:${tag}`, image),
      stop: () => registry.goesDown(),
    }
  })

  test('takes a push by the front door', async () => {
    const registry = await servers.startOciRegistry()
    const digest = await registry.receives('acme/shop:1.2', { 'index.html': 'pushed' }, { platforms: ['linux/amd64'] })
    const shop = reference(registry.name('acme/shop:1.2'))
    expect(await clientUnderTest().client.resolve(shop, { credential: anonymous })).toMatchObject({ digest })
    await registry.goesDown()
  })
})
