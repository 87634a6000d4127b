import { describe, expect, test } from 'vitest'
import { servers } from '../world/servers.ts'
import { registryContract } from './registry.contract.ts'

const missing = servers.missingDockerRegistry

if (missing !== null) {
  test('docker-registry can be started here', (context) => {
    if (!process.env['CI']) context.skip(missing)
    expect.fail(missing)
  })
} else {
  describe('docker-registry', () => registryContract(servers.startDockerRegistry))
}
