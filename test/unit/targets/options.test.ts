import { expect, test } from 'vitest'
import { Secret } from '../../../src/secret.ts'
import { docker } from '../../../src/targets/docker.ts'
import { staticSite } from '../../../src/targets/static.ts'

const pem = (what: string, header = '') => new Secret(`-----BEGIN ${what}-----\n${header}canary`)
const [CERT, KEY] = [pem('CERTIFICATE'), pem('PRIVATE KEY')]

const foundIn = (result: object): unknown => ('problem' in result ? (result.problem as { found?: string }).found : 'accepted')

test.each([
  [{ listen: '127.0.0.1:8080' }, 'accepted'],
  [{ listen: '[::1]:0' }, 'accepted'],
  [{ listen: 'localhost:99999' }, 'listen'],
  [{ listen: '8080' }, 'listen'],
  [{}, 'listen'],
  [{ listen: '127.0.0.1:1', listne: 1 }, 'listne'],
])('options of a static target: %j → %s', (options, found) => expect(foundIn(staticSite.options(options))).toBe(found))

test.each([
  [{ host: 'unix:///var/run/docker.sock' }, 'accepted'],
  [{ host: 'tcp://127.0.0.1:2375' }, 'accepted'],
  [{ host: 'tcp://10.0.0.1:2376', tls: {} }, 'accepted'],
  [{ host: 'tcp://10.0.0.1:2375', plain_http: true }, 'accepted'],
  [{ host: 'tcp://10.0.0.1:2375' }, 'tls'],
  [{ host: 'tcp://127.0.0.1.evil.example:2375' }, 'tls'],
  [{ host: 'unix:///var/run/docker.sock', tls: {} }, 'tls'],
  [{ host: 'http://127.0.0.1:2375' }, 'host'],
  [{ host: 'unix:///docker.sock', platform: 'amd64' }, 'platform'],
  [{ host: 'tcp://10.0.0.1:2376', tls: { certificate: 'x' } }, 'tls.certificate'],
  [{ host: 'tcp://10.0.0.1:2376', tls: { ca: CERT, cert: CERT, key: KEY } }, 'accepted'],
  [{ host: 'tcp://10.0.0.1:2376', tls: { cert: CERT } }, 'tls.key'],
  [{ host: 'tcp://10.0.0.1:2376', tls: { key: KEY } }, 'tls.cert'],
  [{ host: 'tcp://10.0.0.1:2376', tls: { ca: KEY } }, 'tls.ca'],
  [{ host: 'tcp://10.0.0.1:2376', tls: { ca: '-----BEGIN CERTIFICATE-----\nMII' } }, 'tls.ca'],
  [{ host: 'tcp://10.0.0.1:2376', tls: { cert: CERT, key: CERT } }, 'tls.key'],
  [{ host: 'tcp://10.0.0.1:2376', tls: { cert: CERT, key: pem('ENCRYPTED PRIVATE KEY') } }, 'tls.key'],
  [{ host: 'tcp://10.0.0.1:2376', tls: { cert: CERT, key: pem('RSA PRIVATE KEY', 'Proc-Type: 4,ENCRYPTED') } }, 'tls.key'],
])('options of a docker target: %j → %s', (options, found) => expect(foundIn(docker.options(options))).toBe(found))

test('an unknown key is answered with the nearest one', () => {
  expect(staticSite.options({ listne: '127.0.0.1:1', listen: '127.0.0.1:1' })).toMatchObject({
    problem: { sentence: '"listne" is not a key of a static target. Did you mean "listen"?', wanted: 'listen' },
  })
})

test('what is handed over for TLS stays a secret', () => {
  const options = docker.options({ host: 'tcp://10.0.0.1:2376', tls: { key: KEY, cert: CERT } })
  expect(options).toHaveProperty('options')
  expect(JSON.stringify(options)).not.toMatch(/PRIVATE|CERT|canary/)
  const refused = docker.options({ host: 'tcp://10.0.0.1:2376', tls: { key: CERT, cert: 'canary' } })
  expect(refused).toHaveProperty('problem')
  expect(JSON.stringify(refused)).not.toMatch(/canary/)
})
