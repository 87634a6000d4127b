import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { isReserved } from '../../../src/registry/address.ts'
import { parseChallenges } from '../../../src/registry/challenge.ts'
import type { Digest } from '../../../src/registry/reference.ts'
import { parseScopes } from '../../../src/registry/scope.ts'
import { Secret } from '../../../src/secret.ts'
import { basic, reference } from '../../world/registry-client.ts'
import { denies, handsOut, says, scripted } from '../../world/scripted-answers.ts'

// What exactly is asked, of whom, with what.

const shop = reference('registry.example/acme/shop:1.2')
const alice = basic('alice', 'correct-horse-battery')
const digest: Digest = `sha256:${'a'.repeat(64)}`
const found = says(200, { 'docker-content-digest': digest })
const bearer = 'Bearer realm="https://registry.example/token"'
const HEAD = 'HEAD /v2/acme/shop/manifests/1.2'

type Scripted = ReturnType<typeof scripted>
const end = ({ client }: Scripted, wanted = shop): Promise<unknown> =>
  client.resolve(wanted, { credential: alice }).then(
    (resolved) => resolved.digest,
    (error: unknown) => (error instanceof Failure ? error.problem : error),
  )

describe('a redirect', () => {
  test('to elsewhere and back comes without the secret', async () => {
    const away = says(307, { location: 'https://storage.example/x' })
    const play = scripted([denies('Basic'), away, says(307, { location: 'https://registry.example/back' }), found])
    expect(await end(play)).toBe(digest)
    expect(play.asked).toEqual([HEAD, `${HEAD} with Basic`, 'HEAD /x', 'HEAD /back'])
  })

  test('to somebody who asks for a token is the end', async () => {
    const play = scripted([says(307, { location: 'https://storage.example/x' }), denies('Bearer realm="https://storage.example/token"')])
    expect(await end(play)).toMatchObject({ code: 'REGISTRY_UNAVAILABLE' })
    expect(play.asked).toEqual([HEAD, 'HEAD /x'])
  })

  test('of the ping is not followed', async () => {
    const play = scripted([says(401), says(307, { location: 'https://evil.example/v2/' }), denies('Basic')])
    expect(await end(play)).toMatchObject({ code: 'REDIRECT_FORBIDDEN' })
    expect(play.asked).toEqual([HEAD, 'GET /v2/'])
  })
})

describe('a password goes', () => {
  test('not to a registry that asks for it in place of a token that was held', async () => {
    const play = scripted([denies(bearer), handsOut('old'), found, denies('Basic'), says(401, {}, 'no')])
    await end(play)
    expect(await end(play)).toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(play.asked).not.toContain(`${HEAD} with Basic`)
  })

  test('not to a registry whose token server is down for the moment', async () => {
    const play = scripted([denies(`${bearer}, Basic realm="x"`), says(503)])
    expect(await end(play)).toMatchObject({ code: 'AUTH_ENDPOINT_BROKEN', retryable: true })
    expect(play.asked).not.toContain(`${HEAD} with Basic`)
  })

  test('to a registry that offers Basic too, and whose token server is a page', async () => {
    const play = scripted([denies(`${bearer}, Basic realm="x"`), says(200, {}, '<html>Sign in</html>'), found])
    expect(await end(play)).toBe(digest)
    expect(play.asked.at(-1)).toBe(`${HEAD} with Basic`)
  })

  test('to a registry whose Bearer has no realm', async () => {
    const play = scripted([denies('Bearer service="x", Basic realm="y"'), found])
    expect(await end(play)).toBe(digest)
    expect(play.asked).toEqual([HEAD, `${HEAD} with Basic`])
  })
})

test('a foreign token server that gives nobody a token without the credential is named', async () => {
  const play = scripted([denies('Bearer realm="https://tokens.example/token"'), says(401)])
  expect(await end(play)).toMatchObject({ code: 'REALM_NOT_TRUSTED', found: 'https://tokens.example' })
})

describe('scopes', () => {
  const scopesOf = ({ urls }: Scripted) => urls.filter(({ pathname }) => pathname === '/token').map((url) => url.searchParams.getAll('scope'))

  test('what the challenge names comes first, then what we need', async () => {
    const play = scripted([denies(`${bearer},scope="repository:acme/base:pull"`), handsOut('t'), found])
    await end(play)
    expect(scopesOf(play)).toEqual([['repository:acme/base:pull', 'repository:acme/shop:pull']])
  })

  test('what was asked of one repository is not asked of the next', async () => {
    const play = scripted([
      denies(`${bearer},scope="repository:acme/base:pull",error="insufficient_scope"`),
      handsOut('t'),
      found,
      handsOut('u'),
      found,
    ])
    await end(play)
    await end(play, reference('registry.example/acme/other:1'))
    expect(scopesOf(play)[1]).toEqual(['repository:acme/other:pull'])
  })

  test('a name may hold a port', () => {
    expect(parseScopes('repository:host:5000/name:pull,push')).toEqual([{ type: 'repository', name: 'host:5000/name', actions: ['pull', 'push'] }])
  })
})

test.for([400, 401, 404, 405])('an identity token is shown by GET where POST is answered with %i', async (status) => {
  const play = scripted([denies(bearer), says(status), handsOut('t'), found])
  const credential = { kind: 'identity' as const, token: new Secret('long-lived-identity') }
  expect(await play.client.resolve(shop, { credential })).toMatchObject({ digest })
  expect(play.asked.slice(1, 3)).toEqual(['POST /token', 'GET /token with Basic'])
})

test('spaces before a token68 do not matter', () => {
  expect(parseChallenges('Negotiate   YIIabc==').challenges).toEqual([{ scheme: 'negotiate', token68: 'YIIabc==', parameters: new Map() }])
})

test.for([
  ['192.0.0.8', true],
  ['192.0.2.1', true],
  ['192.1.0.1', false],
  ['198.18.0.1', true],
  ['198.19.255.255', true],
  ['198.20.0.1', false],
  ['100.63.0.1', false],
  ['100.64.0.1', true],
  ['100.127.0.1', true],
  ['100.128.0.1', false],
  ['169.253.0.1', false],
  ['223.255.255.255', false],
  ['1.2.3', false],
  ['printer.home.arpa', true],
  ['nas.local', true],
] as const)('%s is reserved: %s', ([host, answer]) => expect(isReserved(host)).toBe(answer))
