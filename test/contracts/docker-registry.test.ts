import { describe, expect, test } from 'vitest'
import { missingDockerRegistry, startDockerRegistry } from '../world/docker-registry.ts'
import { pushImage } from '../world/image.ts'
import { registryContract } from './registry.contract.ts'

const missing = missingDockerRegistry()

if (missing !== null) {
  test('docker-registry can be started here', (context) => {
    if (!process.env['CI']) context.skip(missing)
    expect.fail(missing)
  })
} else {
  describe('docker-registry', () => {
    registryContract(async ({ auth, ...setup }) => {
      const modes = { open: 'none', basic: 'htpasswd', bearer: 'token' } as const
      const registry = await startDockerRegistry({ auth: modes[auth], ...setup })
      return {
        host: registry.host,
        realm: registry.realm,
        push: (repository, tag, image) => pushImage(`http://${registry.host}`, repository, tag, image, registry.pushAuthorization(repository)),
        stop: () => registry.stop(),
      }
    })
  })
}
