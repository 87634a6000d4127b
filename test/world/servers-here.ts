import { missingDockerRegistry, startDockerRegistry } from './docker-registry.ts'
import { pushImage } from './image.ts'
import { startOciRegistry } from './oci-registry.ts'
import { startScriptedServer } from './scripted-server.ts'
import type { Servers } from './servers.ts'
import { startVendor } from './vendors/vendor.ts'

const MODES = { open: 'none', basic: 'htpasswd', bearer: 'token' } as const

export const servers: Servers = {
  missingDockerRegistry: missingDockerRegistry(),
  async startDockerRegistry({ auth, ...setup }) {
    const registry = await startDockerRegistry({ auth: MODES[auth], ...setup })
    return {
      host: registry.host,
      realm: registry.tokens?.realm ?? null,
      push: (repository, tag, image) => pushImage(`http://${registry.host}`, repository, tag, image, registry.pushAuthorization(repository)),
      stop: () => registry.stop(),
    }
  },
  startOciRegistry,
  startScriptedServer,
  startVendor,
}
