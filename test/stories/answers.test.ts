import { expect, story } from '../story.ts'

story('/deploy help says what this person can type here', async ({ ada, bot }) => {
  await ada.comments('/deploy help')
  expect(bot.says()).toMatchInlineSnapshot(`
    "With the role \`write\` you can type, at the start of a line:

    - **To change what runs:** \`/deploy\` an image · \`/rollback\` to what ran before · \`/promote\` what runs elsewhere · \`/retry\` what failed · \`/cancel\` what waits or runs
    - **To keep others out:** \`/lock\` an environment · \`/unlock\` it again
    - **To know:** \`/status\` what runs where · \`/preflight\` whether the image can be pulled · \`/why\` it was refused, failed or waits · \`/who\` may deploy and approve

    - **Environments:** \`staging\` (the default), \`production\`
    - **Images:** \`registry.test/acme/shop\` (\`sha-{short_sha}\`)

    The pull request's head commit is meant, as it was when you wrote the command; \`--ref\` names another branch or a tag. \`/deploy help rollback\` explains one command."
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

story('the bot answers once, however often it starts', async ({ world, ada, bot }) => {
  await ada.comments('/deploy help')
  bot.says()
  await world.dies()
  await world.dies()
  expect(bot.unread()).toEqual([])
})
