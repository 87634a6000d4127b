import { encodeParts, type Bytes } from './aes-gcm.ts'
import type { AccountKey, RecordName } from './record.ts'

/** One record that an account holds: its version, and the stamp of the one sealing that is in force. */
export interface Entry extends RecordName {
  readonly version: number
  readonly stamp: string
}

/** Everything that an account holds, as a whole: nothing of it can be left out, brought back or exchanged alone. */
export interface Inventory {
  readonly entries: ReadonlyMap<string, Entry>
  /** Grows with every change of the account, and is the version of what was written then. */
  readonly counter: number
  /** Which of the account's keys the MAC is made with. */
  readonly kid: string
  readonly mac: Bytes
}

const FORMAT = 'gantry vault inventory 1'

/** An entry's key in the map. No name has a space in it. */
export const keyOf = ({ kind, id, field }: Omit<RecordName, 'account'>): string => `${kind} ${id} ${field}`

export const inventoryOf = (entries: readonly Entry[]): ReadonlyMap<string, Entry> => new Map(entries.map((entry) => [keyOf(entry), entry]))

export async function signInventory(
  { kid, key }: AccountKey,
  account: number,
  counter: number,
  entries: ReadonlyMap<string, Entry>,
): Promise<Inventory> {
  const mac = await crypto.subtle.sign('HMAC', await macKey(key, account), textOf(account, { kid, counter, entries }))
  return { entries, counter, kid, mac: new Uint8Array(mac) }
}

export async function isGenuine({ key }: AccountKey, account: number, inventory: Inventory): Promise<boolean> {
  return crypto.subtle.verify('HMAC', await macKey(key, account), inventory.mac, textOf(account, inventory))
}

/** HMAC-SHA-256 (FIPS 198-1) under a key of its own. */
const macKey = (key: CryptoKey, account: number): Promise<CryptoKey> =>
  crypto.subtle.deriveKey(
    { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: encodeParts(FORMAT, account) },
    key,
    { name: 'HMAC', hash: 'SHA-256', length: 256 },
    false,
    ['sign', 'verify'],
  )

function textOf(account: number, { kid, counter, entries }: Omit<Inventory, 'mac'>): Bytes {
  const lines = [...entries].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([key, { version, stamp }]) => [key, version, stamp])
  return new TextEncoder().encode(JSON.stringify([FORMAT, account, kid, counter, lines]))
}
