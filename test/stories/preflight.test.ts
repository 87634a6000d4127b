import { PASSWORD } from '../world/world.ts'
import { expect, story } from '../story.ts'
import { states } from '../world/facts.ts'

story('/preflight says row by row that the image can be pulled, and deploys nothing', async ({ world, ada, bot, registry, engine }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/preflight production :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "✅ \`registry.test/acme/shop:1\` for **\`production\`** can be pulled (credential main).

    * ✅ The target can pull from this registry · it can pull from \`registry.test\`
    * ✅ The credential looks right · credential main, basic
    * ✅ The registry answers · Bearer, tokens from \`registry.test\`
    * ✅ Signed in · \`repository:acme/shop:pull\`, for 300 s
    * ✅ The image is there · \`sha256:3307cad60fa0dfa45e98e3c6cdf8f63ab29077b81571b4b33616c397f4e5240b\`
    * ✅ It is built for the platform · \`linux/amd64\`
    * ✅ Its parts can be downloaded · 174 bytes, from where the layers are
    * ✅ Its size · 1 kB in 1 layer
    * ✅ The credential lives long enough · no known end"
  `)
  expect([engine.runs('shop'), states(world)]).toEqual([null, []])
})

story(
  '/preflight of an image that the credential may not pull says which row fails, and who must do what',
  async ({ ada, bot, registry }) => {
    await registry.has('acme/shop:1', {})
    await ada.comments('/preflight staging :1')
    expect(bot.says()).toMatchInlineSnapshot(`
      "❌ \`registry.test/acme/shop:1\` for **\`staging\`** cannot be pulled.

      **Why:** \`registry.test\` knows the stored credential but does not let it pull \`registry.test/acme/shop:1\` (or the image does not exist).

      - **Found:** \`HTTP 401\`
      - **Wanted:** \`permission to pull\`
      - **Next:** Give the account behind the credential permission to pull (read) this repository.
      - **Who can put this right:** whoever runs the registry
      - **Code:** \`PERMISSION_DENIED\`

      * ✅ The target can pull from this registry · it can pull from \`registry.test\`
      * ✅ The credential looks right · credential main, basic
      * ✅ The registry answers · Bearer, tokens from \`registry.test\`
      * ✅ Signed in · \`repository:acme/shop:pull\`, for 300 s
      * ❌ The image cannot be read
      * ⏭️ Not looked at: its platform
      * ⏭️ Not looked at: downloading its parts
      * ⏭️ Not looked at: its size
      * ⏭️ Not looked at: how long the credential lives"
    `)
  },
  { registry: { accounts: [{ name: 'gantry', password: PASSWORD, repositories: ['other/*'] }] } },
)

story('/preflight is for those who may deploy there', async ({ mallory, trent, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  const asked = await mallory.comments('/preflight staging :1')
  expect(asked.reactions.map(({ content }) => content)).toContain('confused')
  await trent.comments('/preflight staging :1')
  expect(bot.says()).toContain('PERMISSION_REQUIRED')
  await trent.comments('/preflight nowhere :1')
  expect(bot.says()).toContain('PERMISSION_REQUIRED')
})

story('/preflight knows the same words as /deploy, and no others', async ({ ada, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await ada.comments('/preflight nowhere :1')
  expect(bot.says()).toContain('ENVIRONMENT_UNKNOWN')
  await ada.comments('/preflight staging :1 --dry-run')
  expect(bot.says()).toContain('OPTION_UNSUPPORTED')
  await ada.comments('/preflight staging ghcr.io/other/shop:1')
  expect(bot.says()).toContain('IMAGE_NOT_DECLARED')
})

story.once(
  'a wrong password is shown to the registry once, however often people ask',
  async ({ ada, bot, registry }) => {
    await registry.has('acme/shop:1', {})
    for (let times = 0; times < 3; times++) {
      await ada.comments('/deploy production :1')
      expect(bot.says()).toContain('CREDENTIALS_INVALID')
    }
    await ada.comments('/preflight production :1')
    expect(bot.says()).toContain('not asked again for')
    expect(registry.requests.filter(({ authorization }) => authorization?.startsWith('Basic')).length).toBe(1)
  },
  { registry: { accounts: [{ name: 'gantry', password: 'another one', repositories: ['acme/*'] }] } },
)
