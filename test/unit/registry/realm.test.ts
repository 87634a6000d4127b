import { describe, expect, test } from 'vitest'
import { isReserved, registryOrigin } from '../../../src/registry/address.ts'
import { keychainFor } from '../../../src/registry/keychains/index.ts'
import { judgeRealm } from '../../../src/registry/realm.ts'

const where = { registry: 'ghcr.io', image: 'ghcr.io/acme/shop:1', grant: '' }
const realmsOf = (registry: string) => keychainFor(registry).realms?.(registry) ?? []
const judge = (realm: string, origin: string, trusted: readonly string[] = []) => judgeRealm(realm, origin, trusted, where).isTrusted

describe('a secret goes to', () => {
  test.for([
    ['https://ghcr.io/token', 'https://ghcr.io', []],
    ['https://auth.docker.io/token', 'https://registry-1.docker.io', realmsOf('docker.io')],
    ['https://gitlab.com/jwt/auth', 'https://registry.gitlab.com', realmsOf('registry.gitlab.com')],
    ['https://10.0.0.7/service/token', 'https://10.0.0.7', []], // Harbor at home
    ['http://127.0.0.1:5000/token', 'http://127.0.0.1:5000', []],
    ['https://auth.example.com/t', 'https://registry.example.com', ['https://auth.example.com']],
    ['http://127.0.0.1:5010/token', 'http://127.0.0.1:5000', ['http://127.0.0.1:5010']],
  ] as const)('%s for %s', ([realm, origin, trusted]) => expect(judge(realm, origin, trusted)).toBe(true))
})

describe('an anonymous token at most is asked for at', () => {
  test.for([
    ['https://evil.example/token', 'https://ghcr.io'],
    ['https://auth.docker.io/token', 'https://ghcr.io'],
    ['https://auth.docker.io/token', 'https://registry-1.docker.io'], // unless the keychain says so
    ['https://ghcr.io.evil.example/token', 'https://ghcr.io'],
  ] as const)('%s for %s', ([realm, origin]) => expect(judge(realm, origin)).toBe(false))
})

describe('nothing at all is sent to', () => {
  test.for([
    'http://evil.example/token',
    'http://ghcr.io/token',
    'https://ghcr.io:22/token',
    'https://127.0.0.1/token',
    'https://2130706433/token',
    'https://0x7f.1/token',
    'https://10.1.2.3/token',
    'https://169.254.169.254/latest/meta-data/',
    'https://100.100.100.200/',
    'https://[::1]/token',
    'https://[::ffff:10.0.0.1]/token',
    'https://[fd00:ec2::254]/',
    'https://metadata.google.internal/',
    'https://localhost/token',
    'https://x.localhost/token',
    'https://vault/token',
    'https://user:pass@evil.example/token',
    'https://evil.example/token#x',
    'file:///etc/passwd',
    'gopher://evil.example/',
  ])('%s', (realm) => expect(() => judge(realm, 'https://ghcr.io')).toThrow(/^REALM_FORBIDDEN/))
})

test('a realm that is no address is a malformed challenge', () => {
  expect(() => judge('not an address', 'https://ghcr.io')).toThrow(/^CHALLENGE_MALFORMED/)
})

test.for([
  ['8.8.8.8', false],
  ['172.15.0.1', false],
  ['172.16.0.1', true],
  ['172.31.9.9', true],
  ['192.168.1.1', true],
  ['224.0.0.1', true],
  ['0.0.0.0', true],
  ['[::]', true],
  ['[2001:db8::1]', false],
  ['[fe80::1]', true],
  ['storage.example.com', false],
  ['localhost.', true],
] as const)('%s is reserved: %s', ([host, answer]) => expect(isReserved(host)).toBe(answer))

test.for([
  ['docker.io', [], 'https://registry-1.docker.io'],
  ['ghcr.io', [], 'https://ghcr.io'],
  ['127.0.0.1:5000', [], 'http://127.0.0.1:5000'],
  ['127.9.9.9', [], 'http://127.9.9.9'],
  ['localhost:5000', [], 'http://localhost:5000'],
  ['[::1]:5000', [], 'http://[::1]:5000'],
  ['10.0.0.1:5000', [], 'https://10.0.0.1:5000'],
  ['registry.home:5000', ['registry.home:5000'], 'http://registry.home:5000'],
  ['registry.home', ['registry.home:5000'], 'https://registry.home'],
] as const)('the API of %s', ([registry, plain, origin]) => expect(registryOrigin(registry, plain)).toBe(origin))
