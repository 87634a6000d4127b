import { Secret } from '../secret.ts'
import { macUnder, type Hmac, type Mac } from './audit.ts'
import type { Vault } from './vault.ts'
import type { RandomBytes } from './vault/aes-gcm.ts'

const NAME = { account: 0, kind: 'audit', id: 'chain', field: 'key' } as const
const KEY_BYTES = 32

/** The audit log's own key as the vault keeps it; without a key where there is none yet. Throws VAULT_RECORD_BROKEN. */
export async function readAuditMac(vault: Vault, hmac: Hmac): Promise<Mac> {
  const kept = await vault.open(NAME)
  return macUnder(hmac, kept === null ? null : bytesOf(kept))
}

/** The same; where the vault has a key and this one is not there, it is made. It outlives every key of `GANTRY_KEYS`. */
export async function auditMac(vault: Vault, hasKeys: boolean, random: RandomBytes, hmac: Hmac): Promise<Mac> {
  if (hasKeys && (await vault.open(NAME)) === null) await vault.seal(NAME, new Secret(btoa(String.fromCharCode(...random(KEY_BYTES)))))
  return readAuditMac(vault, hmac)
}

const bytesOf = (secret: Secret): Uint8Array => Uint8Array.from(atob(secret.reveal()), (character) => character.charCodeAt(0))
