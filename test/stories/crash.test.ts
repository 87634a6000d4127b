import { expect, story } from '../story.ts'
import { servesAt, states, tagOf } from '../world/facts.ts'

// Every 7th crossing in `npm test`; `npm run crash` dies at each, with seeds, and once more while it recovers.
const every = Number(process.env['GANTRY_CRASH_EVERY'] ?? '7')

story.atEveryCrossing(
  'the process dies anywhere on the way to the static target',
  async ({ world, ada, bot, registry, github }) => {
    await registry.has(`acme/shop:${tagOf(world)}`, { 'site/index.html': 'hello', 'site/style.css': 'a {}' })
    const command = await ada.comments('/deploy staging')
    expect(bot.says()).toContain('✅')
    expect(command.reactions.map(({ content }) => content)).toEqual(['eyes'])
    expect(github.repository.checks).toMatchObject([{ conclusion: 'success' }])
    expect(github.repository.deployments.map(({ statuses }) => statuses.filter(({ state }) => state === 'success').length)).toEqual([1])
    expect(await servesAt(world, '/')).toBe('hello')
    expect(states(world)).toEqual(['success'])
  },
  { every },
)

story.atEveryCrossing(
  'the process dies anywhere while a container takes the place of another',
  async ({ world, ada, bot, registry, engine, github }) => {
    await registry.has('acme/shop:1', {})
    const digest = await registry.has('acme/shop:2', { two: '' })
    await ada.comments('/deploy production :1')
    await ada.comments('/deploy production :2')
    expect([bot.says(), bot.says()].every((said) => said.includes('✅'))).toBe(true)
    expect(engine.runs('shop')).toBe(digest)
    expect([...engine.simulator.containers.values()]).toHaveLength(1)
    expect(github.repository.deployments).toHaveLength(2)
    expect(states(world)).toEqual(['success', 'success'])
  },
  { every },
)
