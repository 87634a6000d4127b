import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { generateKeyPairSync } from 'node:crypto'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { createGitHub } from '../../src/bot/github.ts'
import type { GitHubClient } from '../../src/bot/github.ts'
import { createProbot } from '../../src/bot/probot.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { Secret } from '../../src/secret.ts'
import { createSpendings } from '../../src/store/budget.ts'
import { memoryDatabase } from '../world/memory-sql.ts'

const privateKey = new Secret(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string)

let github: Server
let elsewhere: Server
let caught: IncomingMessage[]
let answer: RequestListener
beforeEach(async () => {
  caught = []
  elsewhere = await listening((request, response) => {
    caught.push(request)
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"token":"stolen","expires_at":"2099-01-01T00:00:00Z","permission":"admin"}')
  })
  answer = () => {}
  github = await listening((request, response) => answer(request, response))
})
afterEach(() => [github, elsewhere].forEach((server) => server.close()))

/** GitHub's API at a loopback server, over the `fetch` that the runtime uses. */
function client(): GitHubClient {
  const log = pino({ level: 'silent' })
  const settings = { appId: 1, privateKey, webhookSecret: new Secret('s'.repeat(40)), apiUrl: at(github), fetch: globalThis.fetch, log }
  return createGitHub(createProbot(settings), systemClock, createSpendings(memoryDatabase())).reading({ installation: 1, id: 1 })
}

const token: RequestListener = (_, response) =>
  void response
    .writeHead(201, { 'content-type': 'application/json' })
    .end(JSON.stringify({ token: 'ghs_of_the_installation', expires_at: new Date(Date.now() + 3_600_000).toISOString() }))

const redirect =
  (status: number, to: string): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { location: to }).end()

const anything = z.unknown()

describe.each([301, 302, 303, 307, 308])('a redirect with %i', (status) => {
  test('to another origin is not followed with the App’s own key', async () => {
    answer = redirect(status, `${at(elsewhere)}/steal`)
    await expect(client().rest('GET /repos/{owner}/{repo}', { owner: 'a', repo: 'b' }, anything)).rejects.toMatchObject({
      problem: { code: expect.stringMatching(/^GITHUB_/) },
    })
    expect(caught).toEqual([])
  })

  test('to another origin is not followed with a token, nor is what it says believed', async () => {
    answer = (request, response) => (request.url?.endsWith('/access_tokens') ? token : redirect(status, `${at(elsewhere)}/steal`))(request, response)
    for (const route of ['GET /repos/{owner}/{repo}', 'POST /graphql'])
      await expect(client().rest(route, { owner: 'a', repo: 'b' }, anything)).rejects.toMatchObject({
        problem: { code: expect.stringMatching(/^GITHUB_/) },
      })
    expect(caught).toEqual([])
  })
})

test('a renamed repository is found at its new address, with the token and what is to be written', async () => {
  const seen: (string | undefined)[][] = []
  answer = (request, response) => {
    if (request.url?.endsWith('/access_tokens')) return token(request, response)
    if (request.url === '/repos/a/old/deployments') return redirect(307, `${at(github)}/repositories/7/deployments`)(request, response)
    request.setEncoding('utf8').once('data', (body: string) => {
      seen.push([request.method, request.url, request.headers.authorization, body])
      response.writeHead(201, { 'content-type': 'application/json' }).end('{}')
    })
  }
  await client().rest('POST /repos/{owner}/{repo}/deployments', { owner: 'a', repo: 'old', ref: 'main' }, anything)
  expect(seen).toEqual([['POST', '/repositories/7/deployments', 'token ghs_of_the_installation', '{"ref":"main"}']])
})

test('an address without an origin is one of the same', async () => {
  answer = (request, response) => {
    if (request.url?.endsWith('/access_tokens')) return token(request, response)
    if (request.url === '/repos/a/old') return redirect(301, '/repositories/7')(request, response)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ asked: request.url }))
  }
  expect(await client().rest('GET /repos/{owner}/{repo}', { owner: 'a', repo: 'old' }, anything)).toEqual({ asked: '/repositories/7' })
})

test.each([
  ['nowhere', {}],
  ['an address that is none', { location: 'http://[' }],
  ['a file', { location: 'file:///etc/passwd' }],
  ['an address with a password', { location: 'PASSWORD' }],
])('a redirect to %s is a failure', async (_, headers: { location?: string }) => {
  answer = (request, response) => {
    if (request.url?.endsWith('/access_tokens')) return token(request, response)
    const location = headers.location?.replace('PASSWORD', at(github).replace('//', '//a:b@'))
    response.writeHead(302, location === undefined ? {} : { location }).end()
  }
  await expect(client().rest('GET /repos/{owner}/{repo}', { owner: 'a', repo: 'b' }, anything)).rejects.toMatchObject({
    problem: { code: 'GITHUB_UNAVAILABLE' },
  })
})

test('a loop ends', async () => {
  answer = (request, response) => (request.url?.endsWith('/access_tokens') ? token : redirect(301, request.url ?? '/'))(request, response)
  await expect(client().rest('GET /repos/{owner}/{repo}', { owner: 'a', repo: 'b' }, anything)).rejects.toMatchObject({
    problem: { code: expect.stringMatching(/^GITHUB_/) },
  })
})

const at = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`

async function listening(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}
