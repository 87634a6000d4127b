import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { anonymous } from '../../../src/registry/credential.ts'
import { exchanges } from '../../../src/registry/forms.ts'
import { createHosts } from '../../../src/registry/hosts.ts'
import type { Digest } from '../../../src/registry/reference.ts'
import { Secret } from '../../../src/secret.ts'
import { basic, reference } from '../../world/registry-client.ts'
import { settled, stateOf, stillDoors, wish } from '../../world/still-doors.ts'
import { denies, handsOut, networkError, says, scripted, throws } from '../../world/scripted-answers.ts'

// What happens once in a thousand registries.

const shop = reference('registry.example/acme/shop:1.2')
const alice = basic('alice', 'correct-horse-battery')
const digest: Digest = `sha256:${'a'.repeat(64)}`
const found = says(200, { 'docker-content-digest': digest })
const bearer = 'Bearer realm="https://registry.example/token"'
const HEAD = 'HEAD /v2/acme/shop/manifests/1.2'

type Scripted = ReturnType<typeof scripted>
/** How it ends: the digest, or the problem. */
const end = ({ client }: Scripted, credential: Parameters<typeof client.resolve>[1]['credential'] = alice): Promise<unknown> =>
  client.resolve(shop, { credential }).then(
    (resolved) => resolved.digest,
    (error: unknown) => (error instanceof Failure ? error.problem : error),
  )

describe('what the fuzzer found', () => {
  test.for(['a\r\nx-evil: 1', 'a b', 'a\0b', 'пароль', '💥'])('%j is no token, because no header can hold it', async (value) => {
    expect(await end(scripted([denies(bearer), handsOut(value)]))).toMatchObject({ code: 'TOKEN_RESPONSE_INVALID' })
  })

  test('a token server that worked once and does not any more is no reason to show the password to the registry', async () => {
    const play = scripted([denies(bearer), handsOut('old'), denies(`${bearer},error="invalid_token", Basic realm="x"`), says(404)])
    expect(await end(play)).toMatchObject({ code: 'AUTH_ENDPOINT_BROKEN' })
    expect(play.asked).not.toContain(`${HEAD} with Basic`)
  })
})

describe('a challenge', () => {
  test('that stands in the answer to the ping only is taken from there', async () => {
    const play = scripted([says(401), denies(bearer), handsOut('t'), found])
    expect(await end(play)).toBe(digest)
    expect(play.asked).toEqual([HEAD, 'GET /v2/', 'GET /token with Basic', `${HEAD} with Bearer`])
  })

  test('of Basic needs no realm', async () => expect(await end(scripted([denies('Basic'), found]))).toBe(digest))

  test('that is nothing but a mistake is not shown', async () => {
    expect(await end(scripted([denies('="x"')]))).toMatchObject({ code: 'CHALLENGE_MALFORMED', found: '4 characters' })
  })

  test('of Basic after a token is Harbor’s no, and is not answered', async () => {
    const play = scripted([denies(bearer), handsOut('t'), denies('Basic realm="harbor"'), says(401, {}, 'no')])
    expect(await end(play)).toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(play.asked.filter((one) => one.startsWith(HEAD))).toEqual([HEAD, `${HEAD} with Bearer`])
  })

  test('without an error, of a token that has just been made, is a no', async () => {
    const play = scripted([denies(bearer), handsOut('t'), denies(bearer)])
    expect(await end(play)).toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(play.asked.filter((one) => one.startsWith('GET /token'))).toHaveLength(1)
  })

  test('without an error, of a token that was held, is worth a new one', async () => {
    const play = scripted([denies(bearer), handsOut('old'), found, denies(bearer), handsOut('new'), found])
    expect([await end(play), await end(play)]).toEqual([digest, digest])
    expect(play.asked.at(-2)).toBe('GET /token with Basic')
  })

  test('that asks for what the token was made for already is a no', async () => {
    const scope = `${bearer},error="insufficient_scope",scope="repository:acme/shop:pull"`
    const play = scripted([denies(bearer), handsOut('t'), denies(scope)])
    expect(await end(play)).toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(play.asked).toHaveLength(3)
  })

  test('that refuses a token of some age is answered without a pause', async () => {
    let now = 0
    const refuses = denies(`${bearer},error="invalid_token"`)
    const play = scripted([denies(bearer), handsOut('old', { expires_in: 300 }), found, refuses, handsOut('new'), found], {}, { now: () => now })
    await end(play)
    now += 5_000
    expect(await end(play)).toBe(digest)
    expect(play.waits).toEqual([])
  })
})

describe('a token server', () => {
  const identity = { kind: 'identity' as const, token: new Secret('long-lived-identity') }

  test('is told no service where the challenge named none', async () => {
    const play = scripted([denies(bearer), handsOut('t'), found])
    expect(await end(play, identity)).toBe(digest)
    expect(play.asked).toContain('POST /token')
  })

  test('that does not say what it answers with is quoted without it', async () => {
    const play = scripted([denies(bearer), says(200, {}, new TextEncoder().encode('hello'))])
    expect(await end(play)).toMatchObject({ code: 'TOKEN_RESPONSE_INVALID', found: 'no content type: hello' })
  })

  test('whose clock disagrees with the registry’s is named', async () => {
    const at = (date: string) => ({ date, 'www-authenticate': `${bearer},error="invalid_token"` })
    const token = says(200, at('Mon, 23 Nov 2026 12:02:00 GMT'), '{"token":"t"}')
    const play = scripted([
      denies(bearer),
      token,
      says(401, at('Mon, 23 Nov 2026 12:00:00 GMT')),
      token,
      says(401, at('Mon, 23 Nov 2026 12:00:00 GMT')),
    ])
    expect(await end(play)).toMatchObject({ code: 'CLOCK_SKEW_SERVER', found: "the token server's clock is 120 s ahead of the registry's" })
  })
})

describe('the network', () => {
  test('a name that cannot be looked up for the moment is looked up twice', async () => {
    const play = scripted([throws(networkError('EAI_AGAIN'))])
    expect(await end(play)).toMatchObject({ code: 'DNS_FAILED', retryable: true })
    expect(play.asked).toHaveLength(2)
  })

  test('a foreign token server whose name leads inside is not asked', async () => {
    const play = scripted([denies('Bearer realm="https://tokens.example/token"'), throws(networkError('ERR_RESERVED_ADDRESS'))])
    expect(await end(play)).toMatchObject({ code: 'REALM_FORBIDDEN', found: 'https://tokens.example: a name of a private address' })
  })

  test('nor is a storage whose name leads inside', async () => {
    const play = scripted([says(307, { location: 'https://storage.example/x?sig=topsecret' }), throws(networkError('ERR_RESERVED_ADDRESS'))])
    expect(await end(play)).toMatchObject({ code: 'REDIRECT_FORBIDDEN', found: 'https://storage.example: a name of a private address' })
  })

  test('a deadline that has passed is not waited for', async () => {
    let now = 0
    const play = scripted([() => ((now = 30_000), denies(bearer)())], {}, { now: () => now })
    expect(await end(play)).toMatchObject({ code: 'TIMEOUT', found: 'no answer within 0 ms (token)' })
    expect(play.asked).toEqual([HEAD])
  })
})

describe('a no', () => {
  test('of a limit shows its numbers', async () => {
    const limits = { 'ratelimit-limit': '100;w=21600', 'ratelimit-remaining': '0;w=21600', 'docker-ratelimit-source': '192.0.2.1' }
    expect(await end(scripted([says(429, limits)]))).toMatchObject({
      code: 'RATE_LIMITED',
      found: 'HTTP 429 (limit 100;w=21600, left 0;w=21600, counted for 192.0.2.1)',
    })
  })

  test.for([
    [404, 'OCI index found, but accept header does not support OCI indexes', 'MEDIA_TYPE_NOT_ACCEPTED'],
    [400, 'Client sent an HTTP request to an HTTPS server.', 'TLS_PROTOCOL'],
    [400, 'hm', 'REGISTRY_PROTOCOL_ERROR'],
    [425, '', 'REGISTRY_UNAVAILABLE'],
  ] as const)('of %i "%s" is %s', async ([status, words, code]) => {
    expect(await end(scripted([says(status), says(status, {}, words || null)]))).toMatchObject({ code })
  })

  test.for([
    ['{"tags":["1.0","1.1",7]}', { code: 'TAG_NOT_FOUND', found: 'tags such as 1.0, 1.1', wanted: '1.2' }],
    ['{"tags":[]}', { code: 'TAG_NOT_FOUND', found: 'a repository without tags' }],
    ['{"tags":null}', { code: 'TAG_NOT_FOUND', found: 'a repository without tags' }],
  ] as const)('of a tag, with the list %s', async ([list, problem]) => {
    expect(await end(scripted([says(404), says(404), says(200, {}, list)]))).toMatchObject(problem)
  })

  test('of a tag, where the tags may not be listed, proves nothing', async () => {
    const error = '{"errors":[{"code":"","message":"gone"}]}'
    expect(await end(scripted([says(404), says(404, {}, error), says(403)]))).toMatchObject({ code: 'NOT_FOUND_OR_HIDDEN', found: 'HTTP 404: gone' })
  })

  test('is explained by what looked odd about the credential, but nothing else is', async () => {
    const hub = reference('docker.io/acme/shop:1.2')
    const odd = basic('alice@example.com', 'x')
    const ask = (play: Scripted) => play.client.resolve(hub, { credential: odd }).catch((error: unknown) => error)
    const refused = await ask(scripted([denies('Basic'), says(401, { 'www-authenticate': 'Basic' })]))
    expect(refused).toMatchObject({ problem: { code: 'CREDENTIALS_INVALID', next: expect.stringContaining('Docker ID') as string } })
    const broken = await ask(scripted([says(418)]))
    expect(broken).toMatchObject({ problem: { code: 'REGISTRY_PROTOCOL_ERROR', next: expect.not.stringContaining('Docker ID') as string } })
    expect(await ask(scripted([throws(new RangeError('a bug'))]))).toBeInstanceOf(RangeError)
  })
})

describe('a wish that cannot be one', () => {
  test('an image without tag and digest', async () => {
    const { client, asked } = scripted([found])
    await expect(client.resolve({ ...shop, tag: null }, { credential: anonymous })).rejects.toThrow(/^REFERENCE_INVALID/)
    expect(asked).toEqual([])
  })

  test('layers of what is no repository', async () => {
    const layers = scripted([found]).client.layers('registry.example/Not/A/Name', digest, { credential: anonymous, platform: null })
    await expect(layers).rejects.toThrow(/^REFERENCE_INVALID/)
  })

  test('an exchange at a registry that has none', () => {
    expect(() => scripted([found]).client.minted('aws', {}, 'ghcr.io')).toThrow('no exchange aws for ghcr.io')
  })

  test('an exchange with keys that cannot work asks nobody', async () => {
    const { client, asked } = scripted([found])
    const source = client.minted('aws', { access_key_id: 'ASIAEXAMPLE', secret_access_key: new Secret('x') }, 'public.ecr.aws')
    await expect(client.refresh(source, 'public.ecr.aws')).rejects.toThrow(/^CREDENTIAL_KIND_UNSUPPORTED/)
    expect(asked).toEqual([])
  })

  test('an exchange that is refused by a vendor without a clock', async () => {
    const { client } = scripted([says(400, {}, '{}')])
    const source = client.minted('aws', { access_key_id: 'AKIAEXAMPLE', secret_access_key: new Secret('x') }, 'public.ecr.aws')
    await expect(client.refresh(source, 'public.ecr.aws')).rejects.toThrow(/^CREDENTIAL_SOURCE_FAILED/)
  })
})

describe('a place at a registry', () => {
  test('that is given to somebody in the moment when he leaves goes to the next', async () => {
    for (let moment = 0; moment < 12; moment += 1) {
      const doors = stillDoors()
      const hosts = createHosts(doors)
      const releases: (() => void)[] = []
      const stay = () => new Promise<void>((resolve) => releases.push(resolve))
      const enter = (work: () => Promise<unknown>, over = {}) => hosts.enter('https://registry.example', wish(doors, over), work)
      const inside = [stay, stay, stay, stay].map((work) => enter(work))
      const leaving = new AbortController()
      const waiting = enter(() => Promise.resolve(), { signal: leaving.signal }).catch(() => {})
      const next = enter(() => Promise.resolve('next'))
      await settled()
      releases[0]?.()
      for (let left = moment; left > 0; left -= 1) await Promise.resolve()
      leaving.abort(new Error('left'))
      await waiting
      expect(await stateOf(next), `${moment} steps later`).toBe('next')
      for (const release of releases) release()
      await Promise.all(inside)
    }
  })
})

test('every exchange can be stored, under a key that its registries know', () => {
  expect(exchanges.map(({ key }) => key).toSorted()).toEqual(['aws', 'aws', 'cloudflare', 'entra', 'google'])
  expect(exchanges.filter(({ key, serves }) => key === 'aws' && serves('public.ecr.aws'))).toHaveLength(1)
})
