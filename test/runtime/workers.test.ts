import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { missingWorkerd } from '../workers/workerd.ts'
import { eventually } from '../world/grounds.ts'
import { PASSWORD, WorkersStage } from '../world/workers-stage.ts'

// Gantry as it is deployed, in plain workerd: one Worker, and objects whose databases are files. What it does is told by the stories; here is what they cannot see.

let stage: WorkersStage
beforeAll(async () => {
  if (missingWorkerd() !== null) throw new Error(`workerd cannot run here: ${missingWorkerd()}`)
  stage = await WorkersStage.open()
})
afterAll(() => stage.closes())

const OWN_PASSWORD = 'another-password-that-only-the-account-has'
const filesOnDisk = (): string[] =>
  readdirSync(stage.worker.objects, { recursive: true, encoding: 'utf8' }).filter((name) => /^\w+\/(?!metadata).*\.sqlite/.test(name))
const onDisk = (): string =>
  filesOnDisk()
    .map((name) => readFileSync(join(stage.worker.objects, name), 'latin1'))
    .join('')
const tokensAsked = (): number => stage.registry.requests.filter(({ path }) => path.startsWith('/token')).length

test('what nobody has signed touches no object', async () => {
  const send = (headers: Record<string, string>) =>
    fetch(`${stage.worker.origin}/api/github/webhooks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-github-event': 'issue_comment', 'x-github-delivery': 'a', ...headers },
      body: '{}',
    })
  const answers = await Promise.all([send({}), send({ 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }), send({ 'x-hub-signature': 'sha1=0' })])
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
  expect(filesOnDisk()).toEqual([])
})

test('a comment deploys, and the overview of whoever may see it knows', async () => {
  stage.github.people.ada.comments(stage.pull.number, '/deploy staging')
  await stage.delivers()
  expect(await eventually(() => stage.said().some(({ body }) => body.includes('deployed')))).toBe(true)
  expect(stage.engine.runs('shop')).toMatch(/^sha256:/)
  const ada = await stage.signsIn(stage.github.people.ada)
  expect(await eventually(async () => (await ada('/')).includes('shop:1.2'))).toBe(true)
  expect(await ada('/r/acme/shop')).toContain('staging')
})

test('an object that was killed asks for no new token, and its disk holds no secret', async () => {
  const before = tokensAsked()
  expect(before).toBeGreaterThan(0)
  await stage.worker.restart()
  stage.github.people.ada.comments(stage.pull.number, '/preflight staging')
  await stage.delivers()
  expect(await eventually(() => stage.said().some(({ body }) => body.includes('can be pulled (credential main)')))).toBe(true)
  expect(tokensAsked()).toBe(before)
  const written = onDisk()
  expect(written.length).toBeGreaterThan(100_000)
  for (const secret of [PASSWORD, stage.github.webhookSecret]) expect(written).not.toContain(secret)
})

test('a credential that an administrator keeps outlives the process, sealed', async () => {
  const calls = stage.calls(stage.github.people.grace)
  const login = { registry: 'registry.example.com', repositories: ['acme/*'], username: 'own', password: { value: OWN_PASSWORD } }
  expect(await calls('PUT', '/config/acme/credentials/own?untested=true', login)).toMatchObject({ status: 201, body: { name: 'own' } })
  await stage.worker.restart()
  expect((await calls('GET', '/config/acme/credentials')).body).toMatchObject({ credentials: [{ name: 'own' }] })
  expect(onDisk()).not.toContain(OWN_PASSWORD)
  expect((await calls('DELETE', '/config/acme/credentials/own')).status).toBe(200)
  expect((await calls('GET', '/config/acme/credentials')).body).toMatchObject({ credentials: [] })
})

test('whatever is named by its account, its repository or its id comes to the object that has it', async () => {
  const calls = stage.calls(stage.github.people.ada)
  const asked = await calls('POST', '/deploy', { repository: 'acme/shop', environment: 'staging' })
  expect(asked.status).toBe(202)
  const { id } = asked.body as { readonly id: string }
  expect(await eventually(async () => ((await calls('GET', `/deploy/status/${id}`)).body as { state: string }).state === 'success')).toBe(true)
  expect(await calls('GET', '/deploy/status/zz-00000000000000000000')).toMatchObject({ status: 404, body: { code: 'DEPLOYMENT_UNKNOWN' } })
  expect(await calls('GET', '/deployments?repository=acme/nothing')).toMatchObject({ status: 404, body: { code: 'REPOSITORY_UNKNOWN' } })
  expect(await calls('GET', '/config/acme/credentials')).toMatchObject({ status: 403, body: { code: 'PERMISSION_REQUIRED' } })
  expect(await calls('POST', '/deploy', { repository: 7 })).toMatchObject({ status: 422 })
  expect(stage.worker.log).not.toContain('"level":50')
})

test('a new key is taken up by each object that begins, and the old one is needed no more', async () => {
  const [old = ''] = (stage.environment['GANTRY_KEYS'] ?? '').split(',')
  const fresh = `k2:${randomBytes(32).toString('base64')}`
  const calls = stage.calls(stage.github.people.grace)
  const login = { registry: 'registry.example.com', repositories: ['acme/*'], username: 'own', password: { value: OWN_PASSWORD } }
  const looks = async () => [
    (await calls('GET', '/config/acme/credentials')).status,
    (await calls('GET', '/deployments?repository=acme/shop')).status,
  ]
  expect(await calls('PUT', '/config/acme/credentials/own?untested=true', login)).toMatchObject({ status: 201 })
  await stage.worker.restart({ ...stage.environment, GANTRY_KEYS: `${fresh},${old}` })
  expect(await looks()).toEqual([200, 200])
  const grace = await stage.signsIn(stage.github.people.grace)
  expect(await eventually(async () => (await grace('/a/acme/keys')).includes('k2'))).toBe(true)
  await stage.worker.restart({ ...stage.environment, GANTRY_KEYS: fresh })
  expect(await looks()).toEqual([200, 200])
  expect((await calls('GET', '/config/acme/credentials')).body).toMatchObject({ credentials: [{ name: 'own' }] })
})
