import { expect, story } from '../story.ts'

story('/deploy help COMMAND explains one command in full', async ({ ada, bot }) => {
  await ada.comments('/deploy help rollback')
  expect(bot.says()).toMatchInlineSnapshot(`
    "**\`/rollback\`** · Brings back what ran before and was healthy.

    \`\`\`text
    /rollback [app/][environment] [--to ID] [--dry-run]
    \`\`\`

    **Who may:** Whoever may deploy there. Reviews, checks and whatever else that plan has passed before are not asked again; permission, locks and the bounds of the target always are.

    - \`/rollback production\`: the last plan that succeeded there before the present one
    - \`/rollback production --to 9ix-4f0c…\`: the plan of one deployment; its id stands at the end of its comment
    - \`/rollback production --dry-run\`: says what it would come to, and changes nothing"
  `)
})

story('a command that is nearly one is named', async ({ ada, bot }) => {
  await ada.comments('/deploy help rolback')
  expect(bot.says()).toContain('Did you mean "rollback"?')
})

story('whoever may only look sees what there is to look at', async ({ trent, world, bot }) => {
  world.demotes(trent.person, 'triage')
  await trent.comments('/deploy help')
  expect(bot.says()).toMatchInlineSnapshot(`
    "With the role \`triage\` you can type, at the start of a line:

    - **To know:** \`/status\` what runs where · \`/why\` it was refused, failed or waits · \`/who\` may deploy and approve

    - **Environments:** \`staging\` (the default), \`production\`
    - **Images:** \`registry.test/acme/shop\` (\`sha-{short_sha}\`)

    The pull request's head commit is meant, as it was when you wrote the command; \`--ref\` names another branch or a tag. \`/deploy help rollback\` explains one command."
  `)
})
