import { expect, story } from '../story.ts'
import { servesAt, states } from '../world/facts.ts'

story('two people at once: both are deployed, one after the other', async ({ world, ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await registry.has('acme/shop:2', { 'site/index.html': 'two' })
  ada.person.comments(1, '/deploy staging :1')
  grace.person.comments(1, '/deploy staging :2')
  await world.settle()
  // Whose comment is written first is for the machine to say; whose turn is first is not.
  const said = [bot.says(), bot.says()].join('\n')
  for (const image of ['acme/shop:1', 'acme/shop:2']) expect(said).toContain(image)
  expect(states(world)).toEqual(expect.arrayContaining(['success']))
  expect(await servesAt(world, '/')).toBe('two')
})

story('two people who ask for the same thing get it once', async ({ world, ada, grace, bot, registry, engine }) => {
  const digest = await registry.has('acme/shop:1', {})
  ada.person.comments(1, '/deploy production :1')
  grace.person.comments(1, '/deploy production :1')
  await world.settle()
  bot.isHeard()
  expect(engine.runs('shop')).toBe(digest)
  expect(states(world)[0]).toBe('success')
  expect(['superseded', 'success']).toContain(states(world)[1])
})

story('environments do not wait for each other', async ({ world, ada, bot, registry, engine }) => {
  const digest = await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  ada.person.comments(1, '/deploy staging :1')
  ada.person.comments(1, '/deploy production :1')
  await world.settle()
  bot.isHeard()
  expect(await servesAt(world, '/')).toBe('one')
  expect(engine.runs('shop')).toBe(digest)
})

story('ten commands at once all come to an end', async ({ world, ada, bot, registry }) => {
  for (let version = 0; version < 10; version++) {
    await registry.has(`acme/shop:${version}`, { 'site/index.html': String(version) })
    ada.person.comments(1, `/deploy staging :${version}`)
  }
  await world.settle()
  expect(states(world)).toHaveLength(10)
  // All of it creates more on GitHub than the budget of a minute: the last statuses come a minute later.
  await world.time.passes('5 minutes')
  bot.isHeard()
  expect(await servesAt(world, '/')).toBe('9')
})
