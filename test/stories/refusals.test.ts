import { REGISTRY, DEPLOY_YML } from '../world/world.ts'
import { expect, story } from '../story.ts'
import { give } from '../world/github/population.ts'
import { states } from '../world/facts.ts'

story('a stranger on a public repository gets a reaction and no comment', async ({ world, mallory }) => {
  const command = await mallory.comments('/deploy staging')
  expect(command.reactions.map(({ content }) => content)).toContain('confused')
  expect(states(world)).toEqual(['refused'])
})

story('a colleague without the right is told who can help', async ({ mallory, bot, github }) => {
  github.repository.isPrivate = true
  give(github.repository, mallory.person.account, 'read')
  await mallory.comments('/deploy staging')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **mallory** asked to deploy an image to **\`staging\`**: refused.

    **Why:** mallory may not deploy here.

    - **Found:** \`role read\`
    - **Wanted:** \`role write or higher on this repository\`
    - **Next:** Ask someone with the role write to deploy, or an administrator of the repository for that role.
    - **Who can put this right:** someone who can change this repository or its configuration
    - **Code:** \`PERMISSION_REQUIRED\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
})

story('triage may label, but a label needs the right to deploy', async ({ world, trent, bot, github }) => {
  await trent.labels('deploy:production')
  expect(bot.says()).toContain('PERMISSION_REQUIRED')
  expect([...world.pull.labels]).toEqual([])
  expect(github.repository.deployments).toEqual([])
})

story('an environment that is not declared is refused with the nearest name', async ({ ada, bot }) => {
  await ada.comments('/deploy stagign')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy an image to **\`stagign\`**: refused.

    **Why:** There is no environment "stagign". Did you mean "staging"?

    - **Found:** \`stagign\`
    - **Wanted:** \`staging, production\`
    - **Next:** Name one of the declared environments; a tag is written \`:TAG\`, a branch \`--ref\` BRANCH.
    - **Who can put this right:** whoever asked
    - **Code:** \`ENVIRONMENT_UNKNOWN\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
})

story('a mistyped command is asked about once', async ({ ada, bot }) => {
  await ada.comments('/depoly staging')
  expect(bot.says()).toContain('COMMAND_UNKNOWN')
})

story('commands of other bots are left alone', async ({ world, ada }) => {
  const comment = await ada.comments('/lgtm\n/assign @grace')
  expect(comment.reactions).toEqual([])
  expect(states(world)).toEqual([])
})

story('a command in a quote, a code block or a list is nobody speaking', async ({ world, ada }) => {
  await ada.comments('> /deploy staging\n\n```\n/deploy staging\n```\n\n<!--\n/deploy staging\n-->\n\nTry `/deploy staging`.')
  expect(states(world)).toEqual([])
})

story('an option that a command does not know is refused, not ignored', async ({ ada, bot }) => {
  await ada.comments('/status staging --dry-run')
  expect(bot.says()).toContain('OPTION_UNSUPPORTED')
})

story('an unbalanced quote is pointed at', async ({ ada, bot }) => {
  await ada.comments('/deploy staging "oops')
  expect(bot.says()).toContain('COMMAND_MALFORMED')
})

story('a repository without configuration is told what to add', async ({ ada, bot, github }) => {
  github.has('.github/deploy.yml', null)
  await ada.comments('/deploy staging')
  expect(bot.says()).toContain('CONFIGURATION_MISSING')
})

story('a broken configuration is answered with line, column and the nearest key', async ({ ada, bot, github }) => {
  github.has('.github/deploy.yml', DEPLOY_YML.replace('environments:', 'enviroments:'))
  await ada.comments('/deploy staging')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy an image to **\`staging\`**: refused.

    **Why:** The key "enviroments" is not known here. Did you mean "environments"?

    - **Found:** \`6:1 enviroments\`
    - **Wanted:** \`one of version, app, apps, images, default, environments\`
    - **Next:** Correct line 6 of \`.github/deploy.yml\` on the default branch.
    - **Who can put this right:** someone who can change this repository or its configuration
    - **Code:** \`CONFIGURATION_INVALID\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
})

story('a rule that is not enforced yet is refused, never ignored', async ({ ada, bot, github }) => {
  github.has('.github/deploy.yml', `${DEPLOY_YML}    preview: { expire: 3d }\n`)
  await ada.comments('/deploy production')
  expect(bot.says()).toContain('CONFIGURATION_UNSUPPORTED')
})

story('the configuration of a pull request changes nothing until it is merged', async ({ world, ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', {})
  ada.person.pushes('checkout', { files: { '.github/deploy.yml': DEPLOY_YML.replace('container: shop', 'container: other') } })
  await world.time.passes('1 minute')
  await ada.comments('/deploy production :1')
  bot.isHeard()
  expect(github.repository.deployments).toHaveLength(1)
  expect(world.engine.runs('other')).toBe(null)
})

story('an image that the configuration does not declare is refused', async ({ ada, bot }) => {
  await ada.comments(`/deploy staging ${REGISTRY}/evil/shop:1`)
  expect(bot.says()).toContain('IMAGE_NOT_DECLARED')
})

story('a closed pull request is not deployed', async ({ ada, bot }) => {
  ada.person.closes(1)
  await ada.comments('/deploy staging')
  expect(bot.says()).toContain('PULL_REQUEST_CLOSED')
})

story('a fork is not deployed, whoever asks', async ({ world, ada, eve, bot, github }) => {
  const pull = eve.person.opensPullRequest({ from: github.forks(eve.person), branch: 'main' })
  await world.time.passes('1 hour')
  await ada.comments('/deploy staging', pull.number)
  expect(bot.says()).toContain('FORK_REFUSED')
})

story('a fork that is allowed still needs the label, which carries the commit', async ({ world, ada, eve, bot, github, registry }) => {
  github.has('.github/deploy.yml', DEPLOY_YML.replace('settings: { path: /site }', 'settings: { path: /site }\n    from: { forks: true }'))
  const pull = eve.person.opensPullRequest({ from: github.forks(eve.person), branch: 'feature' })
  await registry.has(`acme/shop:sha-${pull.pull?.head.slice(0, 7)}`, { 'site/index.html': 'from a fork' })
  await world.time.passes('1 hour')
  await ada.comments('/deploy staging', pull.number)
  expect(bot.says()).toContain('HEAD_UNPROVED')
  await ada.labels('deploy:staging', pull.number)
  expect(bot.says()).toContain('✅')
})

story('a target that the administrators have not allowed is out of reach', async ({ world, ada, bot }) => {
  world.operator = world.operator.replaceAll(/id: \d+/g, 'id: 1')
  await world.dies()
  await ada.comments('/deploy staging')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy an image to **\`staging\`**: refused.

    **Why:** Target site is not allowed to this repository.

    - **Found:** \`repository acme/shop, id 1009\`
    - **Wanted:** \`an entry with this owner and this id under targets.site.allow\`
    - **Next:** Ask the account's administrators to add the repository to the target.
    - **Who can put this right:** the account's administrators
    - **Code:** \`TARGET_NOT_ALLOWED\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
})

story('two environments cannot fight over one workload', async ({ ada, bot, github, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  github.has(
    '.github/deploy.yml',
    DEPLOY_YML.replace('target: engine\n    settings: { container: shop }', 'target: site\n    settings: { path: /site }'),
  )
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toContain('✅')
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('WORKLOAD_CLAIMED')
})

story('other bots are not obeyed, and its own words never start anything', async ({ world, github }) => {
  const asked = github.people.robot.comments(1, '/deploy staging')
  await world.settle()
  expect(states(world)).toEqual(['refused'])
  expect(asked.reactions.map(({ content }) => content)).toEqual(['eyes', 'confused'])
  expect(github.repository.deployments).toEqual([])
})

story.once('a stranger who writes ten commands costs little more than one who writes one', async ({ mallory, world }) => {
  const before = world.github.calls.length
  const many = Array.from({ length: 10 }, (_, index) => `/deploy staging :${index}`)
  await mallory.comments(many.join('\n'))
  expect(world.github.calls.length - before).toBeLessThanOrEqual(8)
  expect(states(world)).toEqual(['refused'])
})
