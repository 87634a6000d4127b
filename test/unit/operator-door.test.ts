import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Failure, problem } from '../../src/errors.ts'
import { createOperatorDoor, type Parts } from '../../src/runtime/operator-door.ts'
import { signRequest, verifyRequest } from '../../src/runtime/operator-signature.ts'
import { partName } from '../../src/store/moving/parts.ts'
import { newKey, type KeyPair } from '../world/vault.ts'

const [KEY, OTHER] = [newKey('k1'), newKey('k2')]
const NOW = Date.UTC(2026, 10, 26, 12, 0, 0)
const MINUTE = 60_000
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const NOTHING = hashOf('')
const PATH = '/operator/parts/repository-42?instead=1'

describe('a signature', () => {
  const request = { method: 'PUT', path: PATH }
  const signed = (at = NOW, keys: readonly KeyPair[] = [KEY]): Promise<string> => signRequest(keys, request, hashOf('body'), at)
  const verified = (authorization: string | null, { different = {}, keys = [KEY], now = NOW } = {}) =>
    verifyRequest(keys, { ...request, ...different }, authorization, now)

  test('tells what was signed, and holds no key', async () => {
    const authorization = await signed()
    expect(authorization).toMatch(/^Gantry key=k1, at=\d+, body=[0-9a-f]{64}, mac=[0-9a-f]{64}$/)
    expect(authorization).not.toContain(KEY.key.reveal())
    expect(await verified(authorization)).toEqual({ body: hashOf('body') })
    expect(await verified(authorization, { keys: [KEY, OTHER] })).toEqual({ body: hashOf('body') })
  })

  test.each([-5, -1, 0, 1, 5])('counts where the clocks are %i minutes apart', async (minutes) => {
    expect(await verified(await signed(), { now: NOW + minutes * MINUTE })).toEqual({ body: hashOf('body') })
  })

  test('does not count later, earlier, for another request or under another key', async () => {
    const authorization = await signed()
    const another = { found: 'a signature that does not fit' }
    for (const now of [NOW + 5 * MINUTE + 1, NOW - 5 * MINUTE - 1])
      expect(await verified(authorization, { now })).toMatchObject({ found: expect.stringContaining('another time') })
    for (const different of [{ method: 'GET' }, { path: '/operator/parts/repository-42' }, { path: '/operator/parts/repository-43?instead=1' }])
      expect(await verified(authorization, { different })).toEqual(another)
    for (const [from, to] of [
      [`at=${NOW}`, `at=${NOW + 1}`],
      [hashOf('body'), hashOf('another')],
    ] as const)
      expect(await verified(authorization.replace(from, to))).toEqual(another)
    expect(await verified(authorization, { keys: [newKey('k1')] })).toEqual(another)
    expect(await verified(await signed(NOW, [OTHER]), { keys: [KEY, OTHER] })).toEqual({
      found: 'a signature under another key than the newest here',
    })
    expect(await verified(authorization, { keys: [] })).toEqual({ found: 'an installation without keys' })
    const last = authorization.at(-1) === '0' ? '1' : '0'
    expect(await verified(authorization.slice(0, -1) + last)).toEqual(another)
  })

  test.each([null, '', 'Bearer x', 'Gantry', 'Gantry key=k1, at=1, body=, mac=', `Gantry key=k1, at=${NOW}, body=${NOTHING}, mac=${NOTHING}x`])(
    '%j is none',
    async (authorization) => {
      expect(await verified(authorization)).toEqual({ found: 'no signature' })
    },
  )
})

const ORIGIN = 'https://gantry.example.com'

/** Two parts, and what was written. */
function stage(keys: readonly KeyPair[] = [KEY], different: Partial<Parts> = {}) {
  const written: { readonly part: string; readonly text: string; readonly instead: boolean }[] = []
  const door = createOperatorDoor({
    keys,
    now: () => NOW,
    hash: () => createHash('sha256'),
    parts: {
      list: async () => [
        { kind: 'account', id: 0 },
        { kind: 'repository', id: 42 },
      ],
      read: async (part) => (part.id === 42 ? new Blob([`sealed ${partName(part)}`]).stream() : null),
      async write(part, stream, instead) {
        written.push({ part: partName(part), text: await new Response(stream).text(), instead })
        return { cancelled: 1, unknown: 0, deliveries: 0, isAgain: false }
      },
      ...different,
    },
  })
  const ask = async (method: string, path: string, body?: string, signedBody = body) => {
    const authorization = await signRequest([KEY], { method, path }, hashOf(signedBody ?? ''), NOW)
    const answer = await door(new Request(ORIGIN + path, { method, headers: { authorization }, ...(body !== undefined && { body }) }))
    const text = await answer.text()
    return {
      status: answer.status,
      text,
      code: text.startsWith('{') ? (JSON.parse(text) as { code?: string }).code : undefined,
      headers: answer.headers,
    }
  }
  return { door, ask, written }
}

describe('the operator’s door', () => {
  test('lists, gives and takes parts', async () => {
    const { ask, written } = stage()
    expect(await ask('GET', '/operator/parts')).toMatchObject({ status: 200, text: '{"parts":["account-0","repository-42"]}' })
    const read = await ask('GET', '/operator/parts/repository-42')
    expect(read).toMatchObject({ status: 200, text: 'sealed repository-42' })
    expect(read.headers.get('cache-control')).toBe('no-store')
    expect(await ask('PUT', '/operator/parts/account-0', 'the bytes')).toMatchObject({ status: 200, text: expect.stringContaining('"cancelled":1') })
    await ask('PUT', PATH, 'other bytes')
    expect(written).toEqual([
      { part: 'account-0', text: 'the bytes', instead: false },
      { part: 'repository-42', text: 'other bytes', instead: true },
    ])
  })

  test('knows nobody who has not the keys, and reads nothing of theirs', async () => {
    const { door, written } = stage([OTHER])
    const authorization = await signRequest([KEY], { method: 'PUT', path: PATH }, hashOf('x'), NOW)
    for (const headers of [{}, { authorization }] as Record<string, string>[]) {
      const request = new Request(ORIGIN + PATH, { method: 'PUT', headers, body: 'x' })
      const answer = await door(request)
      expect([answer.status, request.bodyUsed, written.length]).toEqual([401, false, 0])
      expect(answer.headers.get('www-authenticate')).toBe('Gantry')
      expect(answer.headers.get('content-type')).toBe('application/problem+json')
      expect(await answer.json()).toMatchObject({ code: 'AUTHENTICATION_REQUIRED', status: 401 })
    }
  })

  test('a body that was exchanged never comes to its end', async () => {
    const { ask, written } = stage()
    expect(await ask('PUT', PATH, 'another body', 'the body')).toMatchObject({ status: 422, code: 'BACKUP_BROKEN' })
    expect(await ask('PUT', PATH, 'the body and more', 'the body')).toMatchObject({ code: 'BACKUP_BROKEN' })
    expect(written).toEqual([])
  })

  test.each([
    ['GET', '/operator/parts/repository-43', 404],
    ['GET', '/operator/parts/repository-0', 404],
    ['GET', '/operator/parts/', 404],
    ['GET', '/operator', 404],
    ['GET', '/operator/parts?x=1', 404],
    ['GET', '/operator/parts/repository-42?instead=1', 405],
    ['PUT', '/operator/parts', 404],
    ['PUT', '/operator/parts/repository-42?instead=0', 405],
    ['DELETE', '/operator/parts/repository-42', 405],
  ])('%s %s → %i', async (method, path, status) => expect(await stage().ask(method, path)).toMatchObject({ status }))

  test('what is refused is a problem, thrown or answered; our own mistakes are not', async () => {
    const why = { sentence: 'There is something already.', next: 'Add --instead.' }
    const thrown = stage([KEY], { write: () => Promise.reject(new Failure('BACKUP_REFUSED', why)) })
    const answered = stage([KEY], { write: async () => ({ problem: problem('BACKUP_REFUSED', why) }) })
    for (const { ask } of [thrown, answered]) expect(await ask('PUT', PATH, 'x')).toMatchObject({ status: 409, code: 'BACKUP_REFUSED' })
    const mistaken = stage([KEY], { write: () => Promise.reject(new TypeError('ours')) })
    await expect(mistaken.ask('PUT', PATH, 'x')).rejects.toThrow('ours')
  })
})
