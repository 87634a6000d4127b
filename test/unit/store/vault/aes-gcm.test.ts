import { describe, expect, test } from 'vitest'
import wycheproof from '../../../../fixtures/wycheproof-aes-gcm.json' with { type: 'json' }
import { decrypt, encodeParts, encrypt, importAesKey, type Bytes } from '../../../../src/store/vault/aes-gcm.ts'

// Runs in workerd too: the same vectors, WebCrypto of another house.

interface Vector {
  readonly tcId: number
  readonly comment: string
  readonly key: string
  readonly iv: string
  readonly aad: string
  readonly msg: string
  readonly ct: string
  readonly tag: string
  readonly result: string
}

const bytes = (hex: string): Bytes => Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
const hex = (of: Uint8Array | null): string | null => of && Array.from(of, (byte) => byte.toString(16).padStart(2, '0')).join('')
const opened = async (vector: Vector, ciphertext = vector.ct + vector.tag) =>
  hex(await decrypt(await importAesKey(bytes(vector.key)), bytes(vector.iv), bytes(ciphertext), bytes(vector.aad)))

describe(`AES-GCM: ${wycheproof.source}`, () => {
  test('there are vectors of both kinds', () => {
    const count = (result: string) => wycheproof.vectors.filter((vector) => vector.result === result).length
    expect([count('valid'), count('invalid')]).toEqual([21, 27])
  })

  test.each(wycheproof.vectors.filter(({ result }) => result === 'valid'))('$tcId $comment', async (vector) => {
    const key = await importAesKey(bytes(vector.key))
    expect(hex(await encrypt(key, bytes(vector.iv), bytes(vector.msg), bytes(vector.aad)))).toBe(vector.ct + vector.tag)
    expect(await opened(vector)).toBe(vector.msg)
  })

  test.each(wycheproof.vectors.filter(({ result }) => result === 'invalid'))('$tcId $comment: refused', async (vector) => {
    expect(await opened(vector)).toBeNull()
  })

  test.each(wycheproof.otherVectors)('$tcId: a key or a nonce of another size is refused', async (vector) => {
    await expect(opened(vector)).rejects.toThrow(RangeError)
  })

  test('no shorter tag is taken', async () => {
    for (const vector of wycheproof.vectors.filter(({ result }) => result === 'valid'))
      for (let cut = 1; cut <= 16; cut += 1) expect(await opened(vector, (vector.ct + vector.tag).slice(0, -2 * cut))).toBeNull()
  })

  test('a key cannot be read again', async () => {
    const key = await importAesKey(new Uint8Array(32))
    await expect(crypto.subtle.exportKey('raw', key)).rejects.toThrow()
  })
})

test('no two lists of parts are the same bytes', () => {
  const lists = [['a', 'b'], ['ab'], ['', 'ab'], ['ab', ''], ['a', '', 'b'], ['a|b'], [1, 2], [12], ['1', '23'], ['12', '3'], ['\0\0\0\u0001a'], []]
  expect(new Set(lists.map((parts) => hex(encodeParts(...parts)))).size).toBe(lists.length)
  expect(hex(encodeParts('é', 7))).toBe('00000002c3a90000000137')
})
