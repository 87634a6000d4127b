import type { Random } from '../random.ts'
import { noise, spoiled, word } from './text.ts'

const HOSTS = [
  'ghcr.io',
  'docker.io',
  'index.docker.io',
  'registry-1.docker.io',
  'localhost',
  'localhost:5000',
  '127.0.0.1:5000',
  '[::1]:5000',
  '10.0.0.1',
  'GHCR.io',
  'registry.example:8443',
  'registry.example:99999',
  '0x7f.1',
  '2130706433.',
  '1.2',
  'a..b',
  '-a.b',
  'xn--e1afmkfd.example',
  'пример.example',
  'evil.example@ghcr.io',
  'user:pw@ghcr.io',
  'ghcr.io:',
  ':5000',
  '[fe80::1%25eth0]',
  '[::ffff:7f00:1]',
  'a.b:0443',
  'registry.example.',
  '..',
  '%2e%2e',
  'ghcr.io%2f',
  'ghcr.io#',
  'ghcr.io?x',
]
const PATHS = [
  'acme/shop',
  'nginx',
  'acme/a/b/c',
  'acme/../../v2',
  'acme//shop',
  'acme/shop/',
  '/shop',
  'Acme/shop',
  'acme/sh%2fop',
  'acme/shop?x=1',
  'acme/shop#x',
  'acme\\shop',
  'a__b/c--d',
  'a.b-c_d',
  'x'.repeat(255),
  'x/'.repeat(130),
  'tags/list',
  'v2',
  '.',
  '..',
]
const TAGS = [':1.2', ':latest', ':', ':-x', ':..', `:${'t'.repeat(128)}`, `:${'t'.repeat(129)}`, ':a/b', ':a:b', ':%2e', ':1?x', ':_', ':é', ':a b']
const DIGESTS = [
  `@sha256:${'a'.repeat(64)}`,
  `@sha512:${'0'.repeat(128)}`,
  '@sha256:',
  `@sha256:${'A'.repeat(64)}`,
  `@sha256:${'a'.repeat(63)}`,
  '@md5:abc',
  '@',
  '@@',
  `@sha256:${'a'.repeat(64)}@sha256:${'b'.repeat(64)}`,
  '@sha256:../../x',
]

/** An image name as people, or attackers, write it. */
export function referenceText(random: Random): string {
  const kind = random.next()
  if (kind < 0.05) return noise(random, 80)
  if (kind < 0.06) return random.pick(['a', 'a/', 'a.', ':', '@', '/']).repeat(random.pick([100, 511, 512, 513, 5_000]))
  const host = random.chance(0.8) ? `${random.chance(0.5) ? random.pick(HOSTS) : `${word(random)}.example`}/` : ''
  const path = random.chance(0.5) ? random.pick(PATHS) : `${word(random)}/${word(random)}`
  const text = host + path + (random.chance(0.7) ? tag(random) : '') + (random.chance(0.3) ? random.pick(DIGESTS) : '')
  return kind < 0.25 ? spoiled(random, text) : text
}

const tag = (random: Random): string => (random.chance(0.5) ? `:${word(random)}` : random.pick(TAGS))
