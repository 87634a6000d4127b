import type { Random } from '../random.ts'
import { address } from './places.ts'
import type { Place } from './places.ts'
import { forHeader, many, noise, spoiled, word } from './text.ts'

/** A `WWW-Authenticate` value: mostly valid, often nearly, sometimes anything. */
export function challengeHeader(random: Random, place: Place): string {
  const kind = random.next()
  if (kind < 0.02) return ''
  if (kind < 0.06) return forHeader(noise(random, 300))
  if (kind < 0.08) return forHeader(huge(random, place))
  const text = Array.from({ length: random.pick([1, 1, 1, 2, 2, 3, 6]) }, () => challenge(random, place)).join(
    random.pick([', ', ',', ' , ', ',,\t']),
  )
  return forHeader(kind < 0.3 ? spoiled(random, text) : text)
}

function challenge(random: Random, place: Place): string {
  const kind = random.next()
  if (kind < 0.5) return `${random.pick(['Bearer', 'Bearer', 'bearer', 'BEARER'])} ${bearer(random, place)}`
  if (kind < 0.75)
    return random.pick(['Basic', 'basic realm="x"', 'Basic realm="lab, \\"quoted\\" realm"', `Basic realm=${quoted(random, address(random, place))}`])
  if (kind < 0.85) return `${random.pick(['Negotiate', 'NTLM', 'Basic', 'Bearer', 'Digest'])} ${word(random)}${'='.repeat(random.below(4))}`
  const parameters = Array.from({ length: many(random) }, () => `${word(random)}=${value(random, word(random))}`)
  return `${random.pick(['Negotiate', 'DPoP', 'Bearer', 'Basic', '!#$%'])} ${parameters.join(',')}`
}

function bearer(random: Random, place: Place): string {
  const scope = () =>
    random.pick([
      'repository:acme/shop:pull',
      'repository:acme/shop:pull,push repository:acme/base:pull',
      '*',
      'a:b',
      ':::',
      'registry:catalog:*',
      noise(random, 40),
    ])
  const parameters = [
    ...(random.chance(0.97) ? [['realm', address(random, place)]] : []),
    ...(random.chance(0.8) ? [['service', random.pick(['registry', 'Docker registry', '', noise(random, 20), 'a&b=c#d'])]] : []),
    ...(random.chance(0.8) ? [['scope', scope()]] : []),
    ...(random.chance(0.3) ? [['error', random.pick(['invalid_token', 'insufficient_scope', 'denied', ''])]] : []),
    ...(random.chance(0.05) ? [['realm', address(random, place)]] : []),
    ...(random.chance(0.05) ? [[word(random), noise(random, 20)]] : []),
  ]
  const gap = () => (random.chance(0.95) ? '' : random.pick([' ', '\t', '  ']))
  return parameters
    .map(([name = '', text = '']) => `${random.chance(0.9) ? name : name.toUpperCase()}${gap()}=${gap()}${value(random, text)}`)
    .join(random.chance(0.9) ? ',' : random.pick([', ', ' ,', ' ', ',,']))
}

function value(random: Random, text: string): string {
  const kind = random.next()
  if (kind < 0.9) return quoted(random, text)
  return kind < 0.95 ? text : random.pick([`'${text}'`, `"${text}`, `${text}"`, `"${text}" "`, `""`])
}

/** With needless escapes too, which mean the same. */
function quoted(random: Random, text: string): string {
  const escapes = random.chance(0.1)
  return `"${text.replaceAll(escapes ? /[^a-m]/g : /["\\]/g, '\\$&')}"`
}

function huge(random: Random, place: Place): string {
  const size = random.pick([4_000, 8_000, 16_300, 16_384, 16_385, 40_000])
  const repeat = (text: string) => text.repeat(Math.ceil(size / text.length)).slice(0, size)
  return random.pick([
    repeat(`${challenge(random, place)}, `),
    `Basic realm="${repeat('\\"')}`,
    `Bearer ${repeat('a,')}`,
    `Bearer ${repeat('a=b,')}`,
    `Bearer realm="${address(random, place)}",scope="${repeat('repository:a/b:pull ')}"`,
    repeat('a '),
    repeat(','),
    repeat('='),
  ])
}
