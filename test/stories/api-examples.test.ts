import { expect, story, type Cast, type Character } from '../story.ts'
import { createReferee, exampleOf, type Description, type Operation, type Parameter } from '../world/api-fuzz/description.ts'
import { newKey } from '../world/vault.ts'
import { DEPLOY_YML, type Called } from '../world/world.ts'

// Every example of `/openapi.json` is sent as it stands there, and what comes back is held to what is published for its status.

/** What has to be there before the example of a route means something: the deployment that it is about. */
type Scene = (cast: Cast) => Promise<{ readonly id?: string; readonly by?: Character }>

const body = (tag: string) => ({ repository: 'acme/shop', environment: 'staging', image: `:${tag}` })
const WITH_APPROVALS = DEPLOY_YML.replace('    url: https://staging', '    approvals: { count: 1 }\n    url: https://staging')

async function deploys({ ada }: Cast, tag: string): Promise<string> {
  const { id } = (await ada.calls('POST', '/deploy', body(tag))).body as { id: string }
  return id
}
const ended: Scene = async (cast) => ({ id: await deploys(cast, '1.3') })
const failed: Scene = async (cast) => ({ id: await deploys(cast, '9.9') })
async function waiting(cast: Cast): Promise<string> {
  cast.github.has('.github/deploy.yml', WITH_APPROVALS)
  const id = await deploys(cast, '1.2')
  cast.github.has('.github/deploy.yml', DEPLOY_YML)
  return id
}

/** Kept under the example's name, by who may; what is tried of it asks nobody. */
const keeping =
  (...kinds: readonly ('credential' | 'target')[]): Scene =>
  async ({ grace }) => {
    for (const kind of kinds) await grace.calls('PUT', `/config/acme/${kind}s/ghcr?untested=true`, DECLARED[kind])
    return { by: grace }
  }
const NOWHERE = `${'x'.repeat(64)}.invalid`
const DECLARED = {
  credential: { registry: NOWHERE, username: 'x', password: { value: 'a-password' } },
  target: { kind: 'docker', host: `tcp://${NOWHERE}:2376`, plain_http: true },
}
const CREDENTIALS = ['listCredentials', 'showCredential', 'putCredential', 'removeCredential', 'testCredential']
const ofKind = (kind: 'credential' | 'target') => {
  const named = (name: string): string => (kind === 'credential' ? name : name.replace('Credential', 'Target'))
  return Object.fromEntries(CREDENTIALS.map((name) => [named(name), keeping(kind)]))
}

const MADE = { name: 'ci', repositories: 'all', environments: ['staging'], actions: ['read'], days: 1 }
const byAnOwner: Scene = async ({ grace }) => ({ by: grace })
const madeBefore: Scene = async ({ grace }) => {
  await grace.calls('POST', '/config/acme/tokens', MADE)
  return { by: grace }
}

/** What nobody else can have made. */
const REFUSED: Readonly<Record<string, string>> = { restore: 'BACKUP_REFUSED' }

/** By `operationId`; a route without one is asked as it is. */
const SCENES: Readonly<Record<string, Scene>> = {
  ...{ status: ended, events: ended, logs: ended, rollback: ended, retry: failed },
  cancel: async (cast) => ({ id: await waiting(cast) }),
  approve: async (cast) => ({ id: await waiting(cast), by: cast.grace }),
  reject: async (cast) => ({ id: await waiting(cast), by: cast.grace }),
  ...{ ...ofKind('credential'), ...ofKind('target') },
  ...{ makeToken: byAnOwner, listTokens: byAnOwner, revokeToken: madeBefore },
  ...{ audit: keeping('credential'), backup: keeping('credential', 'target'), restore: keeping() },
}

interface Sent {
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: object | undefined
}

/** The example's own request, about the deployment of the scene. */
function exampleFrom(path: string, { parameters = [], requestBody }: Operation, document: Description, id?: string): Sent {
  const given = (where: string) => parameters.filter((one) => one.in === where && one.schema.example !== undefined)
  const value = ({ name, schema: { example } }: Parameter): string =>
    (name === 'id' ? id : undefined) ?? (typeof example === 'string' ? example : JSON.stringify(example))
  const at = given('path').reduce((text, one) => text.replace(`{${one.name}}`, value(one)), path)
  const query = new URLSearchParams(given('query').map((one) => [one.name, value(one)]))
  return {
    path: query.size === 0 ? at : `${at}?${query}`,
    headers: Object.fromEntries(given('header').map((one) => [one.name, value(one)])),
    body: exampleOf(document, requestBody?.content) as object | undefined,
  }
}

const answerIn = ({ status, headers, body: came }: Called) => ({
  ...{ status, headers: Object.fromEntries(headers) },
  text: typeof came === 'string' ? came : JSON.stringify(came),
})

async function opening(cast: Cast) {
  for (const tag of ['1.2', '1.3']) await cast.registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })
  await deploys(cast, '1.2')
  const document = (await cast.world.calls('GET', '/openapi.json', undefined, {})).body as Description
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
  expect(routes.length).toBeGreaterThan(10)
  return { document, routes, referee: createReferee(document) }
}

story.once(
  'every example is a request that succeeds, and is answered as it says',
  async (cast) => {
    const { document, routes, referee } = await opening(cast)
    for (const { method, path, operation } of routes) {
      const { id, by = cast.ada } = (await SCENES[operation.operationId ?? '']?.(cast)) ?? {}
      const sent = exampleFrom(path, operation, document, id)
      const came = await by.calls(method, sent.path, sent.body, sent.headers)
      expect([method, sent.path, referee(method, sent.path, answerIn(came))]).toEqual([method, sent.path, null])
      const refused = REFUSED[operation.operationId ?? '']
      if (refused !== undefined) {
        expect(came.body.code).toBe(refused)
        continue
      }
      const promised = Object.keys(operation.responses).filter((status) => status.startsWith('2'))
      expect(promised, `${method} ${path}: ${JSON.stringify(came.body)}`).toContain(String(came.status))
    }
    // What so many deployments say on GitHub is joined, and said a little later.
    await cast.time.passes('2 minutes')
  },
  { keys: [newKey('k1')] },
)

story.once('what is wrong with one is answered with a status that it says, too', async (cast) => {
  const { world, time } = cast
  const { document, routes, referee } = await opening(cast)
  for (const { method, path, operation } of routes) {
    const sent = exampleFrom(path, operation, document)
    const who = path.startsWith('/config/') ? cast.grace : cast.ada
    const told = async (status: number, called: Promise<Called>): Promise<void> => {
      const came = await called
      expect([method, path, came.status, referee(method, sent.path, answerIn(came))]).toEqual([method, path, status, null])
    }
    await told(401, world.calls(method, sent.path, sent.body, sent.headers))
    if (path.includes('{id}')) {
      await told(404, who.calls(method, sent.path, sent.body, sent.headers))
      await told(422, who.calls(method, sent.path.replace(/sb-\w+/, 'SB'), sent.body))
    }
    if (sent.body === undefined) continue
    await told(422, who.calls(method, sent.path, { ...sent.body, tenant: 1 }))
    await told(415, who.calls(method, sent.path, sent.body, { 'content-type': 'text/plain' }))
    await told(413, who.calls(method, sent.path, { repository: 'x'.repeat(operation.operationId === 'restore' ? 4_200_000 : 70_000) }))
    await time.passes('61 seconds')
  }
})
