import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { accountOf, grant } from './registry-accounts.ts'
import type { Account } from './registry-accounts.ts'

export interface DockerRegistryOptions {
  readonly auth: 'none' | 'htpasswd' | 'token'
  readonly accounts?: readonly Account[]
  readonly public?: readonly string[]
}

/** The CNCF distribution registry, as Debian packages it, on a free port of loopback. */
export interface DockerRegistry {
  readonly host: string
  /** The token server, which lives on an origin of its own; null in the other modes. */
  readonly realm: string | null
  /** What `Authorization` a push needs. */
  pushAuthorization(repository: string): string | undefined
  stop(): Promise<void>
}

const PROGRAM = '/usr/bin/docker-registry'

/** Why it cannot be started here; null where it can. */
export function missingDockerRegistry(): string | null {
  const absent = [PROGRAM, '/usr/bin/htpasswd', '/usr/bin/openssl'].filter((path) => !existsSync(path))
  return absent.length === 0 ? null : `${absent.join(', ')} not installed (apt-get install docker-registry apache2-utils openssl)`
}

export async function startDockerRegistry(options: DockerRegistryOptions): Promise<DockerRegistry> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-docker-registry-'))
  const accounts = options.accounts ?? []
  const tokens = options.auth === 'token' ? await startTokenServer(folder, options) : null
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configuration(folder, options, tokens?.realm ?? ''))) // JSON is YAML
  const registry = spawn(PROGRAM, ['serve', join(folder, 'config.json')], { stdio: ['ignore', 'ignore', 'pipe'] })
  const pusher = accounts[0]
  return {
    host: `127.0.0.1:${await listeningPort(registry)}`,
    realm: tokens?.realm ?? null,
    pushAuthorization(repository) {
      if (tokens) return `Bearer ${tokens.issue([{ type: 'repository', name: repository, actions: ['pull', 'push'] }])}`
      return options.auth === 'htpasswd' && pusher ? `Basic ${Buffer.from(`${pusher.name}:${pusher.password}`).toString('base64')}` : undefined
    },
    async stop() {
      registry.kill()
      await once(registry, 'exit')
      tokens?.server.closeAllConnections()
      tokens?.server.close()
      rmSync(folder, { recursive: true })
    },
  }
}

function configuration(folder: string, options: DockerRegistryOptions, realm: string) {
  const path = join(folder, 'htpasswd')
  if (options.auth === 'htpasswd') writeFileSync(path, (options.accounts ?? []).map(({ name, password }) => bcrypted(name, password)).join(''))
  const auth = {
    none: {},
    htpasswd: { auth: { htpasswd: { realm: 'a "quoted" realm', path } } },
    token: { auth: { token: { realm, service: SERVICE, issuer: ISSUER, rootcertbundle: join(folder, 'token.crt') } } },
  }
  const storage = { filesystem: { rootdirectory: join(folder, 'data') } }
  return { version: 0.1, log: { level: 'info' }, storage, http: { addr: '127.0.0.1:0' }, ...auth[options.auth] }
}

/** The password goes in by stdin, so that no process list shows it; cost 5 keeps the test quick. */
const bcrypted = (name: string, password: string): string =>
  execFileSync('/usr/bin/htpasswd', ['-Bin', '-C', '5', name], { input: password, encoding: 'utf8', stdio: ['pipe', 'pipe', 'ignore'] }).trim() + '\n'

/** The port is chosen by the kernel and told by the log, which must be read on to the end: a full or closed pipe stops the registry. */
const listeningPort = (registry: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let log = ''
    registry.stderr?.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-10_000)
      const port = /listening on [^ ]*:(\d+)/.exec(log)?.[1]
      if (port !== undefined) resolve(port)
    })
    registry.once('exit', () => reject(new Error(`docker-registry did not start: ${log}`)))
  })

const SERVICE = 'gantry.test'
const ISSUER = 'gantry-test-issuer'

interface TokenServer {
  readonly realm: string
  readonly server: Server
  issue(access: readonly unknown[]): string
}

/** What stands beside a docker-registry in token mode: passwords in, signed tokens with the granted scopes out. */
async function startTokenServer(folder: string, options: DockerRegistryOptions): Promise<TokenServer> {
  const [key, certificate] = [join(folder, 'token.key'), join(folder, 'token.crt')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=token']
  execFileSync('/usr/bin/openssl', [...made, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const x5c = readFileSync(certificate, 'utf8').replaceAll(/-----[^-]+-----|\s/g, '')
  const privateKey = readFileSync(key, 'utf8')
  const issue = (access: readonly unknown[]) => signToken(access, privateKey, x5c)
  const server = createServer((request, response) => answerToken(request, response, options, issue))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`, server, issue }
}

function answerToken(request: IncomingMessage, response: ServerResponse, options: DockerRegistryOptions, issue: TokenServer['issue']): void {
  const url = new URL(request.url ?? '/', 'http://token')
  const account = accountOf(request.headers.authorization, options.accounts ?? [])
  if (account === null) {
    response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Basic realm="token server"' })
    return void response.end('{"details":"incorrect username or password"}')
  }
  const token = issue(grant(url.searchParams.getAll('scope'), account ?? null, options.public ?? []))
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ token, access_token: token, expires_in: 300 }))
}

/** ES256 with the certificate in the header (distribution token specification, "Token Authentication Implementation"). */
function signToken(access: readonly unknown[], key: string, x5c: string): string {
  const now = Math.floor(Date.now() / 1000)
  const claims = { iss: ISSUER, sub: '', aud: SERVICE, exp: now + 300, nbf: now - 10, iat: now, jti: randomUUID(), access }
  const signed = [{ typ: 'JWT', alg: 'ES256', x5c: [x5c] }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
