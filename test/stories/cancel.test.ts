import { expect, story, type Cast } from '../story.ts'
import { idIn, states } from '../world/facts.ts'
import { FOUR_EYES, type World } from '../world/world.ts'

// Every 7th crossing, as in crash.test.ts.
const every = Number(process.env['GANTRY_CRASH_EVERY'] ?? '7')

/** While the engine is at this request, these things happen on GitHub one after the other, and the bot has read each before the engine answers. */
function during(world: World, request: RegExp, happen: readonly (() => unknown)[], isTime = (): boolean => true): void {
  let isOver = false
  world.wire.engine = async ({ method, url }) => {
    if (isOver || !isTime() || !request.test(`${method} ${new URL(url).pathname}`)) return null
    isOver = true
    for (const happens of happen) {
      happens()
      await world.github.deliver((delivery) => world.receive(delivery))
      while (isBusy(world)) await new Promise((resolve) => setImmediate(resolve))
    }
    return null
  }
}

/** Something is not read yet, or has not come as far as it can. */
const isBusy = ({ disk }: World): boolean =>
  disk.all(`select 1 from delivery where handled_at is null`).length > 0 ||
  disk.all(`select 1 from deployment where state in ('requested', 'gating', 'resolving', 'verifying')`).length > 0

const CREATE = /^POST .*\/containers\/create$/

story.once('what waits for its turn is cancelled before it changes anything', async ({ world, ada, grace, bot, registry, engine }) => {
  const first = await registry.has('acme/shop:1', {})
  await registry.has('acme/shop:2', { 2: '' })
  const issue = grace.person.opensIssue()
  during(world, CREATE, [() => grace.person.comments(issue.number, '/deploy production :2'), () => grace.person.comments(issue.number, '/cancel')])
  await ada.comments('/deploy production :1')
  expect(states(world)).toEqual(['success', 'cancelled'])
  expect(bot.says()).toContain('✅ **ada** deployed')
  const said = [bot.says(), bot.says()].toSorted()
  expect(said.map((text) => text.split('\n')[0])).toMatchInlineSnapshot(`
    [
      "⏭️ **grace** cancelled deploying \`registry.test/acme/shop:2\` (\`sha256:3e8d4beb33ba\`) to **\`production\`**.",
      "⏭️ **grace** stopped the deployment of \`shop:2\` to **\`production\`**, before anything was changed.",
    ]
  `)
  expect(engine.runs('shop')).toBe(first)
})

story.once('somebody else who may deploy there cancels too, and whoever asked hears of it', async ({ world, ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await registry.has('acme/shop:2', { 2: '' })
  const issue = ada.person.opensIssue()
  during(world, CREATE, [() => ada.person.comments(issue.number, '/deploy production :2'), () => grace.person.comments(issue.number, '/cancel')])
  await ada.comments('/deploy production :1')
  expect(states(world)).toEqual(['success', 'cancelled'])
  const said = bot.unread().map(({ body }) => body.split('\n')[0] ?? '')
  bot.isHeard()
  expect(said.filter((line) => line.includes('grace')).toSorted()).toMatchInlineSnapshot(`
    [
      "⏭️ **grace** cancelled deploying \`registry.test/acme/shop:2\` (\`sha256:3e8d4beb33ba\`) to **\`production\`**, which **ada** had asked for.",
      "⏭️ **grace** stopped the deployment of \`shop:2\` to **\`production\`**, which @ada had asked for, before anything was changed.",
    ]
  `)
})

story.once('whoever may not deploy there stops nothing', async ({ world, ada, trent, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  during(world, CREATE, [() => trent.person.comments(1, '/cancel')])
  await ada.comments('/deploy production :1')
  expect(states(world)).toEqual(['success'])
  expect(bot.says()).toContain('✅ **ada** deployed')
  expect(bot.says()).toContain('PERMISSION_REQUIRED')
})

story.once('what is being started is stopped, and what ran before runs again', async ({ world, ada, grace, bot, registry, engine }) => {
  const before = await registry.has('acme/shop:1', {})
  const slow = await registry.has('acme/shop:2', { 2: '' })
  engine.finds(slow, 'needs long')
  await ada.comments('/deploy production :1')
  bot.isHeard()
  during(world, /^POST .*\/containers\/[^/]+\/start$/, [() => grace.person.comments(1, '/cancel')])
  await ada.comments('/deploy production :2')
  expect(states(world)).toEqual(['success', 'cancelled'])
  const said = [bot.says(), bot.says()].toSorted()
  expect(said.map((text) => text.split('\n')[0])).toMatchInlineSnapshot(`
    [
      "⏭️ **grace** cancelled deploying \`registry.test/acme/shop:2\` (\`sha256:3e8d4beb33ba\`) to **\`production\`**, which **ada** had asked for.",
      "⏳ **grace** stops the deployment of \`shop:2\` to **\`production\`**, which @ada had asked for; its own comment says what runs in the end.",
    ]
  `)
  expect(engine.runs('shop')).toBe(before)
})

story.once('after the switch it is too late, and the way back is named', async ({ world, ada, grace, bot, registry, engine }) => {
  await registry.has('acme/shop:1', {})
  const now = await registry.has('acme/shop:2', { 2: '' })
  await ada.comments('/deploy production :1')
  bot.isHeard()
  during(world, /./, [() => grace.person.comments(1, '/cancel')], () => states(world).at(-1) === 'observing')
  await ada.comments('/deploy production :2')
  expect(states(world)).toEqual(['success', 'success'])
  const said = [bot.says(), bot.says()].toSorted()
  expect(said.map((text) => text.split('\n')[0])).toMatchInlineSnapshot(`
    [
      "✅ **ada** deployed \`registry.test/acme/shop:2\` (\`sha256:3e8d4beb33ba\`) to **\`production\`** in 0.0 s. [Open it](<https://shop.example.com/>)",
      "❔ It is too late to stop the deployment of \`shop:2\` to **\`production\`**, which **ada** had asked for: the image is in its place. To go back, type \`/rollback production\` once it has ended.",
    ]
  `)
  expect(engine.runs('shop')).toBe(now)
})

story('what has ended cannot be stopped any more', async ({ ada, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  const id = idIn(bot.hears())
  bot.isHeard()
  await ada.comments(`/cancel ${id}`)
  expect(bot.says()).toContain('There is nothing to stop any more. ✅ **ada** deployed')
  await ada.comments('/cancel')
  expect(bot.says()).toContain('DEPLOYMENT_UNKNOWN')
})

story('a stranger stops nothing and hears nothing', async ({ mallory, bot }) => {
  const comment = await mallory.comments('/cancel')
  expect(comment.reactions.map(({ content }) => content).toSorted()).toEqual(['confused', 'eyes'])
  expect(bot.unread()).toEqual([])
})

story.once('/status says what is under way, and who is in the queue in which order', async ({ world, ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await registry.has('acme/shop:2', { 2: '' })
  await registry.has('acme/shop:3', { 3: '' })
  const asks = ['/deploy production :2', '/deploy production :3', '/status production']
  during(
    world,
    CREATE,
    asks.map((text) => () => grace.person.comments(1, text)),
  )
  await ada.comments('/deploy production :1')
  const status = bot
    .unread()
    .find(({ body }) => body.includes('In the queue'))
    ?.body.replace(/<!--.*-->/, '')
  bot.isHeard()
  expect(status?.trim()).toMatchInlineSnapshot(`
    "**\`production\`** · [Open it](<https://shop.example.com/>)
    - Runs nothing of ours as \`shop\`
    - Nothing has been deployed here yet.
    - Now: ⏳ **ada** is deploying \`registry.test/acme/shop:1\` (\`sha256:b142029babe1\`) to **\`production\`**: starting the image.
    - In the queue: 1. **grace**: \`shop:2\`, next · 2. **grace**: \`shop:3\`"
  `)
  expect(states(world)).toEqual(['success', 'success', 'success'])
})

/** Ada's deployment of :1 waits for an approval; there is a :2 as well. */
async function waits({ ada, bot, github, registry }: Pick<Cast, 'ada' | 'bot' | 'github' | 'registry'>): Promise<void> {
  github.has('.github/deploy.yml', FOUR_EYES)
  await registry.has('acme/shop:1', {})
  await registry.has('acme/shop:2', { 2: '' })
  await ada.comments('/deploy production :1')
  bot.isHeard()
}

for (const word of ['/cancel', '/approve'])
  story.once(`a ${word} that was missed says nothing about what was asked for after it`, async (cast) => {
    const { world, ada, grace, bot, github } = cast
    await waits(cast)
    grace.person.comments(1, word)
    await github.webhooks.loses()
    await world.time.passes('20 seconds')
    await ada.comments('/cancel')
    await ada.comments('/deploy production :2')
    bot.isHeard()
    await world.time.passes('6 minutes')
    expect(states(world)).toEqual(['cancelled', 'waiting'])
    expect(bot.says()).toContain('Nothing on this thread waits for that.')
    await ends(cast)
  })

/** What still waits is stopped, too. */
async function ends({ world, ada, bot }: Pick<Cast, 'world' | 'ada' | 'bot'>): Promise<void> {
  await ada.comments('/cancel')
  expect(states(world)).toEqual(['cancelled', 'cancelled'])
  bot.isHeard()
}

story.atEveryCrossing(
  'one comment stops a deployment and asks for another, which it does not stop wherever the process dies',
  async (cast) => {
    await waits(cast)
    await cast.ada.comments('/cancel\n\n/deploy production :2')
    expect(states(cast.world)).toEqual(['cancelled', 'waiting'])
    await ends(cast)
  },
  { every },
)

story.once('a comment that is taken up again for its last line does not do its first line again', async (cast) => {
  const { world, ada, bot } = cast
  await waits(cast)
  let isRefused = false
  world.wire.github = async (request) => {
    if (isRefused || states(world).length < 2 || !request.url.endsWith('/graphql')) return null
    const { query, variables } = (await request.clone().json()) as { query: string; variables: { judges?: boolean } }
    if (!query.includes('query facts') || variables.judges === true) return null
    isRefused = true
    const headers = { 'retry-after': '90', 'content-type': 'application/json' }
    return new Response('{"message":"You have exceeded a secondary rate limit"}', { status: 403, headers })
  }
  ada.person.comments(1, '/cancel\n\n/deploy production :2\n\n/who production')
  await world.settle()
  await world.time.passes('3 minutes')
  expect([isRefused, states(world)]).toEqual([true, ['cancelled', 'waiting']])
  expect(bot.unread().map(({ body }) => body.split(' ')[0])).toEqual(expect.arrayContaining(['⏭️', '🚦']))
  await ends(cast)
})
