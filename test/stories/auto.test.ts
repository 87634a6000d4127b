import { expect, story, type Cast } from '../story.ts'
import { holds, servesAt, states } from '../world/facts.ts'
import { DEPLOY_YML, REGISTRY } from '../world/world.ts'

/** What the commit's check runs of ours say. */
const shown = ({ github }: Pick<Cast, 'github'>, commit: string): unknown[] =>
  github.repository.checks.filter((check) => check.headSha === commit && check.app.id === github.identity.id).map((check) => check.conclusion)

const short = (commit: string): string => commit.slice(0, 7)

/** The configuration with `auto` for staging. */
function begins({ github }: Pick<Cast, 'github'>, auto: string, more = ''): void {
  const rules = `    auto: ${auto}\n${more}    url: https://staging.example.com`
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging.example.com', rules))
}

story('a push to a watched branch is deployed by itself, and nobody is spoken to', async (cast) => {
  const { world, grace, github, registry } = cast
  begins(cast, '{ push: [main, "release/*"] }')
  const commit = grace.person.pushes('main')
  await registry.has(`acme/shop:sha-${short(commit)}`, { 'site/index.html': 'pushed' })
  await world.settle()
  expect(await servesAt(world, '/')).toBe('pushed')
  expect(shown(cast, commit)).toEqual(['success'])
  expect(github.repository.deployments).toMatchObject([{ environment: 'staging', sha: commit, description: 'Asked by grace' }])
  expect(states(world)).toEqual(['success'])
  // The same body under a fresh id, and redelivered: it is the same push.
  const push = github.webhooks.last('push')
  github.redelivers(push)
  github.replaysWithFreshId(push)
  await world.settle()
  expect(states(world)).toEqual(['success'])
})

story.atEveryCrossing(
  'a push is deployed once, wherever the process dies meanwhile',
  async (cast) => {
    const { world, ada, github, registry } = cast
    begins(cast, '{ push: [main] }')
    const commit = ada.person.pushes('main')
    await registry.has(`acme/shop:sha-${short(commit)}`, { 'site/index.html': 'pushed' })
    await world.settle()
    await world.time.passes('10 minutes')
    expect(states(world)).toEqual(['success'])
    expect(github.repository.deployments).toHaveLength(1)
    expect(shown(cast, commit)).toEqual(['success'])
  },
  // Every 7th crossing, as in crash.test.ts.
  { every: Number(process.env['GANTRY_CRASH_EVERY'] ?? '7') },
)

story.once('GitHub cannot be asked for the configuration for a while: the push is not forgotten', async (cast) => {
  const { world, ada, github, registry } = cast
  begins(cast, '{ push: [main] }')
  const trouble = github.fails('repository').always()
  const commit = ada.person.pushes('main')
  await registry.has(`acme/shop:sha-${short(commit)}`, { 'site/index.html': 'pushed' })
  await world.settle()
  await world.time.passes('5 minutes')
  expect(states(world)).toEqual([])
  trouble.over()
  await world.time.passes('10 minutes')
  expect(states(world)).toEqual(['success'])
})

story('a branch that is not watched begins nothing, nor does the end of one', async (cast) => {
  const { world, ada, registry } = cast
  begins(cast, '{ push: ["release/*"] }')
  await ada.pushes('checkout')
  await ada.pushes('main')
  expect(states(world)).toEqual([])
  expect(registry.requests).toEqual([])
})

story('a broken image says so on the check run', async (cast) => {
  const { world, ada, github } = cast
  begins(cast, '{ push: [main] }')
  const commit = await ada.pushes('main')
  expect(states(world)).toEqual(['failure'])
  const check = github.repository.checks.find(({ headSha, app }) => headSha === commit && app.id === github.identity.id)
  expect(check?.conclusion).toBe('failure')
  expect(check?.output?.summary).toContain('REPOSITORY_NOT_FOUND')
  expect(github.repository.deployments[0]?.statuses.at(-1)?.state).toBe('failure')
})

story('a configuration that is not valid begins nothing, and is nobody’s fault to tell', async (cast) => {
  const { world, ada, github } = cast
  github.has('.github/deploy.yml', 'version: 1\nenvironmentz: {}\n')
  await ada.pushes('main')
  expect(states(world)).toEqual([])
  expect(github.repository.checks.filter(({ app }) => app.id === github.identity.id)).toEqual([])
  expect(world.logged.some((line) => line.includes('nothing begins by itself'))).toBe(true)
})

story('with green checks it waits for them, and the newest commit is the one that comes', async (cast) => {
  const { world, ada, github, registry } = cast
  begins(cast, '{ checks: green }', '    queue: newest\n')
  const first = await ada.pushes('main')
  expect(states(world)).toEqual(['waiting'])
  const second = ada.person.pushes('main')
  await registry.has(`acme/shop:sha-${short(second)}`, { 'site/index.html': 'green' })
  await world.settle()
  await world.time.passes('2 minutes')
  expect(states(world)).toEqual(['superseded', 'waiting'])
  github.checks(second, 'build', 'in_progress')
  await world.settle()
  expect(await servesAt(world, '/')).toBeNull()
  github.checks(second, 'build', 'success')
  await world.settle()
  await world.time.passes('2 minutes')
  expect(states(world)).toEqual(['superseded', 'success'])
  expect(await servesAt(world, '/')).toBe('green')
  // What reports afterwards begins nothing.
  github.checks(second, 'lint', 'success')
  github.checks(first, 'build', 'success')
  await world.settle()
  await world.time.passes('2 minutes')
  expect(states(world)).toEqual(['superseded', 'success'])
})

story('red checks end it, and the check run says which', async (cast) => {
  const { world, ada, github } = cast
  begins(cast, '{ push: [main], checks: green }')
  const commit = await ada.pushes('main')
  github.checks(commit, 'build', 'failure')
  await world.settle()
  await world.time.passes('2 minutes')
  expect(states(world)).toEqual(['refused'])
  expect(shown(cast, commit)).toEqual(['failure'])
})

story('a lock holds what begins by itself, too', async (cast) => {
  const { world, ada, grace, github } = cast
  begins(cast, '{ push: [main] }')
  holds(world, grace.person, 'shop/staging', world.pull)
  const commit = await ada.pushes('main')
  expect(states(world)).toEqual(['refused'])
  expect(shown(cast, commit)).toEqual(['failure'])
  expect(github.repository.checks.at(-1)?.output?.summary).toContain('LOCKED')
})

story('pushes that were missed are carried out while they are young, and forgotten when they are old', async (cast) => {
  const { world, ada, registry } = cast
  begins(cast, '{ push: [main] }')
  let commit = ''
  await world.isAway('5 hours', () => void ada.person.pushes('main'))
  expect(states(world)).toEqual([])
  await world.isAway('10 minutes', async () => {
    commit = ada.person.pushes('main')
    await registry.has(`acme/shop:sha-${short(commit)}`, { 'site/index.html': 'late' })
  })
  expect(states(world)).toEqual(['success'])
  expect(await servesAt(world, '/')).toBe('late')
})

story('a pushed image is deployed where the configuration wants its tags', async (cast) => {
  const { world, ada, github, registry } = cast
  github.events.add('registry_package')
  const yml = DEPLOY_YML.replaceAll(`${REGISTRY}/acme/shop`, 'ghcr.io/acme/shop').replace(
    '    url: https://staging.example.com',
    '    auto: { package: published }\n    url: https://staging.example.com',
  )
  github.has('.github/deploy.yml', yml)
  const digest = `sha256:${'1'.repeat(64)}`
  const head = github.repository.branches.get('main') ?? ''
  ada.person.publishes({ name: 'Shop', tag: 'latest', digest })
  ada.person.publishes({ name: 'shop', tag: 'sha-0123456', digest })
  await world.settle()
  // Not the tag that the template gives for the default branch's head: CI builds those of pull requests too.
  expect(states(world)).toEqual([])
  ada.person.publishes({ name: 'shop', tag: `sha-${head.slice(0, 7)}`, digest })
  await world.settle()
  // This world's operator allows other images; that the deployment began is what counts here.
  expect(world.disk.all('select state, request from deployment')).toMatchObject([{ state: 'refused' }])
  expect(registry.requests).toEqual([])
})
