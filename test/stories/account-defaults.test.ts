import type { Cast } from '../story.ts'
import { expect, story } from '../story.ts'
import { states } from '../world/facts.ts'
import { demand, openHome, type HomeWish } from '../world/github/home.ts'
import type { Repository } from '../world/github/state.ts'
import { DEPLOY_YML } from '../world/world.ts'

/** What the account demands of production, as one line. */
const demands = (line: string): string => `version: 1\nenvironments:\n  production: { ${line} }\n`

const SECOND_PERSON = demands('approvals: { count: 1 }')

/** As it happens: somebody makes the repository and pushes the file, and GitHub tells the App if that is installed there. */
async function opens({ world, github }: Pick<Cast, 'world' | 'github'>, defaults: string, wish: HomeWish = {}): Promise<Repository> {
  const home = openHome(github, wish)
  const { grace } = github.people
  home.roles.set(grace.id, { role: 'admin', name: 'admin' })
  grace.at(home).pushes('main', { files: { '.github/deploy-defaults.yml': defaults } })
  await world.settle()
  return home
}

const HIDDEN = { isPrivate: true, isInstalled: true }

/** Ada asks for what a repository's own file would let her have at once. */
async function asks({ ada, registry }: Pick<Cast, 'ada' | 'registry'>): Promise<string> {
  const digest = await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  return digest
}

story('production waits for a second person where the account demands one, whatever the repository’s file says', async (cast) => {
  const { world, grace, bot, github, engine } = cast
  openHome(github, { defaults: SECOND_PERSON })
  const digest = await asks(cast)
  expect(states(world)).toEqual(['waiting'])
  expect(engine.runs('shop')).toBeNull()
  await world.time.passes('3 seconds')
  expect(bot.hears()).toContain("An approval by somebody else with the role write is missing (the account's defaults).")
  await grace.comments('/approve')
  expect(bot.says()).toContain('✅ **ada** deployed')
  expect(bot.says()).toContain('which **ada** had asked for: it goes on.')
  expect(engine.runs('shop')).toBe(digest)
})

story('a repository whose file is looser cannot go around it', async (cast) => {
  const { world, ada, grace, bot, github, registry, engine } = cast
  openHome(github, { defaults: demands('allow: { role: maintain }, approvals: { count: 1 }') })
  github.has('.github/deploy.yml', `${DEPLOY_YML}    approvals: { count: 1, not: [] }\n`)
  await asks(cast)
  const refused = bot.says()
  expect(refused).toContain('**ada** asked to deploy `:1` to **`production`**: refused')
  expect(refused).toContain("**Wanted:** `role maintain or higher on this repository (the account's defaults)`")
  expect(refused).toContain("**Who can put this right:** the account's administrators")
  await registry.has('acme/shop:2', { 2: '' })
  world.demotes(ada.person, 'maintain')
  await ada.comments('/deploy production :2')
  await ada.comments('/approve')
  // Her own word counts by the repository's file, and not by the account's.
  expect(states(world)).toEqual(['refused', 'waiting'])
  await grace.comments('/approve')
  expect(states(world)).toEqual(['refused', 'success'])
  expect(engine.runs('shop')).toBe(registry.digestOf('acme/shop:2'))
  bot.isHeard()
})

story('what the account demands of production is not demanded elsewhere', async ({ world, ada, bot, github, registry }) => {
  openHome(github, { defaults: SECOND_PERSON })
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toContain('✅ **ada** deployed')
  expect(states(world)).toEqual(['success'])
})

story('a private repository has the account’s defaults', async (cast) => {
  const { world, grace, bot, github, engine } = cast
  await opens(cast, SECOND_PERSON, HIDDEN)
  const digest = await asks(cast)
  expect(states(world)).toEqual(['waiting'])
  await grace.comments('/approve')
  expect(bot.says()).toContain('✅ **ada** deployed')
  expect(engine.runs('shop')).toBe(digest)
  bot.isHeard()
  // No token reaches two repositories.
  expect(github.auth.tokens.filter(({ repositories }) => repositories?.size !== 1)).toEqual([])
})

story('a private repository that the App may not see has none', async (cast) => {
  const { world, bot } = cast
  await opens(cast, SECOND_PERSON, { isPrivate: true })
  await asks(cast)
  expect(bot.says()).toContain('✅ **ada** deployed')
  expect(states(world)).toEqual(['success'])
})

story('defaults that nobody can read stop every repository, and say which file it is', async (cast) => {
  const { world, ada, bot, github, registry, engine } = cast
  const home = openHome(github, { defaults: demands('aprovals: { count: 1 }') })
  await asks(cast)
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`production\`**: refused.

    **Why:** In \`.github/deploy-defaults.yml\` of the account's \`.github\` repository: The key "aprovals" is not known here. Did you mean "approvals"?

    - **Found:** \`3:17 aprovals\`
    - **Wanted:** \`one of allow, from, approvals, require, verify, freeze\`
    - **Next:** Correct line 3 of \`.github/deploy-defaults.yml\` of the account's \`.github\` repository.
    - **Who can put this right:** the account's administrators
    - **Code:** \`CONFIGURATION_INVALID\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  expect(states(world)).toEqual(['refused'])
  demand(github, home, null)
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('✅ **ada** deployed')
  expect(engine.runs('shop')).toBe(registry.digestOf('acme/shop:1'))
})

story('an approval ends where the account asks for others by the time it takes effect', async (cast) => {
  const { world, ada, grace, trent, bot, github, engine } = cast
  world.demotes(trent.person, 'write')
  github.team('acme/leads', [trent.person])
  const home = openHome(github, { defaults: SECOND_PERSON })
  // From 13:30 on nothing is deployed, so that what is approved has to wait.
  github.has('.github/deploy.yml', `${DEPLOY_YML}    freeze: [{ from: "mon 13:30", to: "mon 15:00", zone: UTC }]\n`)
  const digest = await asks(cast)
  await world.time.passes('45 minutes')
  await grace.comments('/approve')
  bot.isHeard()
  expect(states(world)).toEqual(['waiting'])
  demand(github, home, demands('approvals: { count: 1, by: [team:acme/leads] }'))
  await world.time.passes('90 minutes')
  expect(states(world)).toEqual(['waiting'])
  expect(engine.runs('shop')).toBeNull()
  await ada.comments('/why')
  expect(bot.says()).toContain("An approval by one of `team:acme/leads` is missing (the account's defaults).")
  await trent.comments('/approve')
  expect(states(world)).toEqual(['success'])
  expect(engine.runs('shop')).toBe(digest)
  bot.isHeard()
})

story('demands that come while something waits hold it up, too', async (cast) => {
  const { world, ada, bot, github, registry, engine } = cast
  const home = openHome(github)
  const digest = await registry.has('acme/shop:1', {})
  const head = world.pull.pull?.head ?? ''
  github.checks(head, 'build', 'in_progress')
  await ada.comments('/deploy production :1 --when-green')
  demand(github, home, demands('allow: { role: admin }'))
  github.checks(head, 'build', 'success')
  await world.time.passes('2 minutes')
  expect(bot.says()).toContain("role admin or higher on this repository (the account's defaults)")
  expect(states(world)).toEqual(['refused'])
  expect(engine.runs('shop')).not.toBe(digest)
})

story('while GitHub does not answer about them nothing is deployed, and it is tried again', async (cast) => {
  const { world, bot, github } = cast
  await opens(cast, demands('allow: { role: admin }'), HIDDEN)
  github.fails('object').times(3)
  await asks(cast)
  await world.time.passes('1 minute')
  expect(bot.says()).toContain("role admin or higher on this repository (the account's defaults)")
  expect(states(world)).toEqual(['refused'])
})

story('where GitHub does not answer for long it is a failure, and no deployment', async (cast) => {
  const { world, bot, github, engine } = cast
  await opens(cast, demands('allow: { role: write }'), HIDDEN)
  const trouble = github.fails('object').always()
  await asks(cast)
  await world.time.passes('5 minutes')
  expect(bot.says()).toContain('GITHUB_UNAVAILABLE')
  expect(states(world)).toEqual(['failure'])
  expect(engine.runs('shop')).toBeNull()
  trouble.over()
})

story.once('the first file that is put there counts at once, though there was none a minute ago', async (cast) => {
  const { world, ada, bot } = cast
  await asks(cast)
  expect(bot.says()).toContain('✅ **ada** deployed')
  await opens(cast, demands('allow: { role: admin }'), HIDDEN)
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain("role admin or higher on this repository (the account's defaults)")
  expect(states(world)).toEqual(['success', 'refused'])
})

story('/who and /deploy help say what the account demands', async ({ ada, bot, github }) => {
  openHome(github, { defaults: demands('allow: { role: maintain, any: [user:grace] }, approvals: { count: 2 }') })
  await ada.comments('/who production')
  expect(bot.says()).toMatchInlineSnapshot(`
    "**\`production\`**
    - Deploys: whoever has the role \`write\`
    - Approves: nobody has to
    - The account's defaults let deploy: only whoever has the role \`maintain\` and is one of \`user:grace\`
    - The account's defaults ask for approvals as well: 2 of those with the role \`write\`, but not whoever asked for it, the pull request's author, whoever pushed last, within 4 h
    - Held by nobody
    - You, **ada**, have the role \`write\`: you may not deploy here, and may not approve on this thread"
  `)
  await ada.comments('/deploy help')
  expect(bot.says()).toContain('`production` (from the role `maintain`)')
})

story('what begins by itself is judged by the account’s demands as well', async ({ world, ada, github, bot, registry }) => {
  openHome(github, { defaults: 'version: 1\nenvironments:\n  "*": { from: { branches: [release] } }\n' })
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging.example.com', '    auto: { push: [main] }'))
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  ada.person.pushes('main')
  await world.settle()
  await world.time.passes('1 minute')
  expect(states(world)).toEqual(['refused'])
  expect(bot.unread()).toEqual([])
})

const every = Number(process.env['GANTRY_CRASH_EVERY'] ?? '13')

story.atEveryCrossing(
  'the process dies anywhere on the way by the rules of both',
  async (cast) => {
    const { world, grace, bot, engine } = cast
    await opens(cast, SECOND_PERSON, HIDDEN)
    const digest = await asks(cast)
    await grace.comments('/approve')
    expect(bot.says()).toContain('✅ **ada** deployed')
    expect(bot.says()).toContain('**grace** approved the deployment')
    expect(states(world)).toEqual(['success'])
    expect(engine.runs('shop')).toBe(digest)
  },
  { every },
)
