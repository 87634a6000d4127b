import { expect, story } from '../story.ts'
import { states } from '../world/facts.ts'
import { DEPLOY_YML } from '../world/world.ts'

story('an image that does not become healthy is put back', async ({ ada, bot, registry, engine }) => {
  const good = await registry.has('acme/shop:1', {})
  const bad = await registry.has('acme/shop:2', { bad: '' })
  engine.finds(bad, 'never healthy')
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('✅')
  await ada.comments('/deploy production :2')
  expect(bot.says()).toContain('TARGET_UNHEALTHY')
  expect(engine.runs('shop')).toBe(good)
})

story('after a failure the environment is free for the next one', async ({ ada, bot, registry, engine }) => {
  const bad = await registry.has('acme/shop:1', { bad: '' })
  const good = await registry.has('acme/shop:2', {})
  engine.finds(bad, 'stops')
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('TARGET_UNHEALTHY')
  await ada.comments('/deploy production :2')
  expect(bot.says()).toContain('✅')
  expect(engine.runs('shop')).toBe(good)
})

story.once('an engine that does not answer fails the deployment before anything is touched', async ({ world, ada, bot, registry, engine }) => {
  await registry.has('acme/shop:1', {})
  engine.simulator.goesAway()
  await ada.comments('/deploy production :1')
  await world.time.passes('2 minutes')
  expect(bot.says()).toContain('TARGET_UNAVAILABLE')
  engine.simulator.comesBack()
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('✅')
})

story('an image without the configured folder cannot be served', async ({ ada, bot, registry }) => {
  await registry.has('acme/shop:1', { 'somewhere/else.html': 'lost' })
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toContain('IMAGE_UNUSABLE')
})

story('settings that the target does not know are refused by name', async ({ world, ada, bot, github }) => {
  github.has('.github/deploy.yml', DEPLOY_YML.replace('{ container: shop }', '{ container: shop, privileged: true }'))
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('SETTINGS_INVALID')
  expect(states(world)).toEqual(['refused'])
})

story('a host port is published only where the administrators allow it', async ({ ada, bot, github }) => {
  github.has('.github/deploy.yml', DEPLOY_YML.replace('{ container: shop }', '{ container: shop, ports: ["0.0.0.0:80:80"] }'))
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('TARGET_NOT_ALLOWED')
})

story('an environment that is renamed keeps its workload, one that is taken by another does not', async ({ ada, bot, github, registry, engine }) => {
  await registry.has('acme/shop:1', {})
  const two = await registry.has('acme/shop:2', { two: '' })
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('✅')
  github.has('.github/deploy.yml', DEPLOY_YML.replace('production:', 'live:'))
  await ada.comments('/deploy live :2')
  expect(bot.says()).toContain('✅')
  expect(engine.runs('shop')).toBe(two)
  github.has(
    '.github/deploy.yml',
    DEPLOY_YML.replace('production:', 'live:').concat('  second:\n    target: engine\n    settings: { container: shop }\n'),
  )
  await ada.comments('/deploy second :1')
  expect(bot.says()).toContain('WORKLOAD_CLAIMED')
})
