import { expect, story } from '../story.ts'
import { idIn } from '../world/facts.ts'

story('/retry runs the plan that failed once more', async ({ ada, grace, bot, registry, engine }) => {
  await ada.comments('/deploy production :1.2')
  expect(bot.says()).toContain('REPOSITORY_NOT_FOUND')
  const digest = await registry.has('acme/shop:1.2', {})
  await grace.comments('/retry')
  expect(bot.says().split('<details>')[0]).toMatchInlineSnapshot(`
    "✅ **grace** deployed once more \`registry.test/acme/shop:1.2\` (\`sha256:b142029babe1\`) to **\`production\`** in 0.0 s. [Open it](<https://shop.example.com/>)

    * ✅ Permission and rules checked · 0.0 s
    * ✅ Image found · \`sha256:b142029babe1\` as credential main · 0.0 s
    * ✅ Image can be pulled · \`linux/amd64\`, 1 kB in 1 layer, as credential main · 0.0 s
    * ✅ Had its turn · 0.0 s
    * ✅ Image started · 0.0 s
    * ✅ Read back what runs · shop runs \`sha256:b142029babe1\` · 0.0 s

    "
  `)
  expect(engine.runs('shop')).toBe(digest)
})

story('what was refused before there was a plan is asked for again in the same words', async ({ ada, grace, bot, registry, engine }) => {
  const digest = await registry.has('acme/shop:1', {})
  await grace.comments('/lock production do not touch')
  bot.says()
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('LOCKED')
  await grace.comments('/unlock production')
  bot.says()
  await ada.comments('/retry')
  expect(bot.says()).toContain('✅ **ada** deployed `registry.test/acme/shop:1`')
  expect(engine.runs('shop')).toBe(digest)
})

story('/retry ID repeats one of another thread', async ({ ada, bot, registry, engine }) => {
  await ada.comments('/deploy production :1.2')
  const id = idIn(bot.hears())
  bot.isHeard()
  const digest = await registry.has('acme/shop:1.2', {})
  const issue = ada.person.opensIssue()
  await ada.comments(`/retry ${id}`, issue.number)
  expect(bot.says()).toContain('✅ **ada** deployed once more')
  expect(engine.runs('shop')).toBe(digest)
})

story('an older plan is not tried again over a newer one', async ({ ada, bot, registry, engine }) => {
  await ada.comments('/deploy production :1')
  bot.says()
  await registry.has('acme/shop:1', {})
  const newer = await registry.has('acme/shop:2', { 2: '' })
  await ada.comments('/deploy production :2')
  bot.says()
  await ada.comments('/retry')
  expect(bot.says()).toContain('SUPERSEDED')
  expect(engine.runs('shop')).toBe(newer)
})

story('where nothing failed there is nothing to try again', async ({ ada, bot }) => {
  await ada.comments('/retry')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 Nothing on this thread failed, was refused or was stopped.

    - **Wanted:** \`such a deployment, or an id\`
    - **Next:** Name the deployment by the id at the end of its comment, or type the command on that deployment's thread.
    - **Who can put this right:** whoever asked
    - **Code:** \`NOTHING_TO_REPEAT\`"
  `)
  await ada.comments('/retry 9ix-00000000000000000000000000000000')
  expect(bot.says()).toContain('DEPLOYMENT_UNKNOWN')
})

story('what was asked for in a comment is tried again through the API, on its thread', async ({ ada, grace, bot, registry, engine }) => {
  await ada.comments('/deploy production :1.2')
  const id = idIn(bot.hears())
  bot.isHeard()
  const digest = await registry.has('acme/shop:1.2', {})
  const again = await grace.calls('POST', `/deploy/${id}/retry`, {})
  expect(again.status).toBe(202)
  expect(bot.says()).toContain('✅ **grace** deployed once more')
  expect(engine.runs('shop')).toBe(digest)
})
