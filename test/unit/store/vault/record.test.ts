import { beforeAll, describe, expect, inject, test } from 'vitest'
import { Secret } from '../../../../src/secret.ts'
import type { Bytes } from '../../../../src/store/vault/aes-gcm.ts'
import { openRecord, sealRecord, type AccountKey, type RecordName } from '../../../../src/store/vault/record.ts'
import { Random } from '../../../world/random.ts'

// Runs in workerd too.

const random = (count: number): Bytes => crypto.getRandomValues(new Uint8Array(count))
const accountKey = async (kid: string, raw: Bytes = random(32)): Promise<AccountKey> => ({
  kid,
  key: await crypto.subtle.importKey('raw', raw, 'HKDF', false, ['deriveKey']),
})

/** One of each kind of secret that there is: short, long, of many lines, beyond ASCII. */
const KINDS: readonly (readonly [RecordName, string])[] = [
  [{ account: 4711, kind: 'credential', id: 'ghcr', field: 'password' }, 'x'],
  [{ account: 4711, kind: 'credential', id: 'gar', field: 'key' }, `{"private_key":"-----BEGIN PRIVATE KEY-----\\n${'A'.repeat(200)}"}`],
  [{ account: 0, kind: 'registry-token', id: 'https://ghcr.io/token?scope=repository:acme/shop:pull', field: 'token' }, 'eyJhbGciOi.J9.x'],
  [{ account: 9_007_199_254_740_991, kind: 'target', id: 'cluster', field: 'token' }, '\ufeffGrüße, 🐙\n\0\u0007 end '],
]
let key: AccountKey
beforeAll(async () => {
  key = await accountKey('0123456789abcdef')
})

describe.each(KINDS)('%j', (record, value) => {
  const seal = (version = 3, under = key, name = record) => sealRecord(under, name, version, new Secret(value), random)
  const open = async (sealed: Bytes, version = 3, under = key, name = record) => (await openRecord(under, name, version, sealed))?.reveal() ?? null

  test('comes back as it was, and shows nothing of itself', async () => {
    const sealed = await seal()
    expect(await open(sealed)).toBe(value)
    expect(sealed).toHaveLength(8 + 16 + 12 + new TextEncoder().encode(value).length + 16)
    if (value.length > 3) expect(new TextDecoder().decode(sealed)).not.toContain(value.slice(0, 8))
  })

  test('is another ciphertext each time', async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => seal()))
    for (const [from, to] of [
      [8, 24],
      [24, 36],
      [36, undefined],
    ] as const)
      expect(new Set(all.map((one) => String(one.slice(from, to)))).size).toBe(50)
  })

  test('with any bit changed does not open', async () => {
    const sealed = await seal()
    let opened = 0
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = sealed.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      if ((await open(changed)) !== null) opened += 1
    }
    expect(opened).toBe(0)
  })

  test('cut at any length, or with anything behind it, does not open', async () => {
    const sealed = await seal()
    for (let length = 0; length < sealed.length; length += 1) {
      expect(await open(sealed.slice(0, length))).toBeNull()
      expect(await open(sealed.slice(length + 1))).toBeNull()
    }
    for (const more of [[0], [1, 2, 3], [...sealed]]) expect(await open(Uint8Array.from([...sealed, ...more]))).toBeNull()
  })

  test('in any other place does not open', async () => {
    const sealed = await seal()
    const others: Partial<RecordName>[] = [{ account: record.account + 1 }, { account: 1 }, { kind: 'other' }, { id: 'other' }, { field: 'other' }]
    for (const other of others) expect(await open(sealed, 3, key, { ...record, ...other })).toBeNull()
    // What moves from one part of the name to the next is another name.
    expect(await open(sealed, 3, key, { ...record, kind: record.kind + record.id.slice(0, 1), id: record.id.slice(1) })).toBeNull()
    for (const version of [2, 4, 33, 0, -3]) expect(await open(sealed, version)).toBeNull()
  })

  test('under another key does not open, of the same name either', async () => {
    const sealed = await seal()
    expect(await open(sealed, 3, await accountKey(key.kid))).toBeNull()
    expect(await open(sealed, 3, { ...key, kid: 'fedcba9876543210' })).toBeNull()
    const renamed = sealed.slice()
    renamed.set(Uint8Array.from([0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10]))
    expect(await open(renamed, 3, { ...key, kid: 'fedcba9876543210' })).toBeNull()
  })
})

test('nothing that is no record opens, whatever it is', async () => {
  const { seed } = inject('fuzz')
  const dice = new Random(seed)
  const [record] = KINDS[0]!
  const sealed = await sealRecord(key, record, 1, new Secret('a password'), random)
  for (let round = 0; round < 2_000; round += 1) {
    const made = Uint8Array.from({ length: dice.below(120) }, (_, at) => (dice.chance(0.9) && at < sealed.length ? sealed[at]! : dice.below(256)))
    const isItself = made.length === sealed.length && made.every((byte, at) => byte === sealed[at])
    if (!isItself) expect(await openRecord(key, record, 1, made), `seed ${seed}, round ${round}`).toBeNull()
  }
})

test('the form stays what it is: a record of the first version opens for good', async () => {
  const raw = Uint8Array.from({ length: 32 }, (_, at) => at)
  const sealed = Uint8Array.from(atob(FIRST), (character) => character.charCodeAt(0))
  const [record] = KINDS[1]!
  expect((await openRecord(await accountKey('00000000000000aa', raw), record, 7, sealed))?.reveal()).toBe('a secret of the year 2026')
})

/** Made by another program from the description in docs/decisions/0014-the-vault.md: HKDF and AES-GCM of Python's `cryptography`. */
const FIRST = 'AAAAAAAAAKpkZWZnaGlqa2xtbm9wcXJzyMnKy8zNzs/Q0dLT6eHZKYw8evMao8gfay9Mh+rIL/bu3S+IGxkFR5PIQBBaf62jOozCMYY='
