import { PASSWORD } from '../world/world.ts'
import { expect, story } from '../story.ts'
import { servesAt, tagOf } from '../world/facts.ts'

story('a tag that does not exist is named, with those that do', async ({ ada, bot, registry, github }) => {
  await registry.has('acme/shop:1.1', {})
  await ada.comments('/deploy staging :1.2')
  expect(bot.says()).toMatchInlineSnapshot(`
    "❌ @ada, deploying \`registry.test/acme/shop:1.2\` to **\`staging\`** failed.

    **Why:** The repository exists, but \`registry.test/acme/shop:1.2\` does not.

    - **Found:** \`tags such as 1.1\`
    - **Wanted:** \`1.2\`
    - **Next:** Check the name for typing errors, or push the image first.
    - **Who can put this right:** whoever asked
    - **Code:** \`TAG_NOT_FOUND\`

    * ✅ Permission and rules checked · 0.0 s
    * ❌ Finding the image · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · commit \`<head>\` · deployment \`<id>\`"
  `)
  expect(github.repository.checks).toMatchObject([{ conclusion: 'failure' }])
  expect(github.repository.deployments[0]?.statuses.at(-1)).toMatchObject({ state: 'failure' })
})

story(
  'a wrong password is found before anything changes, and is never tried again',
  async ({ ada, bot, registry }) => {
    await registry.has('acme/shop:1', {})
    await ada.comments('/deploy production :1')
    expect(bot.says()).toContain('CREDENTIALS_INVALID')
  },
  { registry: { accounts: [{ name: 'gantry', password: 'another one', repositories: ['acme/*'] }] } },
)

story(
  'a credential without the right says which right is missing',
  async ({ ada, bot, registry }) => {
    await registry.has('acme/shop:1', {})
    await ada.comments('/deploy production :1')
    expect(bot.says()).toContain('PERMISSION_DENIED')
  },
  { registry: { accounts: [{ name: 'gantry', password: PASSWORD, repositories: ['other/*'] }] } },
)

story.once('a registry that is down fails the deployment, and trying again works once it is back', async ({ world, ada, bot, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'back' })
  await registry.goesDown()
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toContain('REGISTRY_UNAVAILABLE')
  await registry.comesBack()
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toContain('✅')
  expect(await servesAt(world, '/')).toBe('back')
})

story('a registry that stumbles twice is asked again', async ({ ada, bot, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  registry.answers(503).times(2)
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toContain('✅')
})

story('an image for the wrong platform never reaches the target', async ({ ada, bot, registry, engine }) => {
  await registry.has('acme/shop:1', {}, { platforms: ['linux/arm64'] })
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('PLATFORM_MISSING')
  expect(engine.runs('shop')).toBe(null)
})

story('a tag that moves during the deployment does not change what is deployed', async ({ world, ada, bot, registry, github }) => {
  const tag = tagOf(world)
  await registry.has(`acme/shop:${tag}`, { 'site/index.html': 'what was asked for' })
  github.answers(502).to('POST /repos/{owner}/{repo}/deployments')
  await ada.comments('/deploy staging')
  await registry.has(`acme/shop:${tag}`, { 'site/index.html': 'moved' })
  await world.time.passes('1 minute')
  bot.isHeard()
  expect(await servesAt(world, '/')).toBe('what was asked for')
})

story('bytes that are not those of the digest are never served', async ({ world, ada, bot, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'tampered with' })
  registry.quirks.corruptsBlobs = true
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatch(/DIGEST_MISMATCH|IMAGE_UNUSABLE|MEDIA_TYPE_NOT_ACCEPTED/)
  expect(await servesAt(world, '/')).toBe(null)
})

story('the password appears nowhere', async ({ world, ada, bot, registry, github }) => {
  await registry.has('acme/shop:1', {})
  registry.answers(500, { 'x-secret': PASSWORD }).always()
  await ada.comments('/deploy production :1')
  bot.isHeard()
  const everything = JSON.stringify([...github.repository.issues.values()].map(({ comments }) => comments.map(({ bodies }) => bodies)))
  const rows = JSON.stringify(['deployment', 'step', 'log_line', 'delivery', 'said'].map((table) => world.disk.all(`select * from ${table}`)))
  expect(everything + rows + JSON.stringify(github.repository.checks)).not.toContain(PASSWORD)
})
