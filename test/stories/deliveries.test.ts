import { expect, story } from '../story.ts'
import { states } from '../world/facts.ts'

story('a delivery that GitHub sends again changes nothing', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  for (let times = 0; times < 3; times++)
    github.redelivers(github.webhooks.log.find(({ event }) => event === 'issue_comment') ?? github.webhooks.last())
  await world.settle()
  expect(bot.says()).toContain('✅')
  expect(states(world)).toEqual(['success'])
})

story('a replay of the signed body under a fresh delivery id changes nothing', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  const original = github.webhooks.log.find(({ event }) => event === 'issue_comment') ?? github.webhooks.last()
  github.replaysWithFreshId(original)
  await world.settle()
  await world.dies()
  github.replaysWithFreshId(original)
  await world.settle()
  expect(bot.says()).toContain('✅')
  expect(states(world)).toEqual(['success'])
})

story('the same delivery fifty times at once is one deployment', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  ada.person.comments(1, '/deploy staging :1')
  const delivery = github.webhooks.last('issue_comment')
  for (let times = 0; times < 50; times++) github.redelivers(delivery)
  await github.deliver((request) => world.receive(request).catch(() => Response.error()), { together: true })
  await world.settle()
  expect(bot.says()).toContain('✅')
  expect(states(world)).toEqual(['success'])
})

story('deliveries that arrive in another order end alike', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  const pull = ada.person.opensPullRequest({ branch: 'other' })
  await world.settle()
  await world.time.passes('1 minute')
  ada.person.comments(pull.number, '/deploy staging :1')
  ada.person.comments(pull.number, 'Thanks!')
  await github.deliver((request) => world.receive(request).catch(() => Response.error()), { shuffled: 7 })
  await world.settle()
  expect(bot.says()).toContain('✅')
  expect(states(world)).toEqual(['success'])
})

story('a body that somebody else signed is nobody’s command', async ({ world, ada, github }) => {
  ada.person.comments(1, '/deploy staging :1')
  const delivery = github.webhooks.waiting.pop()
  const headers = { ...delivery?.headers, 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }
  const answer = await world.receive(new Request('http://gantry.test/', { method: 'POST', headers, body: delivery?.body ?? '' }))
  expect(answer.status).toBe(401)
  await world.settle()
  expect(states(world)).toEqual([])
})
