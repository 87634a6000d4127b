import { execFileSync } from 'node:child_process'
import { randomUUID, sign } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { accountOf, grant } from './registry-accounts.ts'
import type { Access, Account } from './registry-accounts.ts'
import type { Reply } from './scripted-server.ts'

/** Ways in which token servers misbehave; a test sets what it is about. */
export interface TokenQuirks {
  /** Instead of everything else. */
  answer?: Reply
  /** Instead of the usual JSON around the token. */
  says?: (token: string) => object
  /** Seconds by which its clock is ahead: in the claims and in the header `Date`. */
  ahead?: number
  issuer?: string
  audience?: string
  /** Instead of a signed token. */
  token?: string
  /** Takes the request and never answers it. */
  isSilent?: boolean
}

/** What stands beside a docker-registry in token mode: passwords in, signed tokens with the granted scopes out. */
export interface TokenServer {
  readonly realm: string
  readonly quirks: TokenQuirks
  /** Each request's method and path, without its query. */
  readonly requests: string[]
  /** Every token that it has made: secrets, where they are looked for. */
  readonly made: string[]
  issue(access: readonly Access[]): string
  stop(): void
}

export const SERVICE = 'gantry.test'
export const ISSUER = 'gantry-test-issuer'

interface TokenAccounts {
  readonly accounts?: readonly Account[]
  readonly public?: readonly string[]
}

/** Writes `token.crt`, which the registry has to trust, into the folder. */
export async function startTokenServer(folder: string, who: TokenAccounts): Promise<TokenServer> {
  const [key, certificate] = [join(folder, 'token.key'), join(folder, 'token.crt')]
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=token']
  execFileSync('/usr/bin/openssl', [...request, '-keyout', key, '-out', certificate], { stdio: 'ignore' })
  const x5c = readFileSync(certificate, 'utf8').replaceAll(/-----[^-]+-----|\s/g, '')
  const privateKey = readFileSync(key, 'utf8')
  const quirks: TokenQuirks = {}
  const [requests, made]: [string[], string[]] = [[], []]

  function issue(access: readonly Access[]): string {
    const token = quirks.token ?? signToken(access, quirks, privateKey, x5c)
    made.push(token)
    return token
  }

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?')[0]}`)
    if (quirks.isSilent !== true) answer(request, response, who, quirks, issue)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    realm: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    quirks,
    requests,
    made,
    issue,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}

function answer(request: IncomingMessage, response: ServerResponse, who: TokenAccounts, quirks: TokenQuirks, issue: TokenServer['issue']): void {
  response.setHeader('Date', new Date(Date.now() + (quirks.ahead ?? 0) * 1000).toUTCString())
  if (quirks.answer) return void response.writeHead(quirks.answer.status, quirks.answer.headers).end(quirks.answer.body)
  const url = new URL(request.url ?? '/', 'http://token')
  const account = accountOf(request.headers.authorization, who.accounts ?? [])
  if (account === null) {
    response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Basic realm="token server"' })
    return void response.end('{"details":"incorrect username or password"}')
  }
  const token = issue(grant(url.searchParams.getAll('scope'), account ?? null, who.public ?? []))
  const says = quirks.says ?? ((token) => ({ token, access_token: token, expires_in: 300 }))
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(says(token)))
}

/** ES256 with the certificate in the header (distribution token specification, "Token Authentication Implementation"). */
function signToken(access: readonly Access[], { ahead = 0, issuer = ISSUER, audience = SERVICE }: TokenQuirks, key: string, x5c: string): string {
  const now = Math.floor(Date.now() / 1000) + ahead
  const claims = { iss: issuer, sub: '', aud: audience, exp: now + 300, nbf: now - 10, iat: now, jti: randomUUID(), access }
  const signed = [{ typ: 'JWT', alg: 'ES256', x5c: [x5c] }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}
