import { expect, test } from 'vitest'
import { Refusal } from '../../../src/errors.ts'
import { registryOrigin } from '../../../src/registry/address.ts'
import { formatReference, parseReference } from '../../../src/registry/reference.ts'
import type { Reference } from '../../../src/registry/reference.ts'
import type { Random } from '../../world/random.ts'
import { challengeHeader } from '../../world/registry-fuzz/challenges.ts'
import { address, places } from '../../world/registry-fuzz/places.ts'
import type { Place } from '../../world/registry-fuzz/places.ts'
import { count, playAll, playWorld } from '../../world/registry-fuzz/play.ts'
import type { Tally } from '../../world/registry-fuzz/play.ts'
import { referenceText } from '../../world/registry-fuzz/references.ts'
import { forHeader } from '../../world/registry-fuzz/text.ts'
import { tokenAnswer } from '../../world/registry-fuzz/token-answers.ts'

// 100,000 cases in all, through the real client: whatever is said to it, it ends in time with a result or a `Failure`, and no secret goes
// anywhere but where the rules of registry.md let it (test/world/registry-fuzz/rules.ts). GANTRY_FUZZ: how many; GANTRY_FUZZ_SEED: which.

const GOOD = { body: '{"token":"good"}', type: 'application/json', token: null }
const WITHIN = 120_000

/** Few cases need not meet everything. */
const hasMet = (tally: Tally, what: readonly string[]): void => {
  if ((tally.get('cases') ?? 0) >= 2_000) expect([...tally.keys()]).toEqual(expect.arrayContaining([...what]))
}

test('any challenge', { timeout: WITHIN }, async () => {
  const tally = await playAll(0.35, (random, tally) => {
    const place = random.pick(places)
    const malice = random.pick([0, 0.05, 0.3])
    return playWorld(random, { place, malice, challenge: () => challengeHeader(random, place), token: () => GOOD }, tally)
  })
  hasMet(tally, ['read', 'foreign host asked', 'secret shown', 'CHALLENGE_MISSING', 'CHALLENGE_MALFORMED', 'CHALLENGE_UNSUPPORTED'])
  hasMet(tally, ['REALM_FORBIDDEN', 'REALM_NOT_TRUSTED', 'REDIRECT_FORBIDDEN', 'PERMISSION_DENIED', 'CREDENTIALS_INVALID'])
})

test('any answer of a token server', { timeout: WITHIN }, async () => {
  const tally = await playAll(0.25, (random, tally) => {
    const place = random.pick(places)
    const realm = () => (random.chance(0.7) ? `${random.pick([place.origin, ...place.tokenServers])}/token` : address(random, place))
    const challenge = () => forHeader(`Bearer realm="${realm()}",service="registry"${random.chance(0.2) ? ', Basic realm="x"' : ''}`)
    return playWorld(random, { place, malice: random.pick([0, 0.05, 0.2]), challenge, token: () => tokenAnswer(random) }, tally)
  })
  hasMet(tally, ['read', 'foreign host asked', 'secret shown', 'TOKEN_RESPONSE_INVALID', 'AUTH_ENDPOINT_BROKEN', 'CREDENTIALS_INVALID'])
})

test('any reference', { timeout: WITHIN }, async () => {
  const tally = await playAll(0.4, async (random, tally) => {
    const text = referenceText(random)
    const parsed = parseReference(text, random.pick([{}, { tag: 'latest' }, { repository: 'ghcr.io/acme/shop' }]))
    count(tally, parsed instanceof Refusal ? 'refused' : 'parsed')
    if (parsed instanceof Refusal) return parsed.problem.sentence.length < 300 ? [] : [`a long sentence about ${text}`]
    return [...misread(parsed), ...(random.chance(0.25) ? await ask(random, parsed, tally) : [])]
  })
  hasMet(tally, ['refused', 'parsed', 'read', 'secret shown'])
})

/** Where the API of a registry has to be; told a second time. */
const originOf = (registry: string): string => {
  if (registry === 'docker.io') return 'https://registry-1.docker.io'
  return new URL(`${/^(localhost|127\.[\d.]+|\[::1\])(:\d+)?$/.test(registry) ? 'http' : 'https'}://${registry}`).origin
}

/** Nothing in a name may become another host or path than it says. */
function misread(parsed: Reference): readonly string[] {
  const { registry, repository, tag, digest } = parsed
  const path = `/v2/${repository}/manifests/${digest ?? tag}`
  const url = new URL(path, registryOrigin(registry, []))
  const again = parseReference(formatReference(parsed))
  return [
    ...(url.href === originOf(registry) + path ? [] : [`${path} became ${url.href}`]),
    ...(JSON.stringify(again) === JSON.stringify(parsed) ? [] : [`${JSON.stringify(parsed)} was read back as ${JSON.stringify(again)}`]),
  ]
}

async function ask(random: Random, parsed: Reference, tally: Tally): Promise<readonly string[]> {
  const origin = originOf(parsed.registry)
  const place: Place = { registry: parsed.registry, origin, tokenServers: [], rules: {} }
  const challenge = () => `Bearer realm="${origin}/token"`
  return playWorld(random, { place, malice: 0, challenge, token: () => GOOD }, tally, parsed)
}
