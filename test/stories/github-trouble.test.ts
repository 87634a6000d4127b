import { expect, story } from '../story.ts'
import { states } from '../world/facts.ts'

const WRITES = [
  'POST /repos/{owner}/{repo}/deployments',
  'addComment',
  'createCheckRun',
  'createDeploymentStatus',
  'updateIssueComment',
  'updateCheckRun',
  'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions',
] as const

for (const write of WRITES) {
  story(`GitHub answers 502 after doing ${write}: nothing is said twice`, async ({ world, ada, bot, github, registry }) => {
    await registry.has('acme/shop:1', { 'site/index.html': 'one' })
    github.answers(502).to(write).afterDoingTheWork()
    const command = await ada.comments('/deploy staging :1')
    await world.time.passes('1 minute')
    expect(bot.says()).toContain('✅')
    expect(command.reactions).toHaveLength(1)
    expect(github.repository.checks).toMatchObject([{ conclusion: 'success' }])
    expect(github.repository.deployments).toHaveLength(1)
    expect(github.repository.deployments[0]?.statuses.filter(({ state }) => state === 'success')).toHaveLength(1)
  })
}

story('a connection that breaks three times is no reason to forget anything', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  github.drops().to('mutation').times(3)
  await ada.comments('/deploy staging :1')
  await world.time.passes('2 minutes')
  expect(bot.says()).toContain('✅')
  expect(github.repository.checks).toMatchObject([{ conclusion: 'success' }])
})

story('reads that fail for a moment are waited out', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  github.answers(502).to('query').times(3)
  await ada.comments('/deploy staging :1')
  await world.time.passes('1 minute')
  expect(bot.says()).toContain('✅')
})

story('a permission that cannot be read is no permission', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  const trouble = github.answers(500).to('GET /repos/{owner}/{repo}/collaborators/{username}/permission').always()
  await ada.comments('/deploy staging :1')
  await world.time.passes('5 minutes')
  expect(bot.says()).toMatch(/PERMISSION_UNREADABLE|GITHUB_UNAVAILABLE/)
  expect(states(world)).toEqual(['failure'])
  trouble.over()
})

story.once('inside a rate limit nothing is asked, and afterwards everything is said', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  const limit = github.rateLimits(120, 'mutation')
  await ada.comments('/deploy staging :1')
  await world.time.passes('5 minutes')
  expect(bot.says()).toContain('✅')
  expect(limit.ignored).toBe(0)
})

story('a comment that somebody deletes is not posted again', async ({ world, ada, grace, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await registry.goesDown()
  await ada.comments('/deploy staging :1')
  const said = bot.unread()[0]
  if (said !== undefined) grace.person.deletes(said)
  await registry.comesBack()
  await world.settle()
  expect(bot.unread()).toEqual([])
  expect(github.repository.checks).toMatchObject([{ conclusion: 'failure' }])
})

story('one part of an answer that fails is repeated alone', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  github.fails('createCheckRun')
  await ada.comments('/deploy staging :1')
  await world.time.passes('1 minute')
  expect(bot.says()).toContain('✅')
  expect(github.repository.checks).toMatchObject([{ conclusion: 'success' }])
})
