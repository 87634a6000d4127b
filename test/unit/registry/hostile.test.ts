import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { parseObject } from '../../../src/registry/answer.ts'
import { parseChallenges } from '../../../src/registry/challenge.ts'
import { parseConfig, parseManifest } from '../../../src/registry/manifest.ts'
import { parseReference } from '../../../src/registry/reference.ts'
import { parseScopes } from '../../../src/registry/scope.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'

const digest = `sha256:${'a'.repeat(64)}`
const headers = fc.record(
  {
    'www-authenticate': fc.constantFrom(
      'Basic realm="x"',
      'Bearer realm="https://r.example/token",service="s"',
      'Bearer realm="file:///"',
      'Bearer',
      '',
      '"',
    ),
    location: fc.constantFrom('/v2/', 'https://10.0.0.1/', 'https://elsewhere.example/', '::', 'http://r.example/'),
    'docker-content-digest': fc.constantFrom(digest, 'sha256:', 'nonsense'),
    'content-type': fc.constantFrom('application/vnd.oci.image.index.v1+json', 'text/html', ''),
    'retry-after': fc.constantFrom('0', '1', '-1', 'soon', 'Fri, 31 Dec 1999 23:59:59 GMT', '99999999999'),
    'content-length': fc.constantFrom('0', '12', '-5', 'many'),
  },
  { requiredKeys: [] },
)
const descriptor = fc.record(
  { mediaType: fc.string(), digest: fc.constantFrom(digest, 'x'), size: fc.oneof(fc.integer(), fc.double()) },
  { requiredKeys: [] },
)
const manifest = fc.record(
  { manifests: fc.array(fc.oneof(descriptor, fc.jsonValue())), config: descriptor, layers: fc.array(descriptor) },
  { requiredKeys: [] },
)
const body = fc.oneof(
  fc.string(),
  fc.json(),
  manifest.map((value) => JSON.stringify(value)),
  fc.constantFrom('{"token":"t","expires_in":"-1"}', '{"errors":[null]}', '{"errors":[{"code":1,"message":[]}]}', '<html>'),
)
const status = fc.constantFrom(200, 200, 200, 204, 206, 301, 307, 400, 401, 401, 403, 404, 405, 418, 429, 500, 503, 599)
const answers = fc.array(fc.record({ status, headers, body }), { minLength: 1, maxLength: 12 })

test('whatever a registry answers, the client ends with a result or with a failure that says so', async () => {
  await fc.assert(
    fc.asyncProperty(answers, async (script) => {
      let step = 0
      const { client, asked } = clientUnderTest(
        {},
        {
          fetch: async (_input, init) => {
            const answer = script[step++ % script.length] ?? { status: 200, headers: {}, body: '' }
            const isBodiless = init?.method === 'HEAD' || answer.status === 204
            return new Response(isBodiless ? null : answer.body, { status: answer.status, headers: answer.headers as Record<string, string> })
          },
        },
      )
      const asking = { credential: basic('alice', 'very-secret-password'), platform: 'linux/amd64', labels: true }
      const end = await client.resolve(reference('r.example/acme/shop:1'), asking).catch((error: unknown) => error)
      if (end instanceof Error) expect(end).toBeInstanceOf(Failure)
      expect(JSON.stringify(end)).not.toContain('very-secret-password')
      expect(asked.length).toBeLessThan(60)
    }),
    { numRuns: 200 },
  )
}, 30_000)

test('no text makes a parser throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (text) => {
      for (const parse of [parseChallenges, parseScopes, parseReference, parseManifest, parseConfig, parseObject]) parse(text)
    }),
    { numRuns: 500 },
  )
}, 30_000)
