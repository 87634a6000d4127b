import { expect, test } from 'vitest'
import { createBreaker } from '../../../src/registry/breaker.ts'
import { anonymous } from '../../../src/registry/credential.ts'
import { registryFailure } from '../../../src/registry/failure.ts'
import { generic } from '../../../src/registry/keychains/generic.ts'
import { createTokens } from '../../../src/registry/token.ts'
import { clientUnderTest, reference } from '../../world/registry-client.ts'
import { stillDoors, wish } from '../../world/still-doors.ts'

// Whatever is remembered of others has a limit: a thousand, and the oldest goes first.

const MOST = 1000
const numbers = Array.from({ length: MOST + 1 }, (_, index) => index)

test('of a thousand refused logins the first is forgotten when another comes, and of a thousand that were taken too', async () => {
  const doors = stillDoors()
  const breaker = createBreaker(doors)
  const failure = registryFailure('CREDENTIALS_INVALID', wish(doors).where)
  const shows = (number: number, repository: string, answer: 'yes' | 'no') => {
    const login = { key: `login ${number}`, repository, isRenewable: false }
    const work = async (accepted: () => void) => {
      if (answer === 'no') throw failure
      accepted()
    }
    return breaker.guard(login, wish(doors), work)
  }
  for (const number of numbers) await shows(number, 'a', 'no').catch(() => {})
  await expect(shows(0, 'a', 'yes')).resolves.toBeUndefined()
  await expect(shows(1, 'a', 'yes')).rejects.toThrow(/^CREDENTIALS_INVALID/)
  for (const number of numbers) await shows(10_000 + number, 'a', 'yes')
  await shows(10_000, 'b', 'no').catch(() => {})
  await expect(shows(10_000, 'a', 'yes')).rejects.toThrow(/^CREDENTIALS_INVALID/)
})

test('of a thousand tokens the first is asked for again', async () => {
  const doors = stillDoors()
  let asked = 0
  const send = async () => ({ response: Response.json({ token: `t${++asked}` }), hasLeft: false })
  const tokens = createTokens({ send }, doors)
  const get = (number: number) => {
    const realm = { url: new URL('https://registry.example/token'), isTrusted: true }
    const request = { origin: `https://r${number}.example`, realm, service: null, scopes: [], credential: anonymous, tenant: '', keychain: generic }
    return tokens.get(request, wish(doors))
  }
  for (const number of numbers) await get(number)
  expect((await get(1)).isNew).toBe(false)
  expect((await get(0)).isNew).toBe(true)
})

test('of a thousand registries the first is asked again how it wants to be authenticated to', async () => {
  const asked: string[] = []
  const { client } = clientUnderTest(
    {},
    {
      fetch: async (input, init) => {
        const { host, pathname } = new URL(input as string)
        asked.push(`${host}${pathname}`)
        if (pathname === '/token') return Response.json({ token: 't' })
        const headers = { 'www-authenticate': `Bearer realm="https://${host}/token"`, 'docker-content-digest': `sha256:${'a'.repeat(64)}` }
        return new Response(null, { status: new Headers(init?.headers).has('authorization') ? 200 : 401, headers })
      },
    },
  )
  const resolve = async (number: number): Promise<number> => {
    asked.length = 0
    await client.resolve(reference(`r${number}.example/acme/shop:1`), { credential: anonymous })
    return asked.length
  }
  for (const number of numbers) await resolve(number)
  expect(await resolve(2)).toBe(1) // 1 has made room for the second wish of 0
  expect(await resolve(0)).toBe(3) // and not 2: its token has been forgotten as well
}, 20_000)
