import { describe, expect, test } from 'vitest'
import { startOciRegistry } from '../world/oci-registry.ts'
import { registryContract } from './registry.contract.ts'

describe('the registry of the test world', () => {
  registryContract(async (setup) => {
    const registry = await startOciRegistry(setup)
    return {
      host: registry.host,
      realm: null,
      push: async (repository, tag, image) => void registry.holds(`${repository}:${tag}`, image),
      stop: () => registry.goesDown(),
    }
  })

  test('takes a push by the front door', async () => {
    const registry = await startOciRegistry()
    const digest = await registry.receives('acme/shop:1.2', { 'index.html': 'pushed' }, { platforms: ['linux/amd64'] })
    expect(registry.digestOf(registry.name('acme/shop:1.2'))).toBe(digest)
    await registry.goesDown()
  })
})
