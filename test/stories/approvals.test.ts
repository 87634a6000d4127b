import { expect, story } from '../story.ts'
import { states } from '../world/facts.ts'
import { DEPLOY_YML, FOUR_EYES } from '../world/world.ts'

story(
  'production waits until a second person approves, and says who has to do what',
  async ({ world, ada, grace, bot, github, registry, engine }) => {
    github.has('.github/deploy.yml', FOUR_EYES)
    const digest = await registry.has('acme/shop:1', {})
    await ada.comments('/deploy production :1')
    await world.time.passes('3 seconds')
    expect(states(world)).toEqual(['waiting'])
    expect(
      bot
        .hears()
        .split('\n\n* ')[0]
        ?.replaceAll(/s1-[0-9a-f]{32}/g, '<id>'),
    ).toMatchInlineSnapshot(`
      "🚦 @ada, deploying \`registry.test/acme/shop:1\` (\`sha256:b142029babe1\`) to **\`production\`** waits for an approval.

      **Waits:** An approval by somebody else with the role write is missing. It is given up at 2026-11-23 17:00 UTC.

      - **Next:** whoever may approve it types \`/approve <id>\`, or \`/reject <id>\` with a reason"
    `)
    await grace.comments('/approve')
    expect(bot.says()).toContain('✅ **ada** deployed')
    expect(bot.says()).toMatchInlineSnapshot(
      `"✅ **grace** approved the deployment of \`shop:1\` to **\`production\`**, which **ada** had asked for: it goes on."`,
    )
    expect(engine.runs('shop')).toBe(digest)
  },
)

story('nobody approves what they asked for themselves', async ({ world, ada, bot, github, registry }) => {
  github.has('.github/deploy.yml', FOUR_EYES)
  await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  await ada.comments('/approve')
  bot.says()
  expect(bot.says()).toContain('APPROVAL_NOT_ALLOWED')
  expect(states(world)).toEqual(['waiting'])
  await ada.comments('/cancel')
  bot.isHeard()
})

story('a rejection ends it, and says why', async ({ world, ada, grace, bot, github, registry, engine }) => {
  github.has('.github/deploy.yml', FOUR_EYES)
  await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  await grace.comments('/reject not on a Friday')
  expect(bot.says()).toContain('grace rejected this deployment: not on a Friday')
  expect(bot.says()).toMatchInlineSnapshot(
    `"🚫 **grace** rejected the deployment of \`shop:1\` to **\`production\`**, which @ada had asked for: not on a Friday. Talk about it, then ask again."`,
  )
  expect(states(world)).toEqual(['refused'])
  expect(engine.runs('shop')).toBeNull()
})

story('an approval that nobody gives in time is given up', async ({ world, ada, bot, github, registry }) => {
  github.has('.github/deploy.yml', FOUR_EYES)
  await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  await world.time.passes('5 hours')
  expect(bot.says()).toContain('WAIT_EXPIRED')
  expect(states(world)).toEqual(['refused'])
})

story('two approvals are counted by person', async ({ world, ada, grace, trent, bot, github, registry, engine }) => {
  github.has('.github/deploy.yml', FOUR_EYES.replace('count: 1', 'count: 2'))
  world.demotes(trent.person, 'write')
  const digest = await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  await grace.comments('/approve')
  await grace.comments('/approve')
  expect(states(world)).toEqual(['waiting'])
  await trent.comments('/approve')
  bot.says()
  const said = [bot.says(), bot.says(), bot.says()]
  expect(said).toMatchInlineSnapshot(`
    [
      "🚦 **grace** approved the deployment of \`shop:1\` to **\`production\`**, which **ada** had asked for: 1 more approval is needed.",
      "🚦 **grace** approved the deployment of \`shop:1\` to **\`production\`**, which **ada** had asked for: 1 more approval is needed.",
      "✅ **trent** approved the deployment of \`shop:1\` to **\`production\`**, which **ada** had asked for: it goes on.",
    ]
  `)
  expect(engine.runs('shop')).toBe(digest)
})

story('/status names what waits and for what, /why and /who say the rest', async ({ ada, bot, github, registry }) => {
  github.has('.github/deploy.yml', FOUR_EYES)
  await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  await ada.comments('/status production')
  await ada.comments('/who production')
  bot.says()
  expect(bot.says()).toMatchInlineSnapshot(`
    "**\`production\`** · [Open it](<https://shop.example.com/>)
    - Runs nothing of ours as \`shop\`
    - Nothing has been deployed here yet.
    - Waits: **ada**: \`shop:1\` · An approval by somebody else with the role write is missing."
  `)
  expect(bot.says()).toMatchInlineSnapshot(`
    "**\`production\`**
    - Deploys: whoever has the role \`write\`
    - Approves: 1 of those with the role \`write\`, but not whoever asked for it, within 4 h
    - Held by nobody
    - You, **ada**, have the role \`write\`: you may deploy here, and may approve what others ask for"
  `)
  await ada.comments('/cancel')
  bot.isHeard()
})

story.once('fifty strangers hide nothing that waits on their thread', async ({ world, ada, grace, mallory, bot, github, registry, engine }) => {
  github.has('.github/deploy.yml', FOUR_EYES)
  const digest = await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :7')
  await ada.comments('/deploy production :1')
  bot.isHeard()
  for (let count = 0; count < 50; count++) mallory.person.comments(world.pull.number, '/deploy production')
  await world.settle()
  await world.time.passes('10 minutes')
  await grace.comments('/why')
  expect(bot.says()).toContain('waits for an approval')
  await grace.comments('/approve')
  expect(bot.says()).toContain('✅ **grace** approved')
  expect(engine.runs('shop')).toBe(digest)
  await ada.comments('/retry')
  expect(bot.says()).toContain('**ada** asked to deploy once more `:7`')
})

story('a rollback needs no approval, and says that it was not asked for', async ({ world, ada, grace, bot, github, registry, engine }) => {
  const good = await registry.has('acme/shop:1', {})
  await registry.has('acme/shop:2', { 2: '' })
  await ada.comments('/deploy production :1')
  await ada.comments('/deploy production :2')
  bot.isHeard()
  github.has('.github/deploy.yml', FOUR_EYES)
  await grace.comments('/rollback production')
  expect(bot.says()).toContain('⏭️ Approvals: not asked: a rollback repeats a plan that has passed it before')
  expect(engine.runs('shop')).toBe(good)
  expect(states(world)).toEqual(['success', 'success', 'success'])
})

story.atEveryCrossing(
  'a word is given once and its answer said once, wherever the process dies',
  async ({ world, ada, grace, bot, github, registry }) => {
    github.has('.github/deploy.yml', FOUR_EYES)
    await registry.has('acme/shop:1', {})
    await ada.comments('/deploy production :1')
    await grace.comments('/approve')
    expect(bot.says()).toContain('✅ **ada** deployed')
    expect(bot.says()).toContain('**grace** approved the deployment')
    expect(states(world)).toEqual(['success'])
  },
  { every: 12 },
)

story('a team that the rules name only since it waits is asked about', async ({ world, ada, bot, github, registry, engine }) => {
  github.team('acme/releasers', [ada.person])
  const digest = await registry.has('acme/shop:1', {})
  const head = world.pull.pull?.head ?? ''
  github.checks(head, 'build', 'in_progress')
  await ada.comments('/deploy production :1 --when-green')
  expect(states(world)).toEqual(['waiting'])
  github.has('.github/deploy.yml', `${DEPLOY_YML}    allow: { any: ["team:acme/releasers"] }\n`)
  github.checks(head, 'build', 'success')
  await world.time.passes('2 minutes')
  expect(bot.says()).toContain('✅ **ada** deployed')
  expect(engine.runs('shop')).toBe(digest)
})

story.once(
  'the author approves where only the requester and whoever pushed may not',
  async ({ world, ada, grace, trent, bot, github, registry, engine }) => {
    github.has('.github/deploy.yml', FOUR_EYES.replace('not: [requester]', 'not: [requester, pusher]'))
    const digest = await registry.has('acme/shop:1', {})
    world.demotes(trent.person, 'write')
    await grace.pushes('checkout')
    await world.time.passes('10 seconds')
    await trent.comments('/deploy production :1')
    bot.isHeard()
    await grace.comments('/approve')
    expect(bot.says()).toContain('**Found:** `the pusher of this change`')
    await ada.comments('/approve')
    expect(states(world)).toEqual(['success'])
    expect(engine.runs('shop')).toBe(digest)
    bot.isHeard()
  },
)

story('what waits for the end of a freeze, too, can be approved meanwhile', async ({ world, ada, grace, bot, github, registry, engine }) => {
  github.has('.github/deploy.yml', `${FOUR_EYES}    freeze: [{ from: "mon 13:30", to: "mon 15:00", zone: UTC }]\n`)
  const digest = await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  await world.time.passes('45 minutes')
  // Its rules are looked at again: what ends first is the freeze.
  await world.dies()
  await grace.comments('/approve')
  bot.says()
  expect(bot.says()).toContain('**grace** approved the deployment')
  await world.time.passes('90 minutes')
  expect(states(world)).toEqual(['success'])
  expect(engine.runs('shop')).toBe(digest)
})
