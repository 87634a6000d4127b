import type { Page } from 'playwright-core'
import type { ButtonState } from '../../src/web/button.ts'
import { holds } from '../world/facts.ts'
import type { Person } from '../world/github/people.ts'
import { PASSWORD, REGISTRY } from '../world/world.ts'
import type { ServedWorld } from './served-world.ts'

/** By what became of them, the ids of deployments. */
export type Deployments = Readonly<
  Record<'success' | 'failure' | 'missing' | 'refused' | 'cancelled' | 'unknown' | 'rolledBack' | 'waiting' | 'deploying' | 'checking', string>
>

/** A page in one state, by its name. */
export interface Situation {
  readonly name: string
  /** A path, or the name of one of `Deployments`. */
  readonly at: string
  /** Null: nobody has signed in. */
  readonly by: 'ada' | 'grace' | 'mallory' | 'newcomer' | null
  /** What its button shows, where it is a page with one. */
  readonly state?: ButtonState
  /** What can be read there. */
  readonly says: string
  /** Selectors of what else is there. */
  readonly shows?: readonly string[]
  /** Of the answer, where it is not 200. */
  readonly status?: number
  /** What is done there before it is looked at. */
  readonly does?: (page: Page) => Promise<void>
  /** It looks like another one. */
  readonly isAlike?: true
  /** What it does can be done once: nobody does it without the script, too. */
  readonly isOnce?: true
}

const HOME = '/r/acme/shop'
const asked = (query: string): string => `${HOME}/deploy?app=shop&environment=${query}`

const connects =
  (name: string, password: string) =>
  async (page: Page): Promise<void> => {
    const typed = { name, registry: REGISTRY, username: 'gantry', password, image: `${REGISTRY}/acme/shop:1.2` }
    for (const [field, value] of Object.entries(typed)) await page.locator(`[name=${field}]`).fill(value)
    await page.getByRole('button', { name: 'Try it, and keep it' }).click()
    await page.getByText(/^(The registry is connected|Not signed in)$/).waitFor()
  }

async function makesToken(page: Page): Promise<void> {
  await page.locator('[name=name]').fill('nightly')
  await page.getByRole('button', { name: 'Make it' }).click()
  await page.getByText('This is the only time that the token is shown.').waitFor()
}

/** What somebody else changes after it was looked at is what the form did not show. */
async function restoresLate(page: Page): Promise<void> {
  const backup = await page.evaluate(async () => {
    const form = document.querySelector<HTMLFormElement>('form[action$="/backup"]')
    if (form === null) throw new Error('there is no form')
    const body = new URLSearchParams([...form.querySelectorAll('input')].map(({ name, value }) => [name, value]))
    return (await fetch(form.action, { method: 'POST', body })).text()
  })
  const keys = page.url()
  await page.goto(keys.replace(/keys$/, 'credentials/ghcr/remove'))
  await page.getByRole('button', { name: 'Remove ghcr' }).click()
  await page.getByText('ghcr is removed').waitFor()
  await page.goto(keys)
  await page.getByLabel('The backup').fill(backup)
  await page.getByRole('button', { name: 'Show what would change' }).click()
  await page.locator('main form [name=expected]').evaluate((field: HTMLInputElement) => (field.value = 'of what was there before'))
  await page.getByRole('button', { name: 'Bring it back' }).click()
  await page.getByText('Nothing was brought back.').waitFor()
}

const LONG = 'checkout-in-two-steps-for-everybody'

export const SITUATIONS: readonly Situation[] = [
  { name: 'welcome', at: '/', by: null, says: 'Deploy by asking' },
  { name: 'sign-in', at: '/approvals', by: null, says: 'Sign in to see this', status: 401 },
  { name: 'sign-in-refused', at: '/login/callback?state=x&code=y', by: null, says: 'was not begun in this browser', status: 403, isAlike: true },
  { name: 'problem', at: '/d/sb-00000000000000000000000000000000', by: 'ada', says: 'There is no deployment', status: 404 },
  { name: 'nothing-here', at: '/r', by: 'ada', says: 'There is nothing here', status: 404, isAlike: true },
  { name: 'overview-empty', at: '/', by: 'newcomer', says: 'Nothing has been deployed yet' },
  { name: 'overview', at: '/', by: 'ada', says: 'As deployed' },
  { name: 'approvals-empty', at: '/approvals', by: 'newcomer', says: 'Nothing waits for your approval', isAlike: true },
  { name: 'approvals', at: '/approvals', by: 'grace', says: 'Waiting for you' },
  { name: 'approvals-of-others', at: '/approvals', by: 'ada', says: 'Waiting for others', isAlike: true },
  { name: 'checking', at: 'checking', by: 'ada', state: 'checking', says: 'Checking' },
  {
    ...{ name: 'waiting', at: 'waiting', by: 'ada', state: 'waiting', says: 'You may not approve it' },
    shows: ['.steps li.waiting[aria-current=step] .mark.waiting'],
  },
  { name: 'waiting-for-me', at: 'waiting', by: 'grace', state: 'waiting', says: 'Reject…' },
  {
    ...{ name: 'deploying', at: 'deploying', by: 'ada', state: 'deploying', says: 'It usually takes' },
    shows: ['.steps li.running[aria-current=step] .mark.running'],
  },
  { name: 'success', at: 'success', by: 'ada', state: 'success', says: 'Open staging' },
  { name: 'failure', at: 'failure', by: 'ada', state: 'failure', says: 'TARGET_UNHEALTHY' },
  { name: 'failure-missing', at: 'missing', by: 'ada', state: 'failure', says: '9.9' },
  { name: 'disabled', at: 'refused', by: 'ada', state: 'disabled', says: 'Refused' },
  { name: 'unknown', at: 'unknown', by: 'ada', state: 'unknown', says: 'Look at what runs' },
  { name: 'cancelled', at: 'cancelled', by: 'ada', state: 'cancelled', says: 'Deploy again' },
  { name: 'rolled-back', at: 'rolledBack', by: 'ada', state: 'success', says: 'rolled', isAlike: true },
  {
    ...{ name: 'repository', at: HOME, by: 'ada', says: 'Rules' },
    shows: ['staging][data-state=idle', `${LONG}][data-state=disabled`, 'demo][data-state=unknown'].map((one) => `[id^=press-][id$=${one}]`),
  },
  { name: 'repository-of-a-reader', at: HOME, by: 'mallory', says: 'mallory may not deploy', isAlike: true },
  { name: 'confirm', at: asked('staging&image=:1.4'), by: 'ada', says: 'Exactly what is shown here is deployed' },
  { name: 'confirm-rollback', at: asked('staging&rollback=1'), by: 'ada', says: 'Roll staging back to shop:1.1', isAlike: true },
  { name: 'confirm-disabled', at: asked(`${LONG}&image=:1.2`), by: 'ada', says: 'LOCKED' },
  { name: 'confirm-missing', at: asked('staging&image=:9.9'), by: 'ada', says: 'TAG_NOT_FOUND' },
  { name: 'history', at: `${HOME}/history`, by: 'ada', says: 'Failed' },
  { name: 'history-of-one', at: `${HOME}/history?environment=load`, by: 'ada', says: 'load', isAlike: true },
  { name: 'accounts', at: '/a', by: 'grace', says: 'Administrator' },
  { name: 'account-of-others', at: '/a/acme/credentials', by: 'ada', says: 'an owner of acme', status: 403 },
  { name: 'credentials', at: '/a/acme/credentials', by: 'grace', says: 'harbor' },
  { name: 'credential', at: '/a/acme/credentials/harbor', by: 'grace', says: 'Set.' },
  { name: 'credential-test', at: '/a/acme/credentials/harbor/test', by: 'grace', says: 'Test' },
  { name: 'credential-remove', at: '/a/acme/credentials/harbor/remove', by: 'grace', says: 'Remove', isAlike: true },
  { name: 'connect', at: '/a/acme/connect', by: 'grace', says: 'Docker Hub' },
  { name: 'connect-ecr', at: '/a/acme/connect?family=ecr', by: 'grace', says: 'What to make there', isAlike: true },
  {
    name: 'connect-failed',
    at: '/a/acme/connect?family=generic',
    by: 'grace',
    says: 'CREDENTIALS_INVALID',
    status: 422,
    does: connects('own', 'a-token-that-is-wrong'),
  },
  {
    name: 'connect-done',
    at: '/a/acme/connect?family=generic',
    by: 'grace',
    says: 'works, and is kept',
    does: connects('own', PASSWORD),
    isOnce: true,
  },
  { name: 'targets', at: '/a/acme/targets', by: 'grace', says: 'cluster' },
  { name: 'target', at: '/a/acme/targets/cluster', by: 'grace', says: 'Reach it, and keep it' },
  { name: 'add-target', at: '/a/acme/add-target?kind=docker', by: 'grace', says: 'Reach it, and keep it', isAlike: true },
  { name: 'tokens', at: '/a/acme/tokens', by: 'grace', says: 'Make it' },
  { name: 'token-made', at: '/a/acme/tokens', by: 'grace', says: 'This is the only time that the token is shown.', does: makesToken, isOnce: true },
  { name: 'audit', at: '/a/acme/audit', by: 'grace', says: 'declaration kept' },
  { name: 'audit-of-repository', at: '/a/acme/audit?repository=acme/shop', by: 'grace', says: 'deployment requested', isAlike: true },
  { name: 'keys', at: '/a/acme/keys', by: 'grace', says: 'In use' },
  {
    name: 'restore-overtaken',
    at: '/a/acme/keys',
    by: 'grace',
    says: 'This is what would change now.',
    status: 409,
    does: restoresLate,
    isOnce: true,
  },
]

const PLACES = ['staging', 'production', 'qa', 'demo', 'load', 'edge', 'canary', 'europe', LONG] as const
type Place = (typeof PLACES)[number]

const deployYml = `version: 1
app: shop
images:
  main: { repository: ${REGISTRY}/acme/shop, tag: "sha-{short_sha}" }
default: staging
environments:
${PLACES.map((name) => (name === 'staging' ? '  staging: { target: site, settings: { path: /site }, url: https://staging.example.com }' : container(name))).join('\n')}
`

function container(name: Place): string {
  const approvals = name === 'production' || name.length > 20 ? '\n    approvals: { count: 1, not: [requester], expire: 4h }' : ''
  const rules = name === 'production' ? `${approvals}\n    after: { environment: staging }` : approvals
  return `  ${name}:\n    target: engine\n    settings: { container: shop-${name.slice(0, 20)} }\n    url: https://${name}.example.com${rules}`
}

/** One environment for each thing that can become of a deployment. In the end two of them are held in the middle, and nothing comes to rest any more. */
export async function makeSituations(served: ServedWorld): Promise<Deployments> {
  const { world } = served
  const { github, registry, engine, time, pull } = world
  const { ada, grace } = github.people
  github.has('.github/deploy.yml', deployYml)
  github.joins('newcomer')
  for (const tag of ['1.1', '1.2', '1.3', '1.4']) await registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })
  engine.finds(registry.digestOf('acme/shop:1.4'), 'never healthy')
  /** Of the story's time each request to the registry and to the engine. */
  const takes = { registry: 700, engine: 1_900 }
  const held = { registry: false, engine: '', lost: '', isLost: false }
  const never = new Promise<never>(() => {})
  registry.quirks.pause = async ({ path }) => {
    time.moves(takes.registry)
    if (held.registry && path.includes('/manifests/1.3')) await never
  }
  world.wire.engine = async (request) => {
    time.moves(takes.engine)
    const isMade = (name: string): boolean => request.url.includes(`/containers/create?name=${name}`)
    held.isLost ||= held.lost !== '' && isMade(held.lost)
    if (held.isLost && (held.lost !== '' || request.url.includes('shop-demo')))
      return new Response('{"message":"the engine is being repaired"}', { status: 503 })
    if (held.engine !== '' && isMade(held.engine)) return never
    return null
  }
  const asks = async (person: Person, text: string): Promise<string> => {
    person.comments(pull.number, text)
    await world.settle()
    await time.passes('3 minutes')
    return newest()
  }
  const newest = (): string => (world.disk.all('select id from deployment order by sequence desc limit 1')[0] as { id: string }).id

  await asks(grace, '/deploy staging :1.1')
  const success = await asks(ada, '/deploy staging :1.2')
  await asks(ada, '/deploy qa :1.2')
  const failure = await asks(grace, '/deploy qa :1.4')
  const missing = await asks(ada, '/deploy europe :9.9')
  const refused = await asks(ada, `/deploy demo :1.2 --expect ${'b'.repeat(40)}`)
  const cancelled = await asks(grace, '/deploy checkout-in-two-steps-for-everybody :1.2')
  grace.comments(pull.number, '/cancel')
  await world.settle()
  held.lost = 'shop-demo'
  const unknown = await asks(grace, '/deploy demo :1.2')
  while (world.disk.all("select 1 from deployment where state = 'unknown'").length === 0) await time.passes('1 minute')
  // Whoever looks at what runs there sees nothing yet, and settles nothing.
  held.lost = ''
  await asks(ada, '/deploy canary :1.1')
  await asks(ada, '/deploy canary :1.2')
  const rolledBack = await asks(ada, '/rollback canary')
  for (const tag of ['1.1', '1.2', '1.3', '1.1']) await asks(ada, `/deploy load :${tag}`)
  holds(world, grace, 'shop/checkout-in-two-steps-for-everybody', pull)
  const waiting = await asks(ada, '/deploy production :1.2')
  served.isHeld = true
  const begins = async (text: string, state: string): Promise<string> => {
    ada.comments(pull.number, text)
    await github.deliver((request) => world.receive(request))
    while (world.disk.all('select 1 from deployment where state = ? order by sequence desc limit 1', state).length === 0) await nextTurn()
    return newest()
  }
  held.engine = 'shop-load'
  const deploying = await begins('/deploy load :1.2', 'applying')
  held.registry = true
  await declares(served)
  Object.assign(takes, { registry: 0, engine: 0 })
  const checking = await begins('/deploy edge :1.3', 'resolving')

  return { success, failure, missing, refused, cancelled, unknown, rolledBack, waiting, deploying, checking }
}

/** What acme keeps by itself, beside what the operator has declared. */
async function declares({ world }: ServedWorld): Promise<void> {
  const { people, auth, repository } = world.github
  const headers = { authorization: `Bearer ${auth.signsIn(people.grace.account)}` }
  const puts = async (path: string, body: object): Promise<void> => {
    const { status, body: said } = await world.calls('PUT', `/config/acme/${path}?untested=true`, body, headers)
    if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(said)}`)
  }
  const [password, family] = [{ value: 'a-secret-of-the-account' }, 'harbor']
  const login = { registry: 'harbor.example.com', family, username: 'robot$shop+deploy', password, repositories: ['acme/*'], expires: '2026-12-01' }
  await puts('credentials/harbor', login)
  await puts('credentials/ghcr', { registry: 'ghcr.io', username: 'acme-bot', password })
  const allow = [{ repository: 'acme/shop', id: repository.id, environments: ['production'], images: [`${REGISTRY}/acme/*`] }]
  await puts('targets/cluster', { kind: 'docker', host: 'tcp://engine.example.com:2376', plain_http: true, credential: 'harbor', allow })
  const token = await world.calls(
    'POST',
    '/config/acme/tokens',
    { name: 'ci', repositories: ['acme/shop'], environments: ['staging'], actions: ['deploy'], days: 90 },
    headers,
  )
  if (token.status !== 201) throw new Error(`a token: ${token.status} ${JSON.stringify(token.body)}`)
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
