import { describe, expect, test } from 'vitest'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'

const shop = reference('registry.example/acme/shop:1.2')
const alice = basic('alice', 'correct-horse-battery')

/** One answer for each request, in order; the last for all that come after it. What was asked is written down with its scheme. */
function scripted(...answers: readonly (() => Response)[]) {
  const asked: string[] = []
  const { client } = clientUnderTest(
    {},
    {
      fetch: async (input, init) => {
        const scheme = new Headers(init?.headers).get('authorization')?.split(' ')[0] ?? 'nothing'
        asked.push(`${new URL(input as string).pathname} with ${scheme}`)
        return (answers[asked.length - 1] ?? answers.at(-1)!)()
      },
    },
  )
  const end = client.resolve(shop, { credential: alice }).catch((error: unknown) => error)
  return { asked, end }
}

const says =
  (status: number, headers: Record<string, string> = {}, body: string | null = null) =>
  () =>
    new Response(body, { status, headers })
const bearer = 'Bearer realm="https://registry.example/token"'
const denies = (challenge: string) => says(401, { 'www-authenticate': challenge })
const token = (value: string) => says(200, {}, JSON.stringify({ token: value }))

describe('what the fuzzer found', () => {
  test.for(['a\r\nx-evil: 1', 'a b', 'a\0b', 'пароль', '💥'])('%j is no token, because no header can hold it', async (value) => {
    const { end } = scripted(denies(bearer), token(value))
    expect(await end).toMatchObject({ problem: { code: 'TOKEN_RESPONSE_INVALID' } })
  })

  test('a token server that worked once and does not any more is no reason to show the password to the registry', async () => {
    const refuses = denies(`${bearer},error="invalid_token", Basic realm="x"`)
    const { asked, end } = scripted(denies(bearer), token('old'), refuses, says(404))
    expect(await end).toMatchObject({ problem: { code: 'AUTH_ENDPOINT_BROKEN' } })
    expect(asked).not.toContain('/v2/acme/shop/manifests/1.2 with Basic')
  })
})
