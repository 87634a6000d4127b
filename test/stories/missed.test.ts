import { expect, story, type Cast } from '../story.ts'
import { servesAt, states } from '../world/facts.ts'
import { createDeployment } from '../world/github/deployments.ts'
import { wireId } from '../world/github/webhooks.ts'

const LIST = 'GET /app/hook/deliveries'
const ONE = 'GET /app/hook/deliveries/{delivery_id}'

const calls = ({ github }: Pick<Cast, 'github'>, operation: string): number => github.calls.filter((call) => call.operation === operation).length

// Every 7th crossing of both processes, as in crash.test.ts.
const every = Number(process.env['GANTRY_CRASH_EVERY'] ?? '7')

story.atEveryCrossing(
  'a command that was missed is fetched back at the next start and carried out once, wherever the process dies meanwhile',
  async ({ world, ada, bot, github, registry }) => {
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    await world.isAway('1 hour', () => ada.person.comments(1, '/deploy staging :1'))
    expect(bot.says()).toContain('✅ **ada** deployed')
    await world.time.passes('1 hour')
    expect(states(world)).toEqual(['success'])
    expect(github.repository.deployments).toHaveLength(1)
  },
  { every },
)

story('several are carried out in the order in which they were asked', async ({ world, ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await registry.has('acme/shop:2', { 'site/index.html': 'two' })
  await world.isAway('10 minutes', async () => {
    ada.person.comments(1, '/deploy staging :1')
    await world.time.passes('1 minute')
    grace.person.comments(1, '/deploy staging :2')
  })
  // In any order: a comment that may have been made by a process that died is looked for first, and the other one goes on meanwhile.
  const said = [bot.says(), bot.says()].toSorted()
  expect(said).toEqual([expect.stringContaining('✅ **ada** deployed'), expect.stringContaining('✅ **grace** deployed')])
  expect(await servesAt(world, '/')).toBe('two')
})

story('one that is too old is not carried out, and its thread is told once', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await world.isAway('5 hours', () => ada.person.comments(1, '/deploy staging :1'))
  expect(bot.says()).toMatchInlineSnapshot(
    `"⏭️ @ada, [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) was posted 5 hours ago, while Gantry could not be reached, so nothing was done. Post it again if it is still wanted."`,
  )
  await world.time.passes('1 hour')
  await world.dies()
  expect(states(world)).toEqual([])
  expect(github.repository.deployments).toEqual([])
  // Whoever presses "Redeliver" now has read that it must be posted again.
  github.redelivers(github.webhooks.log.find(({ event }) => event === 'issue_comment') ?? github.webhooks.last())
  await world.settle()
  expect(states(world)).toEqual([])
})

story('a label that is too old is taken off, so that it can be added again', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await world.isAway('2 days', () => ada.person.labels(1, 'deploy:staging'))
  expect(bot.says()).toMatchInlineSnapshot(
    `"⏭️ @ada, the label \`deploy:staging\` was added 2 days ago, while Gantry could not be reached, so nothing was done. Add the label again if it is still wanted."`,
  )
  expect([...(github.repository.issues.get(1)?.labels ?? [])]).toEqual([])
  expect(states(world)).toEqual([])
})

story('a label that was missed means the commit that it was put on', async ({ world, ada, bot, registry, github }) => {
  await world.isAway('10 minutes', async () => {
    ada.person.labels(1, 'deploy:staging')
    await world.time.passes('1 minute')
    ada.person.pushes('checkout')
  })
  await world.time.passes('10 seconds')
  expect(bot.says()).toContain('HEAD_MOVED')
  expect(github.repository.deployments).toEqual([])
  expect(registry.requests).toEqual([])
})

story('strangers are not told, nor anybody whose comment is gone or was no command', async ({ world, ada, mallory, github }) => {
  await world.isAway('5 hours', () => {
    mallory.person.comments(1, '/deploy staging')
    ada.person.comments(1, 'Looks good to me.')
    ada.person.comments(1, '/lgtm')
    ada.person.deletes(ada.person.comments(1, '/deploy staging'))
  })
  const reactions = github.repository.issues.get(1)?.comments.map(({ reactions: all }) => all.map(({ content }) => content))
  expect(reactions).toEqual([['confused'], [], [], []])
  expect(states(world)).toEqual([])
})

story('what was edited while nobody listened is not obeyed', async ({ world, ada, grace, bot }) => {
  await world.isAway('10 minutes', () => grace.person.edits(ada.person.comments(1, '/deploy staging :1'), '/deploy staging :2'))
  expect(bot.says()).toContain('COMMENT_CHANGED')
  expect(states(world)).toEqual(['refused'])
})

story('one that was redelivered meanwhile is done once', async (cast) => {
  const { world, ada, bot, github, registry } = cast
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await world.isAway('10 minutes', async () => {
    const comment = ada.person.comments(1, '/deploy staging :1')
    await github.webhooks.loses()
    // Pressed twice: once in vain, and then it arrives while the list is being read.
    const delivery = github.webhooks.log.find(({ payload }) => JSON.stringify(payload).includes(comment.node))
    if (delivery === undefined) throw new Error('no delivery')
    github.redelivers(delivery)
    await github.webhooks.loses()
    github.redelivers(delivery)
    await github.deliver(async () => new Response(null, { status: 202 }))
    github.redelivers(delivery)
    world.wire.github = async (request) => {
      if (request.url.includes('/app/hook/deliveries/')) await github.deliver((webhook) => world.receive(webhook).catch(() => Response.error()))
      return null
    }
  })
  expect(bot.says()).toContain('✅ **ada** deployed')
  expect(states(world)).toEqual(['success'])
})

story('what a lost database had done is not done again', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await world.isAway('10 minutes', () => ada.person.comments(1, '/deploy staging :1'))
  expect(bot.says()).toContain('✅ **ada** deployed')
  // GitHub still says that this one failed: it was fetched, not redelivered. Now somebody presses the button, too.
  await world.isAway('10 minutes', () => world.losesDatabase())
  github.redelivers(github.webhooks.log.find(({ event }) => event === 'issue_comment') ?? github.webhooks.last())
  await world.settle()
  expect(states(world)).toEqual([])
  expect(github.repository.deployments).toHaveLength(1)
})

story('a Deployment that somebody else made with our key does not stop a command', async ({ world, ada, trent, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await world.isAway('10 minutes', () => {
    const comment = ada.person.comments(1, '/deploy staging :1')
    const payload = JSON.stringify({ gantry: { id: 'x', key: `c:${github.repository.id}:${comment.id}:1`, instance: 'x' } })
    const fields = { ref: 'main', autoMerge: false, requiredContexts: [], environment: 'staging', payload }
    const rest = { task: undefined, description: undefined, isTransient: undefined, isProduction: undefined }
    createDeployment(github, github.repository, trent.person.account, { ...fields, ...rest })
  })
  expect(bot.says()).toContain('✅ **ada** deployed')
})

story.once('one that was missed never overtakes what was asked after it', async ({ world, ada, grace, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await registry.has('acme/shop:2', { 'site/index.html': 'two' })
  await world.time.passes('2 minutes')
  ada.person.comments(1, '/deploy staging :1')
  await github.webhooks.loses()
  await world.time.passes('1 minute')
  await grace.comments('/deploy staging :2')
  expect(bot.says()).toContain('✅ **grace** deployed')
  // Nobody has started anything: the list is read every five minutes.
  await world.time.passes('10 minutes')
  expect(bot.says()).toContain('A newer deployment has succeeded here meanwhile.')
  expect(await servesAt(world, '/')).toBe('two')
})

story.once('only what could mean something is fetched, and what was looked at is not fetched again', async (cast) => {
  const { world, ada, github } = cast
  const before = calls(cast, ONE)
  await world.isAway('10 minutes', () => {
    ada.person.pushes('checkout')
    ada.person.edits(ada.person.comments(1, 'one'), 'two')
  })
  // The comment, the push, and the pull request's new head; not the edit, nor the suites of checks.
  expect(calls(cast, ONE)).toBe(before + 3)
  await world.time.passes('3 hours')
  expect(calls(cast, ONE)).toBe(before + 3)
  expect(github.repository.deployments).toEqual([])
})

story.once('GitHub refuses the list: everything else works all the same', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  github.answers(404).to(LIST).always()
  await world.isAway('10 minutes', () => ada.person.comments(1, '/deploy staging :1'))
  await world.time.passes('2 hours')
  expect(world.logged.filter((line) => line.includes('GitHub cannot be asked for missed deliveries'))).toHaveLength(1)
  expect(states(world)).toEqual([])
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toContain('✅ **ada** deployed')
})

story.once('GitHub cannot give the list, or a delivery, for a while: it is asked again', async (cast) => {
  const { world, ada, bot, github, registry } = cast
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  github.answers(502).to(LIST).times(2)
  github.drops().to(ONE)
  await world.isAway('10 minutes', () => ada.person.comments(1, '/deploy staging :1'))
  await world.time.passes('1 minute')
  expect(bot.says()).toContain('✅ **ada** deployed')
})

story.once('a rate limit is waited for', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await world.isAway('10 minutes', () => {
    ada.person.comments(1, '/deploy staging :1')
    github.rateLimits(1_200, LIST, ONE)
  })
  await world.time.passes('15 minutes')
  expect(bot.says()).toContain('✅ **ada** deployed')
  github.verdict()
})

story.once('a delivery that GitHub cannot give out stands in nobody’s way', async ({ world, ada, grace, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await world.isAway('10 minutes', async () => {
    ada.person.comments(1, '/deploy production :1')
    await world.time.passes('1 minute')
    grace.person.comments(1, '/deploy staging :1')
    const [first] = github.webhooks.log.filter(({ event }) => event === 'issue_comment')
    world.wire.github = async (request) => {
      const isFirst = first?.attempts.some(({ id }) => request.url.endsWith(`/app/hook/deliveries/${wireId(id)}`)) === true
      return isFirst ? new Response('<html>', { status: 502 }) : null
    }
  })
  await world.time.passes('1 minute')
  expect(bot.says()).toContain('✅ **grace** deployed')
})

story.once('what might have been done is not done while its repository cannot be asked', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  const trouble = github.fails('viewer').always()
  await world.isAway('10 minutes', () => ada.person.comments(1, '/deploy staging :1'))
  await world.time.passes('5 minutes')
  expect(states(world)).toEqual([])
  trouble.over()
  await world.time.passes('10 minutes')
  expect(bot.says()).toContain('✅ **ada** deployed')
})
