import { expect, story, type Cast } from '../story.ts'
import { servesAt, states } from '../world/facts.ts'
import { comment } from '../world/github/threads.ts'
import { DEPLOY_YML } from '../world/world.ts'

/** Staging is for this App as well. */
function names({ github }: Pick<Cast, 'github'>, app: string): void {
  const rules = `    allow: { role: write, any: [user:ada, ${app}] }\n    url: https://staging.example.com`
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging.example.com', rules))
}

const reactions = ({ world }: Pick<Cast, 'world'>): string[][] => world.pull.comments.map(({ reactions: all }) => all.map(({ content }) => content))

story('an App that the rules name deploys, and is answered', async (cast) => {
  const { world, bot, github, registry } = cast
  names(cast, 'app:robot')
  await registry.has('acme/shop:1', { 'site/index.html': 'by a robot' })
  await world.time.passes('1 minute')
  github.people.robot.comments(1, '/deploy staging :1')
  await world.settle()
  expect(bot.says()).toContain('✅ **`robot[bot]`** deployed')
  expect(await servesAt(world, '/')).toBe('by a robot')
})

story('an App that is named by its id deploys', async (cast) => {
  const { world, bot, github, registry } = cast
  names(cast, `app:${github.people.robot.account.app?.id}`)
  await registry.has('acme/shop:1', { 'site/index.html': 'by its id' })
  await world.time.passes('1 minute')
  github.people.robot.comments(1, '/deploy staging :1')
  await world.settle()
  bot.isHeard()
  expect(await servesAt(world, '/')).toBe('by its id')
})

story('an App that no rule names hears nothing, whatever it asks', async (cast) => {
  const { world, github, registry } = cast
  names(cast, 'app:another')
  // Where everybody who sees a repository is answered, Apps are not.
  github.repository.isPrivate = true
  world.demotes(github.people.robot, 'read')
  await world.time.passes('1 minute')
  const commands = [
    '/deploy staging :1',
    '/deploy nowhere',
    '/deploy production :1',
    '/status',
    '/preflight staging :1',
    '/deploy help',
    '/dploy staging',
  ]
  for (const command of commands) {
    github.people.robot.comments(1, command)
    await world.settle()
  }
  for (const seen of reactions(cast)) expect(seen).toContain('confused')
  expect(registry.requests).toEqual([])
  expect(github.repository.deployments).toEqual([])
})

story('an App that is named is told why not, and may not do what only people may', async (cast) => {
  const { world, bot, github } = cast
  names(cast, 'app:robot')
  await world.time.passes('1 minute')
  github.people.robot.comments(1, '/deploy staging :none')
  await world.settle()
  expect(bot.says()).toContain('NOT_FOUND')
  github.people.robot.comments(1, '/deploy production :1')
  await world.settle()
  expect(states(world)).toEqual(['failure', 'refused'])
})

story('our own words are never read, whoever repeats them', async (cast) => {
  const { world, ada, bot, github } = cast
  await ada.comments('/deploy nowhere')
  const said = bot.says()
  expect(said).toContain('ENVIRONMENT_UNKNOWN')
  const before = github.calls.length
  comment(github, github.repository, world.pull, github.bot, '/deploy staging\n/status')
  bot.isHeard()
  await world.settle()
  expect(github.calls.length).toBe(before)
  // Another bot that echoes every comment it hears of: it gets a reaction, which nobody is told of.
  github.people.robot.comments(1, `/deploy nowhere\n\n${said}`)
  await world.settle()
  expect(states(world)).toEqual(['refused', 'refused'])
})

story('a comment that an App writes in a person’s name is nobody’s command', async ({ world, ada, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  ada.person.comments(1, '/deploy staging :1', github.app('codespaces'))
  await world.settle()
  expect(states(world)).toEqual([])
})
