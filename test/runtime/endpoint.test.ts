import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { type RequestListener, createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { endpointFetch } from '../../src/runtime/endpoint.ts'
import { Secret } from '../../src/secret.ts'

const folder = mkdtempSync(join(tmpdir(), 'gantry-endpoint-'))
afterAll(() => rmSync(folder, { recursive: true }))

const echo: RequestListener = (request, response) => void request.pipe(response.writeHead(200, { 'x-path': request.url ?? '' }))

test('a unix socket', async () => {
  const socketPath = join(folder, 'engine.sock')
  const server = createServer(echo).listen(socketPath)
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const response = await endpointFetch({ socketPath })('http://localhost/v', { method: 'POST', body: 'hello' })
  expect([response.headers.get('x-path'), await response.text()]).toEqual(['/v', 'hello'])
})

test('a socket that is not there says so', async () => {
  const failed = await endpointFetch({ socketPath: join(folder, 'none.sock') })('http://localhost/').catch((error: unknown) => error)
  expect(failed).toMatchObject({ cause: { code: 'ENOENT' } })
})

test('a redirect is not followed', async () => {
  const server = createServer((_, response) => void response.writeHead(307, { location: '/elsewhere' }).end()).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  await expect(endpointFetch({})(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).rejects.toThrow()
})

// openssl makes the certificates: no private key stands in the repository.
const hasOpenssl = existsSync('/usr/bin/openssl')
if (!hasOpenssl && process.env['CI']) throw new Error('TLS must be tested: openssl is not installed (apt-get install openssl)')

test.skipIf(!hasOpenssl)('TLS with a CA of its own, and a certificate that the other side asks for', async () => {
  const [server, client, other] = [certificate('server', 'localhost'), certificate('client', 'gantry'), certificate('other', 'localhost')]
  const listening = createTlsServer({ ...server, ca: client.cert, requestCert: true, rejectUnauthorized: true }, echo).listen(0, '127.0.0.1')
  onTestFinished(() => void listening.close())
  await once(listening, 'listening')
  const url = `https://localhost:${(listening.address() as AddressInfo).port}/`
  const key = new Secret(client.key)
  const response = await endpointFetch({ tls: { ca: server.cert, cert: client.cert, key } })(url)
  expect(response.status).toBe(200)
  await expect(endpointFetch({ tls: { ca: server.cert } })(url), 'without a certificate').rejects.toThrow()
  await expect(endpointFetch({ tls: { ca: other.cert, cert: client.cert, key } })(url), 'with another CA').rejects.toThrow()
})

function certificate(name: string, host: string): { readonly cert: string; readonly key: string } {
  const [key, cert] = [join(folder, `${name}.key`), join(folder, `${name}.crt`)]
  const wants = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]
  execFileSync('/usr/bin/openssl', ['req', '-x509', ...wants, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}
