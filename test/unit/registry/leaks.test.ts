import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { RegistryRules } from '../../../src/registry/client.ts'
import type { Credential } from '../../../src/registry/credential.ts'
import { Secret } from '../../../src/secret.ts'
import { buildImage } from '../../world/image.ts'
import type { Image } from '../../world/image.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'
import type { Rule, ScriptedServer } from '../../world/scripted-server.ts'
import { servers } from '../../world/servers.ts'

// A registry, or whoever sits in front of it, tries to have a secret sent to a thief: by redirects and by realms. The thief is the rest
// of the world: whatever host is asked for that is not the registry's or its token server's, the request arrives at him.

const PASSWORD = 'correct-horse-battery'
const IDENTITY = 'long-lived-identity'
const TOKEN = 'short-lived-token'
const SECRETS = [PASSWORD, btoa(`alice:${PASSWORD}`), IDENTITY, TOKEN]
const password = basic('alice', PASSWORD)
const identity: Credential = { kind: 'identity', token: new Secret(IDENTITY) }

let registry: ScriptedServer
let tokens: ScriptedServer
let thief: ScriptedServer
let shop: Image

beforeAll(async () => {
  registry = await servers.startScriptedServer([])
  tokens = await servers.startScriptedServer([])
  thief = await servers.startScriptedServer([])
  shop = await buildImage({ 'index.html': 'hello' })
})
afterAll(() => Promise.all([registry, tokens, thief].map((server) => server.stop())))

/** How the registry is reached: over https its addresses are names, which the doors lead to the same servers. */
interface Front {
  readonly registry: string
  readonly tokens: string
}
const fronts = {
  http: (): Front => ({ registry: registry.origin, tokens: tokens.origin }),
  https: (): Front => ({ registry: 'https://registry.example', tokens: 'https://tokens.example' }),
}

/** Follows the client's every request to where it leads, and keeps it as it was sent. */
function doorsOf(front: Front) {
  const sent: { readonly origin: string; readonly text: string }[] = []
  const lead: typeof fetch = (input, init) => {
    const url = new URL(input as string)
    sent.push({ origin: url.origin, text: JSON.stringify([url, init?.headers, init?.body]) })
    const isLoopback = url.protocol === 'http:' && ['127.0.0.1', 'localhost'].includes(url.hostname)
    const to = { [front.registry]: registry.origin, [front.tokens]: tokens.origin, ...(isLoopback && { [url.origin]: url.origin }) }
    return fetch(`${to[url.origin] ?? thief.origin}${url.pathname}${url.search}`, init)
  }
  return { sent, fetch: lead, publicFetch: lead }
}

interface Attempt {
  readonly front: Front
  readonly credential: Credential
  readonly wants: 'manifest' | 'layer'
  readonly rules?: RegistryRules
  readonly registrySays: readonly Rule[]
  readonly tokenServerSays?: readonly Rule[]
  readonly thiefSays: readonly Rule[]
}

/** Pulls, however it ends. Fails if a secret went to anybody but the registry and the token server that the administrator listed. */
async function pull({ front, credential, wants, rules = {}, ...says }: Attempt) {
  await Promise.all([registry.follows(says.registrySays), tokens.follows(says.tokenServerSays ?? []), thief.follows(says.thiefSays)])
  const { sent, ...doors } = doorsOf(front)
  const { client } = clientUnderTest(rules, doors)
  const repository = `${new URL(front.registry).host}/acme/shop`
  const ended: unknown = await (
    wants === 'manifest'
      ? client.resolve(reference(`${repository}:1.2`), { credential, platform: 'linux/amd64' })
      : client
          .layers(repository, shop.digest, { credential, platform: null })
          .then(([layer]) => layer?.open())
          .then((stream) => new Response(stream).arrayBuffer())
  ).catch((error: unknown) => error)
  const isAllowed = (origin: string) => origin === front.registry || (origin === front.tokens && rules.trustedRealms?.includes(origin))
  const stolen = JSON.stringify([thief.caught, sent.filter(({ origin }) => !isAllowed(origin)), String(ended)])
  expect(SECRETS.filter((secret) => stolen.includes(secret))).toEqual([])
  const shown = JSON.stringify([registry.caught, tokens.caught])
  return { atThief: thief.caught.length, wasShown: SECRETS.some((secret) => shown.includes(secret)) }
}

const bearer = (realm: string) => `Bearer realm="${realm}",service="registry",scope="repository:acme/shop:pull"`
const json = { 'content-type': 'application/json' }

const handsOut = (token: string): Rule => ({ to: / \/token/, status: 200, headers: json, body: JSON.stringify({ token }) })

function theManifest(): Rule {
  const { mediaType = '', bytes } = shop.manifests.get(shop.digest) ?? {}
  return { status: 200, headers: { 'content-type': mediaType, 'docker-content-digest': shop.digest }, body: String(bytes) }
}

/** What an honest registry would say, but for a trick. */
const honest = (challenge: string, ...tricks: readonly Rule[]): readonly Rule[] => [
  ...tricks,
  handsOut(TOKEN),
  { authorized: false, status: 401, headers: { 'www-authenticate': challenge } },
  theManifest(),
]

/** A thief plays along, or asks for more. */
const manners = (): Readonly<Record<'plays along' | 'asks for a password' | 'asks for a token', readonly Rule[]>> => ({
  'plays along': [handsOut('worthless'), theManifest()],
  'asks for a password': [{ status: 401, headers: { 'www-authenticate': 'Basic realm="registry"' } }],
  'asks for a token': [
    { to: / \/token/, status: 401, headers: { 'www-authenticate': 'Basic realm="registry"' } },
    { status: 401, headers: { 'www-authenticate': bearer(`${thief.origin}/token`) } },
  ],
})

describe('a redirect', () => {
  /** Which request is redirected: always one that carries a secret. */
  const requests = {
    'of a manifest, with the password': { credential: password, asks: 'basic', redirects: /\/manifests\//, authorized: true, wants: 'manifest' },
    'of a manifest, with a token': { credential: password, asks: 'bearer', redirects: /\/manifests\//, authorized: true, wants: 'manifest' },
    'of a blob, with the password': { credential: password, asks: 'basic', redirects: /\/blobs\//, authorized: true, wants: 'layer' },
    'of a blob, with a token': { credential: identity, asks: 'bearer', redirects: /\/blobs\//, authorized: true, wants: 'layer' },
    'of a token request, with the password': { credential: password, asks: 'bearer', redirects: /^GET \/token/, authorized: true, wants: 'manifest' },
    'of a token request, with an identity token': { credential: identity, asks: 'bearer', redirects: /^POST \/token/, wants: 'manifest' },
  } as const
  const places: Readonly<Record<string, { front: keyof typeof fronts; to(): string; isFollowed: boolean }>> = {
    'another port': { front: 'http', to: () => thief.origin, isFollowed: true },
    'another port, without a scheme': { front: 'http', to: () => thief.origin.replace('http:', ''), isFollowed: true },
    'another name of the same machine': { front: 'http', to: () => thief.origin.replace('127.0.0.1', 'localhost'), isFollowed: true },
    'the registry as a user name': { front: 'http', to: () => thief.origin.replace('//', `//${new URL(registry.origin).host}@`), isFollowed: false },
    'another https host': { front: 'https', to: () => 'https://evil.example', isFollowed: true },
    'a host that begins like it': { front: 'https', to: () => 'https://registry.example.evil.example', isFollowed: true },
    'another port of the same host': { front: 'https', to: () => 'https://registry.example:8443', isFollowed: true },
    'plain http on the same host': { front: 'https', to: () => 'http://registry.example', isFollowed: false },
    'plain http elsewhere': { front: 'https', to: () => thief.origin, isFollowed: false },
  }
  /** What the registry says, and what the thief does then. */
  const answers = [
    ...[301, 302, 303, 307, 308].map((status) => [status, 'plays along'] as const),
    [307, 'asks for a password'],
    [307, 'asks for a token'],
  ] as const
  const rows = Object.entries(requests).flatMap(([request, how]) => Object.entries(places).map(([place, where]) => ({ request, place, how, where })))

  test.for(rows)('$request to $place', async ({ how, where }) => {
    const front = fronts[where.front]()
    const challenge = how.asks === 'basic' ? 'Basic realm="registry"' : bearer(`${front.registry}/token`)
    // An administrator allows downloads from there, so that it is followed at all.
    const rules = { trustedStorage: [thief.origin, thief.origin.replace('127.0.0.1', 'localhost')] }
    const isToken = how.redirects.source.includes('token')
    for (const [status, manner] of answers) {
      const trick = { to: how.redirects, status, headers: { location: `${where.to()}/v2/` }, ...('authorized' in how && { authorized: true }) }
      const { atThief, wasShown } = await pull({ front, ...how, rules, registrySays: honest(challenge, trick), thiefSays: manners()[manner] })
      expect(wasShown, `${status}, and he ${manner}: the registry itself saw the secret`).toBe(true)
      expect(atThief > 0, `${status}, and he ${manner}: it was followed`).toBe(where.isFollowed && !isToken)
    }
  })

  test.for([301, 302, 303, 307, 308])('%i of a token server that is trusted leads nowhere', async (status) => {
    for (const front of [fronts.http(), fronts.https()]) {
      for (const credential of [password, identity]) {
        const says = {
          registrySays: honest(bearer(`${front.tokens}/token`)),
          tokenServerSays: [{ status, headers: { location: `${thief.origin}/token` } }],
          thiefSays: manners()['plays along'],
        }
        const rules = { trustedRealms: [front.tokens], trustedStorage: [thief.origin] }
        expect(await pull({ front, credential, wants: 'manifest', rules, ...says })).toEqual({ atThief: 0, wasShown: true })
      }
    }
  })
})

describe('a realm', () => {
  const port = (server: ScriptedServer) => new URL(server.origin).port
  const own = () => new URL(registry.origin).host
  const shapes: Readonly<Record<string, { front: keyof typeof fronts; realm(): string; isAsked?: true }>> = {
    'on another port': { front: 'http', realm: () => `${thief.origin}/token` },
    'on another name of the same machine': { front: 'http', realm: () => `http://localhost:${port(thief)}/token` },
    'on another name of the registry itself': { front: 'http', realm: () => `http://localhost:${port(registry)}/token` },
    'with the registry as its user name': { front: 'http', realm: () => `http://${own()}@127.0.0.1:${port(thief)}/token` },
    'of the registry, with a user name': { front: 'http', realm: () => `http://alice@${own()}/token` },
    'with a fragment': { front: 'http', realm: () => `${thief.origin}/token#${registry.origin}` },
    'in the private network': { front: 'http', realm: () => 'http://10.0.0.1/token' },
    'at the metadata service': { front: 'http', realm: () => 'http://169.254.169.254/latest/meta-data' },
    'on plain http, of an https registry': { front: 'https', realm: () => 'http://registry.example/token' },
    'on plain http elsewhere': { front: 'https', realm: () => 'http://evil.example/token' },
    'on this machine, of a registry elsewhere': { front: 'https', realm: () => `${thief.origin}/token` },
    'on another port of an https registry': { front: 'https', realm: () => 'https://registry.example:8443/token' },
    'on another https host': { front: 'https', realm: () => 'https://evil.example/token', isAsked: true },
    'on a host that begins like the registry': { front: 'https', realm: () => 'https://registry.example.evil.example/token', isAsked: true },
    'on a host that ends like the registry': { front: 'https', realm: () => 'https://evil-registry.example/token', isAsked: true },
    'on the registry with a dot after it': { front: 'https', realm: () => 'https://registry.example./token', isAsked: true },
    'on an https host, the registry as its user name': { front: 'https', realm: () => 'https://registry.example@evil.example/token' },
    'with a password': { front: 'https', realm: () => 'https://registry.example:443@evil.example/token' },
    'in backslashes': { front: 'https', realm: () => 'https:\\\\\\\\evil.example\\\\token', isAsked: true },
    'with a tab in it': { front: 'https', realm: () => 'ht\ttps://evil.example/token', isAsked: true },
    'without a scheme': { front: 'https', realm: () => '//evil.example/token' },
    'on an https address of this machine': { front: 'https', realm: () => 'https://127.0.0.1/token' },
    'on this machine, written as a number': { front: 'https', realm: () => 'https://2130706433/token' },
    'on this machine, in IPv6': { front: 'https', realm: () => 'https://[::ffff:127.0.0.1]/token' },
    'on a private https host': { front: 'https', realm: () => 'https://vault/token' },
    'that is data': { front: 'https', realm: () => 'data:application/json,{%22token%22:%22x%22}' },
    'that is a file': { front: 'https', realm: () => 'file:///etc/passwd' },
  }

  test.for(Object.entries(shapes))('%s', async ([, { front: kind, realm, isAsked = false }]) => {
    const front = fronts[kind]()
    for (const [manner, thiefSays] of Object.entries(manners())) {
      for (const challenge of [bearer(realm()), `${bearer(realm())}, ${bearer(`${front.registry}/token`)}, Basic realm="x"`]) {
        for (const credential of [password, identity]) {
          const { atThief, wasShown } = await pull({ front, credential, wants: 'manifest', registrySays: honest(challenge), thiefSays })
          expect(atThief > 0, `he ${manner}: an anonymous token was asked for`).toBe(isAsked)
          expect(wasShown).toBe(false)
        }
      }
    }
  })
})

describe('these tests would notice', () => {
  test('a fetch that follows redirects by itself, where it forwards the secret', async () => {
    await thief.follows([{ status: 200 }])
    await registry.follows([{ status: 307, headers: { location: `${thief.origin}/taken` } }])
    await fetch(registry.origin, { headers: { authorization: `Bearer ${TOKEN}` } })
    expect(thief.caught.map(({ url }) => url)).toEqual(['/taken'])
    const isForwarded = thief.caught[0]?.headers['authorization'] === `Bearer ${TOKEN}`
    expect(isForwarded).toBe(inject('fetchForwards') ?? false)
  })

  test.each([password, identity])('a secret that reaches the thief: a trusted realm does get it', async (credential) => {
    const front = { ...fronts.http(), tokens: thief.origin }
    const says = { registrySays: honest(bearer(`${thief.origin}/token`)), thiefSays: manners()['plays along'] }
    await pull({ front, credential, wants: 'manifest', rules: { trustedRealms: [thief.origin] }, ...says }).catch(() => {})
    expect(SECRETS.some((secret) => JSON.stringify(thief.caught).includes(secret))).toBe(true)
  })
})
