import type { Keychain } from '../keychain.ts'
import { acr } from './acr.ts'
import { artifactRegistry } from './artifact-registry.ts'
import { cloudflare } from './cloudflare.ts'
import { dockerHub } from './docker-hub.ts'
import { ecrPublic } from './ecr-public.ts'
import { ecr } from './ecr.ts'
import { generic } from './generic.ts'
import { ghcr } from './ghcr.ts'
import { gitlab } from './gitlab.ts'
import { harbor } from './harbor.ts'
import { quay } from './quay.ts'

/** Every family of registries, the particular ones first: `generic` serves whatever is left. */
export const keychains: readonly Keychain[] = [ghcr, dockerHub, ecr, ecrPublic, artifactRegistry, acr, quay, gitlab, harbor, cloudflare, generic]

/** By the registry's host; or by its family's name, where somebody runs that software under a host name of their own. */
export const keychainFor = (registry: string, family: string | null = null): Keychain =>
  keychains.find((keychain) => (family === null ? keychain.serves(registry) : keychain.name === family)) ?? generic
