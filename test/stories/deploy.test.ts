import { REGISTRY } from '../world/world.ts'
import { expect, story } from '../story.ts'
import { servesAt, tagOf } from '../world/facts.ts'

story('a pull request is deployed to the default environment', async ({ world, ada, bot, registry, github }) => {
  await registry.has(`acme/shop:${tagOf(world)}`, { 'site/index.html': 'hello' })
  const command = await ada.comments('/deploy')
  expect(command.reactions.map(({ content }) => content)).toEqual(['eyes'])
  expect(bot.says()).toMatchInlineSnapshot(`
    "✅ **ada** deployed \`registry.test/acme/shop:sha-<head>\` (\`sha256:1486e90f074c\`) to **\`staging\`** in 0.0 s. [Open it](<https://staging.example.com/>)

    * ✅ Permission and rules checked · 0.0 s
    * ✅ Image found · \`sha256:1486e90f074c\` as credential main · 0.0 s
    * ✅ Image can be pulled · \`linux/amd64\`, 1 kB in 1 layer, as credential main · 0.0 s
    * ✅ Had its turn · 0.0 s
    * ✅ Image started · 0.0 s
    * ✅ Read back what runs · site runs \`sha256:1486e90f074c\` · 0.0 s

    <details>
    <summary>Log</summary>

    \`\`\`text
    unpacking 1 layer of registry.test/acme/shop
    serving sha256:1486e90f074ca79e56dcdefca864b13b42cf08500fb48d5981c1912cbe61ab11 from /site
    \`\`\`

    </details>

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · commit \`<head>\` · deployment \`<id>\`"
  `)
  expect(github.repository.checks).toMatchObject([
    { name: 'deploy staging', status: 'completed', conclusion: 'success', headSha: world.pull.pull?.head },
  ])
  expect(github.repository.deployments).toMatchObject([{ environment: 'staging', sha: world.pull.pull?.head }])
  expect(github.repository.deployments[0]?.statuses.at(-1)).toMatchObject({ state: 'success', environmentUrl: 'https://staging.example.com/' })
  expect(await servesAt(world, '/')).toBe('hello')
})

story('an image is named on a plain issue, and the default branch carries the check run', async ({ world, ada, bot, registry, github }) => {
  await registry.has('acme/shop:1.2', { 'site/index.html': 'from an issue' })
  const issue = ada.person.opensIssue()
  await ada.comments(`/deploy staging ${REGISTRY}/acme/shop:1.2`, issue.number)
  expect(bot.says()).toMatch(/✅ \*\*ada\*\* deployed .*acme\/shop:1\.2/)
  expect(github.repository.checks).toMatchObject([{ headSha: github.repository.branches.get('main'), conclusion: 'success' }])
  expect(await servesAt(world, '/')).toBe('from an issue')
})

story('the label deploy does what /deploy does, and is taken off once read', async ({ world, ada, bot, registry }) => {
  await registry.has(`acme/shop:${tagOf(world)}`, { 'site/index.html': 'by label' })
  await ada.labels('deploy')
  expect([...world.pull.labels]).toEqual([])
  expect(bot.says()).toContain('✅')
  expect(await servesAt(world, '/')).toBe('by label')
})

story('the label deploy:production names the environment', async ({ world, ada, bot, registry, engine }) => {
  const digest = await registry.has(`acme/shop:${tagOf(world)}`, {})
  await ada.labels('deploy:production')
  expect(bot.says()).toMatch(/✅ .*\*\*`production`\*\*/)
  expect(engine.runs('shop')).toBe(digest)
})

story('production runs on the Docker engine, by digest', async ({ ada, bot, registry, engine }) => {
  const digest = await registry.has('acme/shop:1.2', {})
  await ada.comments('/deploy production :1.2')
  expect(bot.says()).toContain('✅')
  expect(engine.runs('shop')).toBe(digest)
})

story('a digest is deployed as it was named', async ({ world, ada, bot, registry }) => {
  const digest = await registry.has('acme/shop:1.2', { 'site/index.html': 'by digest' })
  await registry.has('acme/shop:1.2', { 'site/index.html': 'the tag has moved' })
  await ada.comments(`/deploy staging @${digest}`)
  expect(bot.says()).toContain('✅')
  expect(await servesAt(world, '/')).toBe('by digest')
})

story('a newer image replaces the older one', async ({ world, ada, bot, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await registry.has('acme/shop:2', { 'site/index.html': 'two' })
  await ada.comments('/deploy staging :1')
  await ada.comments('/deploy staging :2')
  expect(bot.says()).toContain('acme/shop:1')
  expect(bot.says()).toContain('acme/shop:2')
  expect(await servesAt(world, '/')).toBe('two')
})

story('when the older comment has done its work it is folded away', async ({ world, ada, bot, registry }) => {
  await registry.has('acme/shop:1', { 'site/index.html': 'one' })
  await registry.has('acme/shop:2', { 'site/index.html': 'two' })
  await ada.comments('/deploy staging :1')
  await ada.comments('/deploy staging :2')
  bot.isHeard()
  expect(world.pull.comments.filter(({ author }) => author.type === 'Bot').map(({ minimized }) => minimized)).toEqual(['outdated', null])
})

story('what runs already is said and not done again', async ({ ada, bot, registry, engine }) => {
  await registry.has('acme/shop:1', {})
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('deployed')
  const container = engine.identity('shop')
  await ada.comments('/deploy production :1')
  expect(bot.says()).toContain('already runs')
  expect(engine.identity('shop')).toBe(container)
})

story('--ref deploys what a branch stands for, from any issue', async ({ world, ada, bot, registry }) => {
  const commit = ada.person.pushes('release')
  await registry.has(`acme/shop:sha-${commit.slice(0, 7)}`, { 'site/index.html': 'released' })
  const issue = ada.person.opensIssue()
  await world.time.passes('1 minute')
  await ada.comments('/deploy staging --ref release', issue.number)
  expect(bot.says()).toContain('✅')
  expect(await servesAt(world, '/')).toBe('released')
})

story('two commands in one comment are two deployments', async ({ world, ada, bot, registry, engine }) => {
  const digest = await registry.has('acme/shop:1', { 'site/index.html': 'both' })
  await ada.comments('Here we go:\n\n/deploy staging :1\n/deploy production :1')
  const said = [bot.says(), bot.says()].join('\n')
  expect(said).toContain('`staging`')
  expect(said).toContain('`production`')
  expect(await servesAt(world, '/')).toBe('both')
  expect(engine.runs('shop')).toBe(digest)
})
