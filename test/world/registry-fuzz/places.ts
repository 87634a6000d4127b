import type { RegistryRules } from '../../../src/registry/client.ts'
import type { Random } from '../random.ts'

/** A registry, and by the rules the only origins that its credential may ever reach. Written down here, not asked of the code. */
export interface Place {
  readonly registry: string
  readonly origin: string
  /** Token servers besides the registry itself: the vendor's own, and those that the administrator listed. */
  readonly tokenServers: readonly string[]
  readonly rules: RegistryRules
}

const place = (registry: string, origin = `https://${registry}`, over: Partial<Place> = {}): Place => ({
  registry,
  origin,
  tokenServers: [],
  rules: {},
  ...over,
})

const listed = (...trustedRealms: readonly string[]) => ({ tokenServers: trustedRealms, rules: { trustedRealms } })

export const places: readonly Place[] = [
  place('registry.example'),
  place('registry.example:8443'),
  place('ghcr.io'),
  place('quay.io'),
  place('docker.io', 'https://registry-1.docker.io', { tokenServers: ['https://auth.docker.io'] }),
  place('registry.gitlab.com', undefined, { tokenServers: ['https://gitlab.com'] }),
  place('10.0.0.7'),
  place('127.0.0.1:5000', 'http://127.0.0.1:5000'),
  place('registry.home:5000', 'http://registry.home:5000', { rules: { plainHttp: ['registry.home:5000'] } }),
  place('registry.example', undefined, listed('https://tokens.example')),
  place('registry.example', undefined, listed('http://127.0.0.1:5010')),
  place('127.0.0.1:5000', 'http://127.0.0.1:5000', listed('http://127.0.0.1:5010')),
  place('registry.example', undefined, { rules: { trustedStorage: ['http://10.1.1.1:9000', 'https://10.1.1.1'] } }),
]

/** Where a registry, or whoever sits in front of it, could want us to go: for tokens or by a redirect. */
export function address(random: Random, { origin, tokenServers }: Place): string {
  const { protocol, host, hostname } = new URL(origin)
  const own = `${origin}/token`
  const shapes = [
    own,
    own,
    own,
    own,
    `${random.pick([origin, ...tokenServers])}/token?account=x&scope=repository:a:pull`,
    ...tokenServers.map((server) => `${server}/token`),
    '/token',
    '/v2/',
    '//evil.example/token',
    'https://evil.example/token',
    'https://tokens.example/token',
    'https://auth.docker.io/token',
    'https://gitlab.com/jwt/auth',
    `https://${host}.evil.example/token`,
    `https://evil-${hostname}/token`,
    `https://${hostname}./token`,
    `https://${hostname}:8444/token`,
    `http://${host}/token`,
    `${protocol === 'http:' ? 'https' : 'http'}://${host}/token`,
    `https://${host}@evil.example/token`,
    `https://user:pass@${host}/token`,
    `https://alice@${host}/token`,
    `${own}#fragment`,
    `https:\\\\evil.example\\token`,
    `ht\ttps://evil.example/token`,
    `HTTPS://${host.toUpperCase()}/token`,
    'http://evil.example/token',
    'http://127.0.0.1:5010/token',
    'http://127.0.0.1:9000/token',
    'https://10.1.1.1/signed?X-Signature=abc',
    'http://10.1.1.1:9000/signed',
    'http://169.254.169.254/latest/meta-data',
    'https://[::ffff:10.0.0.1]/',
    'https://[::1]/token',
    'https://2130706433/token',
    'https://0x7f.1/token',
    'https://vault/token',
    'https://metadata.google.internal/',
    'https://evil.example:22/token',
    'https://пример.example/token',
    'https://xn--e1afmkfd.example/token',
    'file:///etc/passwd',
    'data:application/json,{%22token%22:%22x%22}',
    'javascript:alert(1)',
    'https://',
    'https://%zz/',
    'nowhere',
    '',
    ' ',
  ]
  return random.pick(shapes)
}
