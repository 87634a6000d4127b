import { expect, story } from '../story.ts'
import { idIn } from '../world/facts.ts'

story('/why says rule by rule why not', async ({ ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await grace.comments('/lock production the database is being moved')
  bot.says()
  await ada.comments('/deploy production :1')
  bot.says()
  await ada.comments('/why')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`production\`**: refused.

    **Why:** production is locked by grace: the database is being moved

    - **Found:** \`locked since 2026-11-23 13:00 UTC, until 2026-11-24 13:00 UTC\`
    - **Wanted:** \`a free environment, or its holder\`
    - **Next:** Ask grace, or type \`/unlock production\` if it is not needed any more.
    - **Who can put this right:** whoever asked
    - **Code:** \`LOCKED\`

    * ✅ Person: ada has the role write
    * ✅ Comment: the comment stands as it was written
    * ✅ Pull request: the pull request is open
    * ✅ Mergeable: the pull request could be merged
    * ✅ Head commit: the head is older than the comment
    * ✅ Bounds of the target: target engine is allowed to this repository for production
    * 🚫 Lock: production is locked by grace: the database is being moved

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
})

story('/why is about the newest that did not go well, and /why ID about any', async ({ ada, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :7')
  await ada.comments('/deploy production :1')
  const [failed, succeeded] = [bot.says(), idIn(bot.hears())]
  bot.isHeard()
  expect(failed).toContain('TAG_NOT_FOUND')
  await ada.comments('/why')
  expect(bot.says()).toContain('TAG_NOT_FOUND')
  await ada.comments(`/why ${succeeded}`)
  expect(bot.says()).toContain('✅ **ada** deployed')
})

story('where all went well /why says so', async ({ ada, bot }) => {
  await ada.comments('/why')
  expect(bot.says()).toMatchInlineSnapshot(`"✅ Nothing on this thread was refused, failed or waits."`)
})

story('/who says who may deploy and approve, and who holds the place', async ({ ada, grace, bot }) => {
  await grace.comments('/lock production the database is being moved')
  bot.says()
  await ada.comments('/who production')
  expect(bot.says()).toMatchInlineSnapshot(`
    "**\`production\`**
    - Deploys: whoever has the role \`write\`
    - Approves: nobody has to
    - Now locked by **grace** until 2026-11-24 13:00 UTC: the database is being moved ([since this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>))
    - You, **ada**, have the role \`write\`: you may deploy here"
  `)
})

story('/who is for those who may only look, too, and not for strangers', async ({ world, trent, mallory, bot }) => {
  world.demotes(trent.person, 'triage')
  await trent.comments('/who')
  expect(bot.says()).toContain('you may not deploy here')
  await mallory.comments('/who\n\n/why\n\n/status')
  expect(bot.unread()).toEqual([])
})
