import type { Keychain } from '../keychain.ts'
import { generic } from './generic.ts'
import { ghcr } from './ghcr.ts'

/** Every family of registries, the particular ones first: `generic` serves whatever is left. */
export const keychains: readonly Keychain[] = [ghcr, generic]

/** By the registry's host; or by its family's name, where somebody runs that software under a host name of their own. */
export const keychainFor = (registry: string, family: string | null = null): Keychain =>
  keychains.find((keychain) => (family === null ? keychain.serves(registry) : keychain.name === family)) ?? generic
