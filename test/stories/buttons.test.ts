import { expect, story, type Cast } from '../story.ts'
import { idIn, servesAt, states } from '../world/facts.ts'
import { createCheck } from '../world/github/checks.ts'
import type { CheckRun } from '../world/github/state.ts'
import { FOUR_EYES } from '../world/world.ts'

// Every 7th crossing, as in crash.test.ts.
const every = Number(process.env['GANTRY_CRASH_EVERY'] ?? '7')

/** Our check runs, oldest first. */
const runs = ({ github }: Pick<Cast, 'github'>): readonly CheckRun[] => github.repository.checks.filter(({ app }) => app.id === github.identity.id)

/** Of the newest deployment that has one. */
function newest(cast: Pick<Cast, 'github'>): CheckRun {
  const run = runs(cast).at(-1)
  if (run === undefined) throw new Error('there is no check run')
  return run
}

const buttons = ({ actions }: CheckRun): readonly string[] => actions.map(({ label }) => label)

const reactionsOn = ({ github }: Pick<Cast, 'github'>) => github.repository.issues.get(1)?.reactions.map(({ content }) => content)

/** A deployment of an image that is not there yet, which has failed; whoever presses Retry finds it. */
async function fails({ ada, bot, registry }: Cast, environment = 'production'): Promise<string> {
  await ada.comments(`/deploy ${environment} :1`)
  const id = idIn(bot.hears())
  expect(bot.says()).toContain('❌')
  return registry.has('acme/shop:1', { 'site/index.html': 'one' }).then(() => id)
}

story.atEveryCrossing(
  'Retry on the check run runs the plan that failed once more, once, wherever the process dies meanwhile',
  async (cast) => {
    const { world, grace, bot, registry, engine, github } = cast
    const id = await fails(cast)
    const failed = newest(cast)
    expect(buttons(failed)).toEqual(['Retry'])
    await grace.presses('Retry', failed)
    expect(bot.says()).toContain('✅ **grace** deployed once more `registry.test/acme/shop:1`')
    expect(engine.runs('shop')).toBe(registry.digestOf('acme/shop:1'))
    expect(states(world)).toEqual(['failure', 'success'])
    // The retry has a check run of its own, and both have their words.
    expect(runs(cast).map(({ conclusion }) => conclusion)).toEqual(['failure', 'success'])
    expect(runs(cast)[0]?.externalId).toBe(id)
    expect(buttons(newest(cast))).toEqual(['Roll back'])
    expect(github.repository.deployments).toHaveLength(2)
  },
  { every },
)

story('a retry says that a button asked for it', async (cast) => {
  const { ada, bot } = cast
  await fails(cast, 'staging')
  await ada.presses('Retry', newest(cast))
  expect(bot.says().split('\n').at(-1)).toMatchInlineSnapshot(`"Asked by a button of the check run · commit \`<head>\` · deployment \`<id>\`"`)
})

story('Re-run retries the same plan, whatever became of it', async (cast) => {
  const { world, ada, bot, registry } = cast
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toContain('✅ **ada** deployed')
  // Whatever the tag stands for by now, the plan has its digest.
  await registry.has('acme/shop:1', { 'site/index.html': 'another' })
  await ada.reruns(newest(cast))
  expect(bot.says().split('\n')[0]).toMatchInlineSnapshot(
    `"✅ \`registry.test/acme/shop:1\` (\`sha256:3307cad60fa0\`) already runs in **\`staging\`**, so nothing had to change for **ada**. [Open it](<https://staging.example.com/>)"`,
  )
  expect(await servesAt(world, '/')).toBe('one')
  expect(states(world)).toEqual(['success', 'success'])
})

story('Cancel stops what waits, and Deploy asks for it once more', async (cast) => {
  const { world, ada, grace, bot, github, registry, engine, time } = cast
  github.has('.github/deploy.yml', FOUR_EYES)
  const digest = await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  await time.passes('1 minute')
  const waits = newest(cast)
  expect(buttons(waits)).toEqual(['Cancel'])
  await grace.presses('Cancel', waits)
  await time.passes('1 minute')
  const said = [bot.says(), bot.says()].map((text) => text.split('\n')[0])
  expect(said).toMatchInlineSnapshot(`
    [
      "⏭️ **grace** cancelled deploying \`registry.test/acme/shop:1\` (\`sha256:b142029babe1\`) to **\`production\`**, which **ada** had asked for.",
      "⏭️ **grace** stopped the deployment of \`shop:1\` to **\`production\`**, which @ada had asked for, before anything was changed.",
    ]
  `)
  expect(states(world)).toEqual(['cancelled'])
  expect(buttons(waits)).toEqual(['Deploy'])
  await ada.presses('Deploy', waits)
  expect(states(world)).toEqual(['cancelled', 'waiting'])
  await grace.comments('/approve')
  await time.passes('1 minute')
  bot.isHeard()
  expect(engine.runs('shop')).toBe(digest)
})

story('a press of Cancel that comes too late hears what became of it', async (cast) => {
  const { world, ada, grace, bot, registry } = cast
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  bot.isHeard()
  // The page was loaded while it ran.
  grace.person.pressesUnshown('cancel', newest(cast))
  await world.settle()
  expect(bot.says().split('1`')[0]).toMatchInlineSnapshot(`"⏭️ There is nothing to stop any more. ✅ **ada** deployed \`registry.test/acme/shop:"`)
  expect(states(world)).toEqual(['success'])
})

story('Roll back brings back what ran before', async (cast) => {
  const { world, ada, bot, registry } = cast
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await registry.has('acme/shop:2', { 'site/index.html': 'two' })
  await ada.comments('/deploy staging :1')
  await ada.comments('/deploy staging :2')
  bot.isHeard()
  await ada.presses('Roll back', newest(cast))
  expect(bot.says().split('\n')[0]).toMatchInlineSnapshot(
    `"✅ **ada** rolled **\`shop/staging\`** back from \`shop:2\` to \`registry.test/acme/shop:1\` (\`sha256:3307cad60fa0\`) in 0.0 s. [Open it](<https://staging.example.com/>)"`,
  )
  expect(await servesAt(world, '/')).toBe('one')
})

story('a button of what has been followed by something newer does nothing and says so, in the thread', async (cast) => {
  const { world, ada, grace, bot, registry } = cast
  await fails(cast, 'staging')
  const old = newest(cast)
  await registry.has('acme/shop:2', { 'site/index.html': 'two' })
  await grace.comments('/deploy staging :2')
  bot.isHeard()
  await ada.presses('Retry', old)
  expect(bot.says().replaceAll(/[0-9a-z]+-[0-9a-f]{32}/g, '<id>')).toMatchInlineSnapshot(`
    "🚫 The button "Retry" is out of date, so nothing was done.

    - **Found:** \`<id>, which was followed there by <id>\`
    - **Wanted:** \`the newest deployment of its environment\`
    - **Next:** Look at what runs there now with \`/status shop/staging\`, then ask for what is wanted in a comment.
    - **Who can put this right:** whoever asked
    - **Code:** \`BUTTON_STALE\`"
  `)
  await grace.reruns(old)
  expect(bot.says()).toContain('BUTTON_STALE')
  expect(states(world)).toEqual(['failure', 'success'])
  expect(await servesAt(world, '/')).toBe('two')
})

story('what came after it and changed nothing makes no button stale', async (cast) => {
  const { world, ada, bot, registry } = cast
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await registry.has('acme/shop:2', { 'site/index.html': 'two' })
  await ada.comments('/deploy staging :1')
  await ada.comments('/deploy staging :2')
  const good = newest(cast)
  await ada.comments('/deploy staging :3')
  bot.isHeard()
  await ada.presses('Roll back', good)
  expect(bot.says()).toContain('rolled')
  expect(await servesAt(world, '/')).toBe('one')
})

story('who presses is judged like who comments, whatever GitHub shows to whom', async (cast) => {
  const { world, ada, trent, mallory, bot, github } = cast
  await fails(cast)
  const failed = newest(cast)
  // A stranger hears nothing at all: nothing was said by them on which a reaction could stand.
  mallory.person.pressesUnshown('retry', failed)
  await world.settle()
  expect(states(world)).toEqual(['failure', 'refused'])
  expect(reactionsOn(cast)).toEqual([])
  mallory.person.pressesUnshown('cancel', failed)
  await world.settle()
  // Somebody whose role has gone since the page was loaded is a stranger by then.
  github.repository.isPrivate = true
  trent.person.pressesUnshown('retry', failed)
  await world.settle()
  expect(bot.says()).toContain('PERMISSION_REQUIRED')
  expect(states(world)).toEqual(['failure', 'refused', 'refused'])
  await ada.presses('Retry', failed)
  expect(bot.says()).toContain('✅ **ada** deployed once more')
})

story('the same signed body is one press, under whatever delivery id it comes; so is a second press of the same button', async (cast) => {
  const { world, ada, bot, github } = cast
  await fails(cast, 'staging')
  const failed = newest(cast)
  await ada.presses('Retry', failed)
  expect(bot.says()).toContain('✅ **ada** deployed once more')
  const press = github.webhooks.log.findLast(({ action }) => action === 'requested_action')!
  github.webhooks.replaysWithFreshId(press)
  github.redelivers(press)
  await ada.presses('Retry', failed)
  expect(states(world)).toEqual(['failure', 'success'])
})

story('only buttons of our own deployments mean anything, and only people press them', async (cast) => {
  const { world, ada, github } = cast
  await fails(cast, 'staging')
  const failed = newest(cast)
  const { headSha, externalId } = failed
  const action = { label: 'Retry', description: 'copied', identifier: 'retry' }
  // Another deployment's id, of nobody; a name that no deployment has; an identifier that is none of ours.
  for (const [id, identifier] of [
    ['9ix-00000000000000000000000000000000', 'retry'],
    ['k:9:1:abc', 'retry'],
    [externalId ?? '', 'approve'],
  ] as const) {
    const fields = { name: 'copied', externalId: id, actions: [action], conclusion: 'failure' }
    ada.person.pressesUnshown(identifier, createCheck(github, github.repository, github.identity, headSha, fields))
    await world.settle()
  }
  expect(states(world)).toEqual(['failure'])
})

story('a press that was missed is obeyed if it is young, and told if it is not', async (cast) => {
  const { world, ada, bot } = cast
  await fails(cast, 'staging')
  const failed = newest(cast)
  await world.isAway('5 hours', () => ada.person.presses('Retry', failed))
  expect(bot.says()).toMatchInlineSnapshot(
    `"⏭️ @ada, a button of the check run was pressed 5 hours ago, while Gantry could not be reached, so nothing was done. Ask for it in a comment if it is still wanted."`,
  )
  await world.isAway('10 minutes', () => ada.person.reruns(failed))
  expect(bot.says()).toContain('✅ **ada** deployed once more')
  expect(states(world)).toEqual(['failure', 'success'])
})

story('where nobody asked on a thread the check run alone says what became of it', async (cast) => {
  const { world, ada, registry } = cast
  const asked = await ada.calls('POST', '/deploy', { repository: 'acme/shop', environment: 'staging', image: ':1' })
  expect(asked.status).toBe(202)
  expect(states(world)).toEqual(['failure'])
  const failed = newest(cast)
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.presses('Retry', failed)
  expect(states(world)).toEqual(['failure', 'success'])
  expect(newest(cast).conclusion).toBe('success')
  // There is nowhere to say that this one is out of date.
  await ada.reruns(failed)
  expect(states(world)).toEqual(['failure', 'success'])
  expect(world.logged.filter((line) => line.includes('BUTTON_STALE'))).toHaveLength(1)
})

story('comment, check run and Deployment lead to the page, where there is one', async (cast) => {
  const { world, ada, bot, github, registry } = cast
  world.url = 'https://gantry.example'
  await world.dies()
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  const [run] = runs(cast)
  const page = `https://gantry.example/d/${run?.externalId}`
  expect(bot.hears()).toContain(`deployment [\`${run?.externalId}\`](<${page}>)`)
  bot.isHeard()
  expect(run?.detailsUrl).toBe(page)
  expect(github.repository.deployments[0]?.statuses.map(({ logUrl }) => logUrl)).toEqual([page, page])
})
