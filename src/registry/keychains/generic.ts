import type { Keychain } from '../keychain.ts'

/** Any registry that follows the OCI distribution specification: docker-registry, Nexus, Artifactory, Zot, Harbor, … */
export const generic: Keychain = {
  name: 'generic',
  title: 'Any other registry',
  hosts: [],
  serves: () => true,
  lint: () => null,
  deniedAtToken: 'PERMISSION_DENIED',
  make: 'Make an account or a token that may pull (read) these images and nothing else.',
  grant: 'Give the account behind the credential permission to pull (read) this repository.',
}
