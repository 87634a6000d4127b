import { expect, story } from '../story.ts'
import { states } from '../world/facts.ts'

story('a lock keeps everybody else out, says why and until when', async ({ world, ada, grace, bot, registry, engine }) => {
  const digest = await registry.has('acme/shop:1', {})
  await ada.comments('/lock production the database is being moved --for 2h')
  expect(bot.says()).toMatchInlineSnapshot(
    `"✅ **ada** holds **\`production\`** until 2026-11-23 15:00 UTC: the database is being moved. Nobody else deploys there; \`/unlock production\` gives it up, and so does closing this thread."`,
  )
  await grace.comments('/deploy production :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **grace** asked to deploy \`:1\` to **\`production\`**: refused.

    **Why:** production is locked by ada: the database is being moved

    - **Found:** \`locked since 2026-11-23 13:00 UTC, until 2026-11-23 15:00 UTC\`
    - **Wanted:** \`a free environment, or its holder\`
    - **Next:** Ask ada, or type \`/unlock production\` if it is not needed any more.
    - **Who can put this right:** whoever asked
    - **Code:** \`LOCKED\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('✅')
  expect(engine.runs('shop')).toBe(digest)
  expect(states(world)).toEqual(['refused', 'success'])
})

story('whoever gives it up gives it up for all', async ({ ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await ada.comments('/lock production the database is being moved')
  bot.says()
  await ada.comments('/unlock production')
  expect(bot.says()).toMatchInlineSnapshot(`"✅ **\`production\`** is free again: **ada** gave it up."`)
  await grace.comments('/deploy production :1')
  expect(bot.says()).toContain('✅')
})

story('somebody else’s lock can be given up, and its holder hears of it', async ({ ada, grace, bot }) => {
  await ada.comments('/lock production the database is being moved')
  bot.says()
  await grace.comments('/unlock production')
  expect(bot.says()).toMatchInlineSnapshot(
    `"✅ **\`production\`** is free again: **grace** gave it up for @ada, who had locked it (the database is being moved)."`,
  )
})

story('somebody else’s lock is not taken by accident, and taking it over tells them', async ({ ada, grace, bot }) => {
  await ada.comments('/lock production release week --for 5d')
  bot.says()
  await grace.comments('/lock production hotfix')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 production is locked by ada: release week

    - **Found:** \`locked since 2026-11-23 13:00 UTC, until 2026-11-28 13:00 UTC\`
    - **Wanted:** \`a free environment, or its holder\`
    - **Next:** Ask ada, or add \`--take-over\`: then they are told.
    - **Who can put this right:** whoever asked
    - **Code:** \`LOCKED\`"
  `)
  await grace.comments('/lock production hotfix --take-over')
  expect(bot.says()).toMatchInlineSnapshot(
    `"✅ **grace** took **\`production\`** over from @ada and holds it until 2026-11-24 13:00 UTC: hotfix. Nobody else deploys there; \`/unlock production\` gives it up, and so does closing this thread."`,
  )
})

story('a lock ends by itself', async ({ world, ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await ada.comments('/lock production a short look --for 30m')
  bot.says()
  await world.time.passes('31 minutes')
  await grace.comments('/deploy production :1')
  expect(bot.says()).toContain('✅')
})

story.atEveryCrossing('an hour before its end its holder is reminded, once, wherever the process dies', async ({ world, ada, bot }) => {
  await ada.comments('/lock production release "week" --for 62m')
  bot.says()
  // Whoever starts after a death looks again a minute later.
  await world.time.passes('4 minutes')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚦 @ada, your lock on **\`shop/production\`** (release week) ends at 2026-11-23 14:02 UTC.

    - **Next:** nothing, if you are done; to keep it, type \`/lock shop/production "release week" --for 1d\`"
  `)
})

story('every environment at once is for those who maintain the repository', async ({ world, ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await ada.comments('/lock --all GitHub is unwell')
  expect(bot.says()).toContain('PERMISSION_REQUIRED')
  world.demotes(grace.person, 'maintain')
  await grace.comments('/lock --all GitHub is unwell --for 1h')
  expect(bot.says()).toMatchInlineSnapshot(
    `"✅ **grace** holds every environment of this repository until 2026-11-23 14:00 UTC: GitHub is unwell. Nobody else deploys there; \`/unlock --all\` gives it up, and so does closing this thread."`,
  )
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('LOCKED')
  await grace.comments('/unlock --all')
  expect(bot.says()).toMatchInlineSnapshot(`"✅ Every environment of this repository is free again: **grace** gave it up."`)
})

story('nothing is locked: one line', async ({ ada, bot }) => {
  await ada.comments('/unlock production')
  expect(bot.says()).toMatchInlineSnapshot(`"⏭️ Nobody holds **\`production\`**, so there is nothing to give free."`)
})

story('what a lock cannot be is said before anything is held', async ({ ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await ada.comments('/lock production\n\n/lock production soon --for 31d\n\n/lock producton soon\n\n/lock production soon --expect x')
  const said = [bot.says(), bot.says(), bot.says(), bot.says()]
  expect(said.map((text) => text.split('\n')[0]).toSorted()).toMatchInlineSnapshot(`
    [
      "🚫 The command \`/lock\` has no option \`--expect\`, so it does nothing at all.",
      "🚫 The command needs a reason, so that others know what they wait for.",
      "🚫 The option \`--for\` does not hold a time that a lock can last.",
      "🚫 There is no environment "producton". Did you mean "production"?",
    ]
  `)
  await grace.comments('/deploy production :1')
  expect(bot.says()).toContain('✅')
})

story('a stranger locks nothing and hears nothing', async ({ mallory, ada, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  const comment = await mallory.comments('/lock production mine now')
  expect(comment.reactions.map(({ content }) => content).toSorted()).toEqual(['confused', 'eyes'])
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('✅')
})

story('a reason may be in any language, in quotation marks', async ({ ada, bot }) => {
  await ada.comments('/lock production "Umzug der Datenbank – bitte nicht stören"')
  expect(bot.says()).toContain('stören')
})

story.atEveryCrossing(
  'a lock is taken over and given up once, and its holders hear of it, wherever the process dies',
  async ({ ada, grace, bot }) => {
    await ada.comments('/lock production release week --for 5d')
    bot.says()
    await grace.comments('/lock production hotfix --take-over')
    expect(bot.says()).toContain('**grace** took **`production`** over from @ada')
    await ada.comments('/unlock production')
    expect(bot.says()).toContain('**ada** gave it up for @grace, who had locked it')
  },
  { every: 4 },
)

story.once('what was locked and given up while nobody listened is free', async ({ world, ada, bot }) => {
  await world.isAway('10 minutes', async () => {
    ada.person.comments(1, '/lock production moving')
    await world.time.passes('1 minute')
    ada.person.comments(1, '/unlock production')
  })
  await world.time.passes('6 minutes')
  expect(bot.unread().map(({ body }) => body)).toEqual(
    expect.arrayContaining([expect.stringContaining('holds **`production`**'), expect.stringContaining('**ada** gave it up')]),
  )
  expect(world.disk.all('select * from lock')).toEqual([])
  bot.isHeard()
})

story.once('an /unlock that GitHub delivers before the lock is taken gives it up all the same', async ({ world, ada, bot, github }) => {
  github.answers(502).to('POST /graphql').times(2)
  ada.person.comments(1, '/lock production moving')
  ada.person.comments(1, '/unlock production')
  await world.settle()
  await world.time.passes('1 minute')
  expect(world.disk.all('select * from lock')).toEqual([])
  bot.isHeard()
})
