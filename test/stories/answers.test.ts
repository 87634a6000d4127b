import { expect, story } from '../story.ts'

story('/deploy help says what this person can type here', async ({ ada, bot }) => {
  await ada.comments('/deploy help')
  expect(bot.says()).toMatchInlineSnapshot(`
    "With the role \`write\` you can type, at the start of a line:
    - \`/deploy [app/][environment] [:tag, @digest or host/name:tag] [--ref R]\`: deploys an image to an environment
    - \`/status [app/][environment]\`: says what runs where
    - \`/preflight [app/][environment] [:tag, @digest or host/name:tag] [--ref R]\`: checks whether the target can pull the image, and changes nothing
    - \`/deploy help\`: says what can be typed here

    Environments:
    - \`staging\` (from the role \`write\`, the default)
    - \`production\` (from the role \`write\`)

    Images:
    - \`registry.test/acme/shop\`, otherwise with the tag \`sha-{short_sha}\`

    The label \`deploy\` does the same as \`/deploy\`, and \`deploy:ENVIRONMENT\` names the environment. It is taken off once it is read.

    Here the pull request's head commit is meant, as it was when you wrote the command; \`--ref\` names a branch or tag instead."
  `)
})

story('/status says what runs where, since when and by whom', async ({ ada, bot, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  bot.says()
  await ada.comments('/status')
  expect(bot.says()).toMatchInlineSnapshot(`
    "**\`staging\`** · [Open it](<https://staging.example.com/>)
    - Runs \`sha256:3307cad60fa0\` as \`site\`
    - ✅ **ada** deployed \`registry.test/acme/shop:1\` (\`sha256:3307cad60fa0\`) to **\`staging\`** in 0.0 s. (2026-11-23 13:00 UTC)

    **\`production\`** · [Open it](<https://shop.example.com/>)
    - Runs nothing of ours as \`shop\`
    - Nothing has been deployed here yet."
  `)
})

story('/status of one environment is about that one', async ({ ada, bot }) => {
  await ada.comments('/status production')
  const said = bot.says()
  expect(said).toContain('production')
  expect(said).not.toContain('staging')
})

story('a command that comes later is answered, not ignored', async ({ ada, bot }) => {
  await ada.comments('/rollback production')
  expect(bot.says()).toContain('not in this version')
})

story('the bot answers once, however often it starts', async ({ world, ada, bot }) => {
  await ada.comments('/deploy help')
  bot.says()
  await world.dies()
  await world.dies()
  expect(bot.unread()).toEqual([])
})
