import { expect, story } from '../story.ts'
import { servesAt, states, tagOf } from '../world/facts.ts'

story('a comment that was edited before it was read is not obeyed', async ({ world, ada, grace, bot }) => {
  const comment = ada.person.comments(1, '/deploy staging :1')
  grace.person.edits(comment, '/deploy production :1')
  await world.settle()
  expect(bot.says()).toContain('COMMENT_CHANGED')
  expect(states(world)).toEqual(['refused'])
})

story('a comment that was deleted before it was read is not obeyed', async ({ world, ada, bot }) => {
  const comment = ada.person.comments(1, '/deploy staging :1')
  ada.person.deletes(comment)
  await world.settle()
  expect(bot.says()).toContain('COMMENT_CHANGED')
})

story('a command that appears by an edit starts nothing', async ({ world, ada }) => {
  const comment = await ada.comments('Looks good.')
  await ada.edits(comment, '/deploy staging :1')
  expect(states(world)).toEqual([])
})

story('a push between the comment and its reading is not deployed', async ({ world, ada, eve, bot, registry }) => {
  await registry.has(`acme/shop:${tagOf(world)}`, { 'site/index.html': 'what ada saw' })
  ada.person.comments(1, '/deploy staging')
  const pushed = ada.person.pushes('checkout')
  await registry.has(`acme/shop:sha-${pushed.slice(0, 7)}`, { 'site/index.html': 'what nobody asked for' })
  await world.settle()
  expect(bot.says()).toContain('HEAD_MOVED')
  expect(await servesAt(world, '/')).toBe(null)
  expect(eve.person.login).toBe('eve')
})

story('a label means the commit that it was put on', async ({ world, ada, trent, bot, registry }) => {
  await registry.has(`acme/shop:${tagOf(world)}`, { 'site/index.html': 'labelled' })
  ada.person.labels(1, 'deploy')
  ada.person.pushes('checkout')
  await world.settle()
  // GitHub's API knows of the push before its webhook comes: which of the two is behind shows after a moment.
  await world.time.passes('10 seconds')
  expect(bot.says()).toContain('HEAD_MOVED')
  expect(trent.person.login).toBe('trent')
})

// Once: half a minute passes with a death, and then nothing waits any more.
story.once('a right that is taken away while the command waits no longer counts', async ({ world, ada, grace, bot, registry, github, engine }) => {
  const slow = await registry.has('acme/shop:1', {})
  const next = await registry.has('acme/shop:2', {})
  engine.finds(slow, 'needs long')
  github.answers(502).to('GET /repos/{owner}/{repo}/collaborators/{username}/permission')
  await ada.comments('/deploy production :2')
  world.demotes(ada.person, 'triage')
  await world.time.passes('10 seconds')
  expect(bot.says()).toContain('PERMISSION_REQUIRED')
  expect(engine.runs('shop')).not.toBe(next)
  expect(grace.person.login).toBe('grace')
})

story('a login that somebody else has taken since is not its former owner', async ({ world, ada, bot, github }) => {
  ada.person.comments(1, '/deploy staging :1')
  world.givesUp(ada.person, 'ada-is-gone')
  github.joins('ada')
  await world.settle()
  expect(
    bot
      .unread()
      .map(({ body }) => body)
      .join(),
  ).toMatch(/ACTOR_CHANGED|^$/)
  bot.isHeard()
  expect(states(world)).toEqual(['refused'])
})

story('an operator who takes the target away stops what is queued, not what runs', async ({ world, ada, bot, registry, engine }) => {
  const digest = await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('✅')
  world.operator = world.operator.replace('engine:\n', 'another:\n')
  await world.dies()
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('TARGET_UNKNOWN')
  expect(engine.runs('shop')).toBe(digest)
})
