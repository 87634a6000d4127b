import type { RegistrySetup, RegistryUnderTest } from '../contracts/registry.contract.ts'
import type { OciRegistry, OciRegistryOptions } from './oci-registry.ts'
import type { Rule, ScriptedServer } from './scripted-server.ts'
import type { VendorSetup } from './vendors/vendor.ts'
import { isWorkerd } from './which-runtime.ts'

/** What a test says about a registry of the test world. */
export type TestRegistry = Pick<
  OciRegistry,
  'host' | 'origin' | 'quirks' | 'requests' | 'name' | 'has' | 'holds' | 'receives' | 'answers' | 'revokesTokens' | 'goesDown' | 'comesBack'
>

export interface Servers {
  /** Why docker-registry cannot be started here; null where it can. */
  readonly missingDockerRegistry: string | null
  startDockerRegistry(setup: RegistrySetup): Promise<RegistryUnderTest>
  startOciRegistry(options?: OciRegistryOptions): Promise<TestRegistry>
  startScriptedServer(rules: readonly Rule[]): Promise<ScriptedServer>
  /** A cloud that makes credentials; what it `follows` comes before its own behaviour. */
  startVendor(setup: VendorSetup): Promise<ScriptedServer>
}

/** The servers that tests of the registry client talk to: the same for tests on Node and for tests in workerd, which cannot listen itself. */
export const servers: Servers = isWorkerd ? (await import('../workers/inside.ts')).servers : (await import('./servers-here.ts')).servers
