import type { Keychain } from '../keychain.ts'
import { generic } from './generic.ts'
import { ghcr } from './ghcr.ts'

/** Every family of registries, the particular ones first: `generic` serves whatever is left. */
export const keychains: readonly Keychain[] = [ghcr, generic]

export const keychainFor = (registry: string): Keychain => keychains.find((keychain) => keychain.serves(registry)) ?? generic
