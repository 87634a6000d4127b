import { expect, story } from '../story.ts'
import { idIn } from '../world/facts.ts'

story('/rollback brings back what ran before, and says from what to what', async ({ ada, bot, registry, engine }) => {
  const good = await registry.has('acme/shop:1.2', {})
  await registry.has('acme/shop:1.3', { bug: '' })
  await ada.comments('/deploy production :1.2')
  await ada.comments('/deploy production :1.3')
  bot.isHeard()
  await ada.comments('/rollback production')
  expect(bot.says().split('<details>\n<summary>Log')[0]).toMatchInlineSnapshot(`
    "✅ **ada** rolled **\`production\`** back from \`shop:1.3\` to \`registry.test/acme/shop:1.2\` (\`sha256:b142029babe1\`) in 0.0 s. [Open it](<https://shop.example.com/>)

    * ✅ Permission and rules checked · 0.0 s
    * ✅ Image found · \`sha256:b142029babe1\` as credential main · 0.0 s
    * ✅ Image can be pulled · \`linux/amd64\`, 1 kB in 1 layer, as credential main · 0.0 s
    * ✅ Had its turn · 0.0 s
    * ✅ Image started · 0.0 s
    * ✅ Read back what runs · shop runs \`sha256:b142029babe1\` · 0.0 s

    <details>
    <summary>3 rules were not asked, 3 as always</summary>

    * ✅ Person: ada has the role write
    * ✅ Comment: the comment stands as it was written
    * ⏭️ Pull request: not asked: a rollback repeats a plan that has passed it before
    * ⏭️ Mergeable: not asked: a rollback repeats a plan that has passed it before
    * ⏭️ Head commit: not asked: a rollback repeats a plan that has passed it before
    * ✅ Bounds of the target: target engine is allowed to this repository for production

    </details>

    "
  `)
  expect(engine.runs('shop')).toBe(good)
})

story('/rollback again goes one further, and /rollback --to to any that succeeded', async ({ ada, bot, registry, engine }) => {
  const [one, two, three] = [
    await registry.has('acme/shop:1', {}),
    await registry.has('acme/shop:2', { 2: '' }),
    await registry.has('acme/shop:3', { 3: '' }),
  ]
  await ada.comments('/deploy production :1')
  const first = idIn(bot.hears())
  await ada.comments('/deploy production :2')
  await ada.comments('/deploy production :3')
  bot.isHeard()
  expect(engine.runs('shop')).toBe(three)
  await ada.comments('/rollback production')
  expect(bot.says()).toContain('back from `shop:3` to `registry.test/acme/shop:2`')
  expect(engine.runs('shop')).toBe(two)
  await ada.comments(`/rollback production --to ${first}`)
  expect(bot.says()).toContain('back from `shop:2` to `registry.test/acme/shop:1`')
  expect(engine.runs('shop')).toBe(one)
})

story('a rollback goes past a merge and a new commit, and says what it did not ask', async ({ world, ada, bot, registry, engine }) => {
  const good = await registry.has('acme/shop:1', {})
  await registry.has('acme/shop:2', { bug: '' })
  await ada.comments('/deploy production :1')
  await ada.comments('/deploy production :2')
  bot.isHeard()
  ada.person.merges(world.pull.number)
  await world.settle()
  await ada.comments('/rollback production')
  const said = bot.says()
  expect(said).toContain('✅ **ada** rolled')
  expect(said).toMatch(/<summary>\d rules were not asked, \d as always<\/summary>/)
  expect(said).toContain('⏭️ Pull request: not asked: a rollback repeats a plan that has passed it before')
  expect(engine.runs('shop')).toBe(good)
})

story('where nothing ran before there is nothing to roll back to', async ({ ada, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  bot.isHeard()
  await ada.comments('/rollback production')
  expect(bot.says().split('\n\nAsked')[0]).toMatchInlineSnapshot(`
    "🚫 **ada** asked to roll **\`production\`** back to an image: refused.

    **Why:** There is nothing to roll back to here.

    - **Wanted:** \`an earlier deployment that succeeded here\`
    - **Next:** Deploy an image by its tag instead.
    - **Who can put this right:** whoever asked
    - **Code:** \`NOTHING_TO_REPEAT\`

    * 🚫 Permission and rules · 0.0 s"
  `)
})

story('a rollback is refused to whoever may not deploy, and under a lock', async ({ world, ada, grace, trent, bot, registry, engine }) => {
  await registry.has('acme/shop:1', {})
  const now = await registry.has('acme/shop:2', { 2: '' })
  await ada.comments('/deploy production :1')
  await ada.comments('/deploy production :2')
  bot.isHeard()
  world.demotes(trent.person, 'triage')
  await trent.comments('/rollback production')
  expect(bot.says()).toContain('PERMISSION_REQUIRED')
  await grace.comments('/lock production do not touch')
  bot.isHeard()
  await ada.comments('/rollback production')
  expect(bot.says()).toContain('LOCKED')
  expect(engine.runs('shop')).toBe(now)
})

story('an image that is gone from the registry is found out before anything is touched', async ({ ada, bot, registry, engine }) => {
  const gone = await registry.has('acme/shop:1', {})
  const now = await registry.has('acme/shop:2', { 2: '' })
  await ada.comments('/deploy production :1')
  await ada.comments('/deploy production :2')
  bot.isHeard()
  registry
    .answers(404)
    .to(new RegExp(`manifests/${gone}`))
    .times(20)
  await ada.comments('/rollback production')
  expect(bot.says()).toContain('@ada, rolling **`production`** back from `shop:2` to')
  expect(engine.runs('shop')).toBe(now)
})

story('/rollback --dry-run only says what would come back', async ({ ada, bot, registry, engine }) => {
  await registry.has('acme/shop:1', {})
  const now = await registry.has('acme/shop:2', { 2: '' })
  await ada.comments('/deploy production :1')
  await ada.comments('/deploy production :2')
  bot.isHeard()
  await ada.comments('/rollback production --dry-run')
  expect(bot.says()).toContain('**ada** would roll **`production`** back from `shop:2` to `registry.test/acme/shop:1`')
  expect(engine.runs('shop')).toBe(now)
})
