import { expect, story, type Cast } from '../story.ts'
import { servesAt, states } from '../world/facts.ts'
import { DEPLOY_YML } from '../world/world.ts'

const calls = ({ github }: Pick<Cast, 'github'>): number => github.calls.filter(({ operation }) => !operation.includes('/app/hook/')).length

/** Waits for an approval that nobody gives. */
async function waits({ world, ada, github, registry, bot }: Cast): Promise<void> {
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', '    approvals: { count: 1 }\n    url: https://staging'))
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  expect(states(world)).toEqual(['waiting'])
  bot.isHeard()
}

for (const what of ['deleted', 'suspend'] as const) {
  story(`the App is ${what === 'deleted' ? 'removed' : 'suspended'}: what waits is cancelled, and GitHub is not asked again`, async (cast) => {
    const { world, github } = cast
    await waits(cast)
    const before = calls(cast)
    github.installs(what)
    await world.settle()
    await world.time.passes('3 hours')
    expect(states(world)).toEqual(['cancelled'])
    expect(calls(cast)).toBe(before)
    expect(world.disk.all('select key from announcement where is_complete = 0')).toEqual([])
    expect(await servesAt(world, '/')).toBeNull()
  })

  story(`the App is ${what === 'deleted' ? 'removed' : 'suspended'} while nobody listens: one call finds out`, async (cast) => {
    const { world, github } = cast
    await waits(cast)
    await world.isAway('1 hour', () => github.installs(what))
    const before = calls(cast)
    await world.time.passes('3 hours')
    expect(states(world)).toEqual(['cancelled'])
    expect(calls(cast) - before).toBeLessThan(2)
  })
}

story('what is being applied goes on to its end, though nobody can be told any more', async (cast) => {
  const { world, ada, github, registry, engine, bot } = cast
  const digest = await registry.has('acme/shop:1', {})
  let isGone = false
  world.wire.engine = async (request) => {
    if (isGone || request.method === 'GET') return null
    isGone = true
    github.installs('deleted')
    await github.deliver((webhook) => world.receive(webhook).catch(() => Response.error()))
    return null
  }
  await ada.comments('/deploy production :1')
  await world.time.passes('3 hours')
  bot.isHeard()
  expect(states(world)).toEqual(['success'])
  expect(engine.runs('shop')).toBe(digest)
})

story('after a suspension everything is as it was', async (cast) => {
  const { world, ada, github, bot } = cast
  await waits(cast)
  github.installs('suspend')
  await world.settle()
  github.installs('created')
  await world.time.passes('15 minutes')
  await ada.comments('/status staging')
  bot.isHeard()
  expect(states(world)).toEqual(['cancelled'])
})

story('a suspension that is told after its end stops nothing that was asked for since, and nobody is silent', async (cast) => {
  const { world, ada, github, bot } = cast
  github.installs('suspend')
  await github.webhooks.loses()
  await world.time.passes('20 seconds')
  github.installs('created')
  await github.webhooks.loses()
  await world.time.passes('10 seconds')
  await waits(cast)
  await world.time.passes('6 minutes')
  expect(world.disk.all(`select key from delivery where key like 'g:%'`)).toHaveLength(1)
  expect(states(world)).toEqual(['waiting'])
  await ada.comments('/cancel')
  expect(bot.says()).toContain('**ada** stopped')
  bot.isHeard()
})
