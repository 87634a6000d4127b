import { expect, story } from '../story.ts'
import { states } from '../world/facts.ts'
import { REGISTRY, type World } from '../world/world.ts'

/** Production's address answers 200 for this image alone. */
function answersFor(world: World, good: string): void {
  world.web.set('shop.example.com', () => (world.engine.runs('shop') === good ? 200 : 503))
}

const declares = (world: World, onFailure: string): void =>
  world.github.has(
    '.github/deploy.yml',
    `version: 1
app: shop
images:
  main: { repository: ${REGISTRY}/acme/shop }
environments:
  production:
    target: engine
    settings: { container: shop }
    url: https://shop.example.com
    health: { path: /healthz, within: 5s, times: 2 }
    on_failure: ${onFailure}
`,
  )

story('an image that runs and does not answer is taken back, and what ran before runs again', async ({ world, ada, bot, registry, engine }) => {
  declares(world, 'rollback')
  const good = await registry.has('acme/shop:1', { version: '1' })
  await registry.has('acme/shop:2', { version: '2' })
  answersFor(world, good)
  await ada.comments('/deploy production :1')
  await world.time.passes('10 seconds')
  bot.isHeard()
  await ada.comments('/deploy production :2')
  await world.time.passes('1 minute')
  expect(bot.says().split('\n\n* ')[0]).toMatchInlineSnapshot(`
    "❌ @ada, deploying \`registry.test/acme/shop:2\` (\`sha256:86fb67181a7e\`) to **\`production\`** failed.

    **Why:** The new image runs, and \`https://shop.example.com/healthz\` does not answer as it should. What ran before (\`shop:1\`) runs again.

    - **Found:** \`status 503\`
    - **Wanted:** \`2xx 2 times running within 5 seconds\`
    - **Next:** Look at the log of the workload, then deploy an image that answers there.
    - **Who can put this right:** whoever asked
    - **Code:** \`TARGET_UNHEALTHY\`"
  `)
  expect(engine.runs('shop')).toBe(good)
  expect(states(world)).toEqual(['success', 'failure'])
})

story('after a failure the environment can be locked, so that somebody looks first', async ({ world, ada, grace, bot, registry, engine }) => {
  declares(world, 'rollback_and_lock')
  const good = await registry.has('acme/shop:1', { version: '1' })
  await registry.has('acme/shop:2', { version: '2' })
  answersFor(world, good)
  await ada.comments('/deploy production :1')
  await world.time.passes('10 seconds')
  await ada.comments('/deploy production :2')
  await world.time.passes('1 minute')
  bot.isHeard()
  await grace.comments('/deploy production :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **grace** asked to deploy \`:1\` to **\`production\`**: refused.

    **Why:** production is locked by Gantry: deployment \`<id>\` failed and was rolled back

    - **Found:** \`locked since 2026-11-23 13:00 UTC\`
    - **Wanted:** \`a free environment, or its holder\`
    - **Next:** Ask whoever looks into it, or type \`/unlock production\` if it is not needed any more.
    - **Who can put this right:** whoever asked
    - **Code:** \`LOCKED\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  await grace.comments('/unlock production')
  await grace.comments('/deploy production :1')
  await world.time.passes('10 seconds')
  bot.isHeard()
  expect(engine.runs('shop')).toBe(good)
  expect(states(world)).toEqual(['success', 'failure', 'refused', 'success'])
})

story('what somebody changed behind our back is noticed and said once', async ({ world, ada, bot, registry, engine }) => {
  const digest = await registry.has('acme/shop:1', { version: '1' })
  await ada.comments('/deploy production :1')
  bot.isHeard()
  expect(engine.runs('shop')).toBe(digest)
  engine.simulator.containers.clear()
  await world.time.passes('5 minutes')
  expect(bot.says().replaceAll(/s1-[0-9a-f]{32}/g, '<id>')).toMatchInlineSnapshot(`
    "❔ @ada, **\`production\`** runs something else than \`shop:1\`, and nobody asked Gantry for it.

    - **Found:** \`shop: nothing of ours\`
    - **Wanted:** \`sha256:c2e123a693f36a4f2bfff4f6f8449987016b584b1deaa22ccffd22ceb33969bb\`
    - **Next:** find out who changed it; \`/rollback shop/production --to <id>\` brings back what was deployed"
  `)
  await world.time.passes('10 minutes')
})
