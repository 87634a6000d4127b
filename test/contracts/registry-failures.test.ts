import nock from 'nock'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { CODES } from '../../src/errors.ts'
import type { Code } from '../../src/errors.ts'
import { SENTENCES } from '../../src/registry/sentences.ts'
import { missingDockerRegistry } from '../world/docker-registry.ts'
import { missingNginx } from '../world/nginx.ts'
import { ask } from '../world/registry-failures/ask.ts'
import { oddities } from '../world/registry-failures/challenges.ts'
import { causes } from '../world/registry-failures/index.ts'
import { Lab, PASSWORD } from '../world/registry-failures/lab.ts'

// Each code of the registry is reached by what really causes it: a real docker-registry, real nginx in front of it, real TLS, real
// signals; a server of our own only for what no registry does on purpose.

// Names that nobody can own (RFC 2606) lead nowhere, or to where a case has them lead.
nock.enableNetConnect(/^(127\.0\.0\.1|localhost|[\w.]+\.(example|invalid))(:\d+)?$/)

const missing = missingDockerRegistry() ?? missingNginx()
const all = Object.keys(CODES)
const ofTheRegistry = ['REFERENCE_INVALID', ...all.slice(all.indexOf('CREDENTIAL_MISSING'), all.indexOf('REGISTRY_PROTOCOL_ERROR') + 1)] as Code[]

test('the codes of the registry are those that it has sentences for', () => {
  expect(Object.keys(SENTENCES).toSorted()).toEqual(ofTheRegistry.toSorted())
})

test.each(ofTheRegistry)('%s has a cause', (code) => expect(causes.map((cause) => cause.code)).toContain(code))

if (missing !== null) {
  test('the causes can be brought about here', (context) => {
    if (!process.env['CI']) context.skip(missing)
    expect.fail(missing)
  })
} else {
  let lab: Lab
  let printed: string[]

  beforeAll(async () => {
    lab = await Lab.opens()
    printed = []
    const keep = (...words: unknown[]) => void printed.push(words.map(String).join(' '))
    for (const way of ['log', 'info', 'warn', 'error', 'debug'] as const) vi.spyOn(console, way).mockImplementation(keep)
  })
  afterEach(() => lab.calmsDown())
  afterAll(async () => {
    vi.restoreAllMocks()
    await lab.closes()
  })

  const secretsOf = (secrets: readonly string[] = []): string[] =>
    [PASSWORD, ...secrets, ...lab.tokens.made].flatMap((secret) => [secret, ...['alice', 'bob', 'mallory'].map((name) => btoa(`${name}:${secret}`))])

  describe.each(causes)('$what', ({ code, happens, found, next, secrets, ...facts }) => {
    test(code, async () => {
      const { problem, events, shown } = await ask(await happens(lab))
      expect(problem, 'nothing failed').not.toBeNull()
      expect(problem).toMatchObject({ code, who: facts.who ?? CODES[code].who, retryable: facts.retryable ?? CODES[code].retryable })
      expect(problem!.sentence).toMatch(/\.$/)
      expect(problem!.next).toMatch(/\.$/)
      if (found) expect(problem!.found).toMatch(found)
      if (next) expect(problem!.next).toMatch(next)
      if (facts.retryAfter !== undefined) expect(problem!.retryAfter).toBe(facts.retryAfter)
      expect(events.map((event) => event.code)).toEqual(facts.logged ?? [code])
      for (const secret of secretsOf(secrets)) expect(`${shown}\n${printed.join('\n')}`.includes(secret), `a secret is shown: ${secret}`).toBe(false)
    })
  })

  describe('what looks odd and works', () => {
    test.each(oddities)('$what', async ({ happens }) => {
      const { problem, asked } = await ask(await happens(lab))
      expect(problem).toBeNull()
      expect(asked).toEqual(['HEAD /v2/acme/shop/manifests/1.2', 'GET /token', 'HEAD /v2/acme/shop/manifests/1.2'])
    })
  })
}
