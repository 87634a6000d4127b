import { expect, story } from '../story.ts'
import { DEPLOY_YML } from '../world/world.ts'

/** Two environments of one kind, so that what runs in one can run in the other. */
const TWINS = DEPLOY_YML.replace('target: site\n    settings: { path: /site }', 'target: engine\n    settings: { container: shop-staging }')

story('/promote deploys the very digest that runs elsewhere, wherever its tag has gone', async ({ ada, bot, github, registry, engine }) => {
  github.has('.github/deploy.yml', TWINS)
  const tried = await registry.has('acme/shop:1', {})
  await ada.comments('/deploy staging :1')
  bot.isHeard()
  await registry.has('acme/shop:1', { moved: '' })
  await ada.comments('/promote staging production')
  expect(bot.says().split('\n\nAsked')[0]?.split('<details>')[0]).toMatchInlineSnapshot(`
    "✅ **ada** promoted \`registry.test/acme/shop:1\` (\`sha256:b142029babe1\`) from **\`staging\`** to **\`production\`** in 0.0 s. [Open it](<https://shop.example.com/>)

    * ✅ Permission and rules checked · 0.0 s
    * ✅ Image found · \`sha256:b142029babe1\` as credential main · 0.0 s
    * ✅ Image can be pulled · \`linux/amd64\`, 1 kB in 1 layer, as credential main · 0.0 s
    * ✅ Had its turn · 0.0 s
    * ✅ Image started · 0.0 s
    * ✅ Read back what runs · shop runs \`sha256:b142029babe1\` · 0.0 s

    "
  `)
  expect([engine.runs('shop-staging'), engine.runs('shop')]).toEqual([tried, tried])
})

story('where nothing runs there is nothing to promote', async ({ ada, bot }) => {
  await ada.comments('/promote staging production')
  expect(bot.says()).toContain('NOTHING_TO_REPEAT')
})

story('what cannot be meant is said by name', async ({ ada, bot }) => {
  await ada.comments('/promote staging\n\n/promote stagin production\n\n/promote staging staging\n\n/promote staging production now')
  const said = [bot.says(), bot.says(), bot.says(), bot.says()].map((text) =>
    text.split('\n').find((line) => /needs|no environment|itself|too many/.test(line)),
  )
  expect(said.toSorted()).toMatchInlineSnapshot(`
    [
      "**Why:** There is no environment "stagin". Did you mean "staging"?",
      "🚫 Nothing is to be promoted from "staging" to itself.",
      "🚫 The command needs two environments.",
      "🚫 There is a word too many: "now".",
    ]
  `)
})

story('/promote --dry-run only says what it would come to', async ({ ada, bot, github, registry, engine }) => {
  github.has('.github/deploy.yml', TWINS)
  await registry.has('acme/shop:1', {})
  await ada.comments('/deploy staging :1')
  bot.isHeard()
  await ada.comments('/promote staging production --dry-run')
  expect(bot.says()).toContain('**ada** would promote `registry.test/acme/shop:1`')
  expect(engine.runs('shop')).toBeNull()
})

story(
  'a fork is not promoted to where forks may not go, in whatever words its commit was named',
  async ({ world, ada, eve, bot, github, registry, engine }) => {
    github.has('.github/deploy.yml', TWINS.replace('container: shop-staging }', 'container: shop-staging }\n    from: { forks: true }'))
    const pull = eve.person.opensPullRequest({ from: github.forks(eve.person), branch: 'feature' })
    const head = pull.pull?.head ?? ''
    await registry.has(`acme/shop:sha-${head.slice(0, 7)}`, {})
    await world.settle()
    await ada.comments(`/deploy staging --ref ${head}`, pull.number)
    expect(bot.says()).toContain('✅ **ada** deployed')
    await ada.comments('/promote staging production')
    expect(bot.says()).toContain('FORK_REFUSED')
    expect(engine.runs('shop')).toBeNull()
  },
)
