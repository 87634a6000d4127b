import { expect, story } from '../story.ts'
import { REGISTRY } from '../world/world.ts'

/** What is asked at every start and every five minutes, and once an hour, belongs to no deployment. */
const NOT_OURS = /hook\/deliveries|access_tokens/

story.once('an ordinary deployment with every gate costs nine calls to GitHub', async ({ world, ada, grace, bot, github, registry }) => {
  github.has(
    '.github/deploy.yml',
    `version: 1
app: shop
images:
  main: { repository: ${REGISTRY}/acme/shop }
environments:
  staging:
    target: site
    settings: { path: /site }
    allow: { role: write, any: ["team:acme/releasers"] }
    from: { branches: [main] }
    require: { checks: [{ name: build, app: github-actions }], reviews: 1 }
    freeze: [{ from: "sat 00:00", to: "sun 23:59", zone: Europe/Berlin }]
    on_failure: rollback_and_lock
  production:
    target: engine
    settings: { container: shop }
    after: { environment: staging }
    allow: { role: write, any: ["team:acme/releasers"] }
    require: { checks: all, reviews: 1 }
`,
  )
  github.team('acme/releasers', [ada.person])
  const head = world.pull.pull?.head ?? ''
  grace.person.reviews(1, 'approve')
  github.checks(head, 'build', 'success')
  await registry.has('acme/shop:1', { 'site/index.html': 'x' }, { labels: { 'org.opencontainers.image.revision': head } })
  await world.settle()
  await ada.comments('/deploy staging :1')
  await world.time.passes('1 minute')
  const before = github.calls.length
  await ada.comments('/deploy production :1')
  await world.time.passes('1 minute')
  const calls = github.calls.slice(before).filter(({ operation }) => !NOT_OURS.test(operation))
  // Sorted: what is announced and what is done next wait for each other in no order.
  expect(calls.map(({ operation }) => operation).toSorted()).toMatchInlineSnapshot(`
    [
      "GET /repos/{owner}/{repo}/activity",
      "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
      "GET /repos/{owner}/{repo}/collaborators/{username}/permission",
      "POST /graphql",
      "POST /graphql",
      "POST /graphql",
      "POST /graphql",
      "POST /repos/{owner}/{repo}/deployments",
      "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
    ]
  `)
  expect(calls.length).toBeLessThanOrEqual(9)
  expect(bot.says()).toContain('✅')
  expect(bot.says()).toContain('✅')
})
