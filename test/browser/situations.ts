import type { ButtonState } from '../../src/web/button.ts'
import { holds } from '../world/facts.ts'
import type { Person } from '../world/github/people.ts'
import { REGISTRY } from '../world/world.ts'
import type { ServedWorld } from './served-world.ts'

/** By what became of them, the ids of deployments. */
export type Deployments = Readonly<
  Record<'success' | 'failure' | 'missing' | 'refused' | 'cancelled' | 'unknown' | 'rolledBack' | 'waiting' | 'deploying' | 'checking', string>
>

/** A page in one state, by its name. */
export interface Situation {
  readonly name: string
  /** A path, or whose page it is. */
  readonly at: string | keyof Deployments
  /** Null: nobody has signed in. */
  readonly by: 'ada' | 'grace' | 'newcomer' | null
  /** What its button shows, where it is a page with one. */
  readonly state?: ButtonState
  /** What can be read there. */
  readonly says: string
  /** Of the answer, where it is not 200. */
  readonly status?: number
}

export const SITUATIONS: readonly Situation[] = [
  { name: 'welcome', at: '/', by: null, says: 'Deploy by asking' },
  { name: 'sign-in', at: '/approvals', by: null, says: 'Sign in to see this', status: 401 },
  { name: 'sign-in-refused', at: '/login/callback?state=x&code=y', by: null, says: 'was not begun in this browser', status: 403 },
  { name: 'problem', at: '/d/sb-00000000000000000000000000000000', by: 'ada', says: 'There is no deployment', status: 404 },
  { name: 'nothing-here', at: '/r', by: 'ada', says: 'There is nothing here', status: 404 },
  { name: 'overview-empty', at: '/', by: 'newcomer', says: 'Nothing has been deployed yet' },
  { name: 'overview', at: '/', by: 'ada', says: 'As deployed' },
  { name: 'approvals-empty', at: '/approvals', by: 'newcomer', says: 'Nothing waits for your approval' },
  { name: 'approvals', at: '/approvals', by: 'grace', says: 'Waiting for you' },
  { name: 'approvals-of-others', at: '/approvals', by: 'ada', says: 'Waiting for others' },
  { name: 'checking', at: 'checking', by: 'ada', state: 'checking', says: 'Checking' },
  { name: 'waiting', at: 'waiting', by: 'ada', state: 'waiting', says: 'You may not approve it' },
  { name: 'waiting-for-me', at: 'waiting', by: 'grace', state: 'waiting', says: 'Reject…' },
  { name: 'deploying', at: 'deploying', by: 'ada', state: 'deploying', says: 'It usually takes' },
  { name: 'success', at: 'success', by: 'ada', state: 'success', says: 'Open staging' },
  { name: 'failure', at: 'failure', by: 'ada', state: 'failure', says: 'TARGET_UNHEALTHY' },
  { name: 'failure-missing', at: 'missing', by: 'ada', state: 'failure', says: '9.9' },
  { name: 'disabled', at: 'refused', by: 'ada', state: 'disabled', says: 'Refused' },
  { name: 'unknown', at: 'unknown', by: 'ada', state: 'unknown', says: 'Look at what runs' },
  { name: 'cancelled', at: 'cancelled', by: 'ada', state: 'cancelled', says: 'Deploy again' },
  { name: 'rolled-back', at: 'rolledBack', by: 'ada', state: 'success', says: 'rolled' },
]

const PLACES = ['staging', 'production', 'qa', 'demo', 'load', 'edge', 'canary', 'europe', 'checkout-in-two-steps-for-everybody'] as const
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

/** What each request to the registry and to the engine takes of the story's time. */
const TAKES = { registry: 700, engine: 1_900 }

/** One environment for each thing that can become of a deployment. In the end two of them are held in the middle, and nothing comes to rest any more. */
export async function makeSituations(served: ServedWorld): Promise<Deployments> {
  const { world } = served
  const { github, registry, engine, time, pull } = world
  const { ada, grace } = github.people
  github.has('.github/deploy.yml', deployYml)
  github.joins('newcomer')
  for (const tag of ['1.1', '1.2', '1.3', '1.4']) await registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })
  engine.finds(registry.digestOf('acme/shop:1.4'), 'never healthy')
  const held = { registry: false, engine: '', lost: '', isLost: false }
  const never = new Promise<never>(() => {})
  registry.quirks.pause = async ({ path }) => {
    time.moves(TAKES.registry)
    if (held.registry && path.includes('/manifests/')) await never
  }
  world.wire.engine = async (request) => {
    time.moves(TAKES.engine)
    const isMade = (name: string): boolean => request.url.includes(`/containers/create?name=${name}`)
    held.isLost ||= held.lost !== '' && isMade(held.lost)
    if (held.isLost) throw new TypeError('fetch failed')
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
  Object.assign(held, { lost: '', isLost: false })
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
  const checking = await begins('/deploy edge :1.3', 'resolving')

  return { success, failure, missing, refused, cancelled, unknown, rolledBack, waiting, deploying, checking }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
