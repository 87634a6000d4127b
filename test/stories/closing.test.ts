import { createLocks } from '../../src/store/locks.ts'
import { expect, story, type Cast } from '../story.ts'
import { holds, servesAt, states } from '../world/facts.ts'
import { DEPLOY_YML } from '../world/world.ts'
import { MAC } from '../world/mac.ts'

const locks = ({ world }: Pick<Cast, 'world'>): string[] =>
  ['shop/staging', 'shop/production'].filter(
    (place) => createLocks(world.disk, MAC).find(world.github.repository.id, place, world.time.now()) !== null,
  )

story('closing a pull request gives up what was locked on it, and nothing else', async (cast) => {
  const { world, ada, grace, bot } = cast
  const issue = ada.person.opensIssue()
  holds(world, grace.person, 'shop/staging', world.pull)
  holds(world, grace.person, 'shop/production', issue)
  ada.person.closes(world.pull.number)
  await world.settle()
  expect(locks(cast)).toEqual(['shop/production'])
  expect(bot.says()).toBe('✅ **`shop/staging`** is free again: the lock of **grace** ended with this thread.')
  ada.person.closes(issue.number)
  await world.settle()
  expect(locks(cast)).toEqual([])
  expect(bot.says()).toContain('shop/production')
})

story('an outsider who closes a thread of theirs gives up nobody else’s lock, and it is said how to', async (cast) => {
  const { world, mallory, grace, bot } = cast
  const issue = mallory.person.opensIssue()
  await grace.comments('/lock production incident: do not deploy', issue.number)
  bot.says()
  mallory.person.closes(issue)
  await world.settle()
  expect(bot.says()).toMatchInlineSnapshot(
    `"🚦 **\`shop/production\`** stays locked by **grace** until 2026-11-24 13:00 UTC: incident: do not deploy ([since this comment](<https://github.com/acme/shop/issues/2#issuecomment-<id>>)). **mallory**, who closed this thread, may not give it up; \`/unlock shop/production\` does."`,
  )
  expect(locks(cast)).toEqual(['shop/production'])
  await grace.comments('/unlock production', issue.number)
  expect(bot.says()).toContain('**grace** gave it up')
})

story('a closing that was missed gives the lock up at the next start', async (cast) => {
  const { world, ada, grace, bot } = cast
  holds(world, grace.person, 'shop/staging', world.pull)
  await world.isAway('5 hours', () => ada.person.closes(world.pull.number))
  expect(locks(cast)).toEqual([])
  expect(bot.says()).toContain('is free again')
})

story('a closing that is told late leaves what was locked since the thread was opened again', async (cast) => {
  const { world, ada, grace, github } = cast
  // The list of missed deliveries is read a minute after the start, and then every five.
  await world.time.passes('2 minutes')
  ada.person.closes(world.pull.number)
  await github.webhooks.loses()
  ada.person.reopens(world.pull.number)
  await world.settle()
  await world.time.passes('2 minutes')
  holds(world, grace.person, 'shop/staging', world.pull)
  await world.time.passes('10 minutes')
  expect(github.webhooks.log.find(({ action }) => action === 'closed')).toBeDefined()
  expect(world.disk.all(`select key from delivery where key like 'x:%'`)).toHaveLength(1)
  expect(locks(cast)).toEqual(['shop/staging'])
})

story('a deployment that waits ends with the pull request that it was for', async (cast) => {
  const { world, ada, bot, github, registry } = cast
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', '    require: { checks: [build] }\n    url: https://staging'))
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  ada.person.labels(1, 'deploy:staging')
  await world.settle()
  bot.isHeard()
  ada.person.closes(world.pull.number)
  await world.settle()
  bot.isHeard()
  expect(states(world)).toEqual(['refused'])
  expect(await servesAt(world, '/')).toBeNull()
})

story('a new commit ends what waits for the checks of the old one, as soon as it is told', async (cast) => {
  const { world, ada, bot, github } = cast
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', '    approvals: { count: 1 }\n    url: https://staging'))
  await cast.registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  expect(states(world)).toEqual(['waiting'])
  await ada.pushes('checkout')
  expect(states(world)).toEqual(['refused'])
  expect(bot.says()).toContain('HEAD_MOVED')
})
