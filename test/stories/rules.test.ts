import type { Cast } from '../story.ts'
import { expect, story } from '../story.ts'
import { servesAt, states } from '../world/facts.ts'
import { REGISTRY } from '../world/world.ts'

/** `.github/deploy.yml` with rules for the site, as lines below `staging`. */
function declares({ github }: Pick<Cast, 'github'>, rules: string, image = 'tag: "sha-{short_sha}"'): void {
  github.has(
    '.github/deploy.yml',
    `version: 1
app: shop
images:
  main: { repository: ${REGISTRY}/acme/shop, ${image} }
default: staging
environments:
  staging:
    target: site
    settings: { path: /site }
    url: https://staging.example.com
${rules}
  production:
    target: engine
    settings: { container: shop }
    url: https://shop.example.com
    after: { environment: staging, healthy_for: 10m }
`,
  )
}

/** An image that says it was built from the pull request's head. */
const builds = ({ registry, world }: Pick<Cast, 'registry' | 'world'>, tag: string, commit = world.pull.pull?.head ?? '') =>
  registry.has(`acme/shop:${tag}`, { 'site/index.html': `version ${tag}` }, { labels: { 'org.opencontainers.image.revision': commit } })

story('a check that still runs is waited for, and nobody has to ask twice', async (cast) => {
  const { world, ada, bot, github, time } = cast
  declares(cast, '    require: { checks: [{ name: build, app: github-actions }] }')
  await builds(cast, '1')
  const head = world.pull.pull?.head ?? ''
  github.checks(head, 'build', 'in_progress')
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** The checks on this commit are not green yet.

    - **Found:** \`build: IN_PROGRESS\`
    - **Wanted:** \`green checks\`
    - **Next:** Ask with \`--when-green\`: then the deployment waits for them.
    - **Who can put this right:** whoever asked
    - **Code:** \`CHECKS_PENDING\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  await ada.comments('/deploy staging :1 --when-green')
  expect(states(world)).toEqual(['refused', 'waiting'])
  await time.passes('2 minutes')
  github.checks(head, 'build', 'success')
  await world.settle()
  await time.passes('2 minutes')
  // A death may forget what GitHub told of the check; then the next look finds it, a minute later.
  expect(bot.says().replaceAll('3 min 0 s', '2 min 0 s')).toMatchInlineSnapshot(`
    "✅ **ada** deployed \`registry.test/acme/shop:1\` (\`sha256:936b5cf368f6\`) to **\`staging\`** in 2 min 0 s. [Open it](<https://staging.example.com/>)

    * ✅ Permission and rules checked · 0.0 s
    * ✅ Waited · 2 min 0 s
    * ✅ Image found · \`sha256:936b5cf368f6\` as credential main · 0.0 s
    * ✅ Image can be pulled · \`linux/amd64\`, 1 kB in 1 layer, as credential main · 0.0 s
    * ✅ Had its turn · 0.0 s
    * ✅ Image started · 0.0 s
    * ✅ Read back what runs · site runs \`sha256:936b5cf368f6\` · 0.0 s

    <details>
    <summary>Log</summary>

    \`\`\`text
    unpacking 1 layer of registry.test/acme/shop
    serving sha256:936b5cf368f62fb1a229cb253b202e97c8468b81650a60783029ee063d57309e from /site
    \`\`\`

    </details>

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · commit \`<head>\` · deployment \`<id>\`"
  `)
  expect(await servesAt(world, '/')).toBe('version 1')
})

story('a check of another App with the right name does not count, and a red one says which', async (cast) => {
  const { world, ada, bot, github } = cast
  declares(cast, '    require: { checks: [{ name: build, app: github-actions }] }')
  await builds(cast, '1')
  const head = world.pull.pull?.head ?? ''
  github.checks(head, 'build', 'success', { app: 'somebody-elses' })
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** The checks on this commit are not green yet.

    - **Found:** \`build: reported by the App somebody-elses, not by the App github-actions\`
    - **Wanted:** \`green checks\`
    - **Next:** Ask with \`--when-green\`: then the deployment waits for them.
    - **Who can put this right:** whoever asked
    - **Code:** \`CHECKS_PENDING\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  github.checks(head, 'build', 'failure')
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** A check on this commit failed.

    - **Found:** \`build: FAILURE\`
    - **Wanted:** \`green checks\`
    - **Next:** Push a commit that makes them green, or run them again, then ask again.
    - **Who can put this right:** whoever asked
    - **Code:** \`CHECKS_FAILED\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  expect(states(world)).toEqual(['refused', 'refused'])
})

story('a review counts for the commit that was looked at, and for no later one', async (cast) => {
  const { world, ada, grace, bot } = cast
  declares(cast, '    require: { reviews: 1 }')
  grace.person.reviews(1, 'approve')
  await ada.pushes()
  await world.time.passes('1 minute')
  await builds(cast, '1')
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** This commit needs 1 approving review.

    - **Found:** \`0 approving reviews of this commit, 1 of an older one\`
    - **Wanted:** \`1 approving review of exactly this commit, by others than its author\`
    - **Next:** Ask for a review of the newest commit, then ask again.
    - **Who can put this right:** whoever asked
    - **Code:** \`REVIEW_REQUIRED\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  grace.person.reviews(1, 'approve')
  await world.settle()
  await ada.comments('/deploy staging :1')
  bot.isHeard()
  expect(states(world)).toEqual(['refused', 'success'])
})

story('an image that was built from another commit is not what was reviewed', async (cast) => {
  const { world, ada, grace, bot, registry } = cast
  declares(cast, '    require: { reviews: 1 }')
  grace.person.reviews(1, 'approve')
  await builds(cast, '1', 'b'.repeat(40))
  await registry.has('acme/shop:2', { 'site/index.html': 'two' })
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`registry.test/acme/shop:1\` (\`sha256:e87d1243018e\`) to **\`staging\`**: refused.

    **Why:** The image main was built from another commit than the one that is judged.

    - **Found:** \`bbbbbbb\`
    - **Wanted:** \`<head>, or a commit with exactly the same files\`
    - **Next:** Build the image from this commit, or deploy the commit that it was built from.
    - **Who can put this right:** whoever asked
    - **Code:** \`IMAGE_COMMIT_OTHER\`

    * ✅ Permission and rules checked · 0.0 s
    * ✅ Image found · \`sha256:e87d1243018e\` as credential main · 0.0 s
    * ✅ Image can be pulled · \`linux/amd64\`, 1 kB in 1 layer, as credential main · 0.0 s
    * 🚫 Waiting for its turn · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · commit \`<head>\` · deployment \`<id>\`"
  `)
  await ada.comments('/deploy staging :2')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`registry.test/acme/shop:2\` (\`sha256:0ed6cc2e5a27\`) to **\`staging\`**: refused.

    **Why:** Nothing says which commit the image main was built from.

    - **Found:** \`no label org.opencontainers.image.revision\`
    - **Wanted:** \`the commit that is deployed\`
    - **Next:** Set the label \`org.opencontainers.image.revision\` where the image is built (\`docker/metadata-action\` does), and build it again.
    - **Who can put this right:** someone who can change this repository or its configuration
    - **Code:** \`IMAGE_COMMIT_UNKNOWN\`

    * ✅ Permission and rules checked · 0.0 s
    * ✅ Image found · \`sha256:0ed6cc2e5a27\` as credential main · 0.0 s
    * 🚫 Checking that the image can be pulled · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · commit \`<head>\` · deployment \`<id>\`"
  `)
  expect(states(world)).toEqual(['refused', 'refused'])
})

story('a draft, a conflict, and a branch that is behind are each said in a sentence', async (cast) => {
  const { world, ada, grace, bot, github } = cast
  declares(cast, '    require: { up_to_date: true }')
  await builds(cast, '1')
  ada.person.marksDraft(1)
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** This pull request is a draft.

    - **Found:** \`a draft\`
    - **Wanted:** \`one that is ready for review, or from.drafts: true for staging\`
    - **Next:** Mark it as ready for review, then ask again.
    - **Who can put this right:** whoever asked
    - **Code:** \`PULL_REQUEST_DRAFT\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  ada.person.marksReady(1)
  github.mergeable(world.pull, 'CONFLICTING')
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** This pull request conflicts with main.

    - **Found:** \`conflicts with main\`
    - **Wanted:** \`a branch that can be merged\`
    - **Next:** Merge main into the branch, then ask again.
    - **Who can put this right:** whoever asked
    - **Code:** \`PULL_REQUEST_CONFLICTING\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  github.mergeable(world.pull, 'MERGEABLE')
  grace.person.pushes('main')
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** The branch lacks commits of main.

    - **Found:** \`2 commits behind main\`
    - **Wanted:** \`all of main\`
    - **Next:** Merge main into the branch, then ask again.
    - **Who can put this right:** whoever asked
    - **Code:** \`PULL_REQUEST_BEHIND\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  expect(states(world)).toEqual(['refused', 'refused', 'refused'])
})

story('production takes what staging runs, after it was healthy there for long enough', async (cast) => {
  const { world, ada, bot, engine, time } = cast
  declares(cast, '')
  const digest = await builds(cast, '1')
  await builds(cast, '2')
  await ada.comments('/deploy production :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`production\`**: refused.

    **Why:** This has to run in staging first.

    - **Found:** \`nothing that succeeded there and still runs\`
    - **Wanted:** \`staging running main :1\`
    - **Next:** Deploy the same images to staging, then ask again.
    - **Who can put this right:** whoever asked
    - **Code:** \`ORDER_REQUIRED\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  await ada.comments('/deploy staging :1')
  await time.passes('1 minute')
  await ada.comments('/deploy production :1')
  expect(engine.runs('shop')).toBeNull()
  await time.passes('15 minutes')
  expect(engine.runs('shop')).toBe(digest)
  await ada.comments('/deploy production :2')
  expect(states(world)).toEqual(['refused', 'success', 'success', 'refused'])
  bot.isHeard()
})

story('in a freeze nothing is deployed, and it says until when', async (cast) => {
  const { world, ada, bot } = cast
  declares(cast, '    freeze: [{ from: "sun 00:00", to: "sat 23:59", zone: Europe/Berlin }]')
  await builds(cast, '1')
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** staging is frozen until \`2026-11-28\` \`22:59\` UTC.

    - **Found:** \`2026-11-23 13:00 UTC\`
    - **Wanted:** \`a time outside the freeze\`
    - **Next:** Ask again after \`2026-11-28\` \`22:59\` UTC.
    - **Who can put this right:** someone who can change this repository or its configuration
    - **Code:** \`FROZEN\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  expect(states(world)).toEqual(['refused'])
})

story('parameters are typed, have defaults, and reach the settings', async (cast) => {
  const { world, ada, bot, github, registry } = cast
  github.has(
    '.github/deploy.yml',
    `version: 1
app: shop
images:
  main: { repository: ${REGISTRY}/acme/shop }
environments:
  staging:
    target: site
    settings: { path: "/{folder}" }
    parameters: { folder: { type: enum, of: [site, beta], default: site } }
`,
  )
  await registry.has('acme/shop:1', { 'site/index.html': 'plain', 'beta/index.html': 'beta' })
  await ada.comments('/deploy staging :1 folder=gamma')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** The parameter "folder" cannot be "gamma".

    - **Found:** \`gamma\`
    - **Wanted:** \`one of site, beta\`
    - **Next:** Write the command with the right parameters in a new comment.
    - **Who can put this right:** whoever asked
    - **Code:** \`PARAMETER_INVALID\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  await ada.comments('/deploy staging :1 colour=red')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** There is no parameter "colour" here.

    - **Found:** \`colour\`
    - **Wanted:** \`folder\`
    - **Next:** Write the command with the right parameters in a new comment.
    - **Who can put this right:** whoever asked
    - **Code:** \`PARAMETER_INVALID\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  await ada.comments('/deploy staging :1')
  expect(await servesAt(world, '/')).toBe('plain')
  await ada.comments('/deploy staging :1 folder=beta')
  expect(await servesAt(world, '/')).toBe('beta')
  bot.isHeard()
  expect(states(world)).toEqual(['refused', 'refused', 'success', 'success'])
})

story('what was expected is what is deployed, or nothing', async (cast) => {
  const { world, ada, bot } = cast
  const digest = await builds(cast, '1')
  await ada.comments(`/deploy staging :1 --expect sha256:${'0'.repeat(64)}`)
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`registry.test/acme/shop:1\` (\`sha256:936b5cf368f6\`) to **\`staging\`**: refused.

    **Why:** The tag stands for another image than the one that was named.

    - **Found:** \`sha256:936b5cf368f6\`
    - **Wanted:** \`sha256:000000000000\`
    - **Next:** Look at what has changed since, then ask again.
    - **Who can put this right:** whoever asked
    - **Code:** \`EXPECTATION_FAILED\`

    * ✅ Permission and rules checked · 0.0 s
    * ✅ Image found · \`sha256:936b5cf368f6\` as credential main · 0.0 s
    * 🚫 Checking that the image can be pulled · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · commit \`<head>\` · deployment \`<id>\`"
  `)
  await ada.comments(`/deploy staging :1 --expect ${digest}`)
  await ada.comments(`/deploy staging :1 --expect ${world.pull.pull?.head}`)
  await ada.comments('/deploy staging :1 --expect abc1234')
  bot.isHeard()
  expect(states(world)).toEqual(['refused', 'success', 'success'])
})

story('an image that CI has not pushed yet is waited for', async (cast) => {
  const { world, ada, bot, time } = cast
  declares(cast, '', 'tag: "sha-{short_sha}", wait: 15m')
  await ada.comments('/deploy staging')
  expect(states(world)).toEqual(['waiting'])
  await time.passes('5 minutes')
  await builds(cast, `sha-${(world.pull.pull?.head ?? '').slice(0, 7)}`)
  await time.passes('1 minute')
  expect(states(world)).toEqual(['success'])
  expect(bot.says()).toMatchInlineSnapshot(`
    "✅ **ada** deployed \`registry.test/acme/shop:sha-<head>\` (\`sha256:53189cf478f7\`) to **\`staging\`** in 5 min 15 s. [Open it](<https://staging.example.com/>)

    * ✅ Permission and rules checked · 0.0 s
    * ✅ Image found · not there yet · 0.0 s
    * ✅ Waited · 5 min 15 s
    * ✅ Image found · \`sha256:53189cf478f7\` as credential main · 0.0 s
    * ✅ Image can be pulled · \`linux/amd64\`, 1 kB in 1 layer, as credential main · 0.0 s
    * ✅ Had its turn · 0.0 s
    * ✅ Image started · 0.0 s
    * ✅ Read back what runs · site runs \`sha256:53189cf478f7\` · 0.0 s

    <details>
    <summary>Log</summary>

    \`\`\`text
    unpacking 1 layer of registry.test/acme/shop
    serving sha256:53189cf478f738bed71543a03734f00d72a7407cfa6c92630532053716588a72 from /site
    \`\`\`

    </details>

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · commit \`<head>\` · deployment \`<id>\`"
  `)
})

story('only members of the team deploy, and they are named to everybody else', async (cast) => {
  const { world, ada, grace, bot, github } = cast
  declares(cast, '    allow: { any: ["team:acme/releasers", "user:trent"] }')
  github.team('acme/releasers', [grace.person])
  await builds(cast, '1')
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada** asked to deploy \`:1\` to **\`staging\`**: refused.

    **Why:** ada may not deploy here.

    - **Found:** \`ada, whom the rules do not name\`
    - **Wanted:** \`one of team:acme/releasers, user:trent\`
    - **Next:** Ask one of them to deploy.
    - **Who can put this right:** someone who can change this repository or its configuration
    - **Code:** \`PERMISSION_REQUIRED\`

    * 🚫 Permission and rules · 0.0 s

    Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-<id>>) · deployment \`<id>\`"
  `)
  await grace.comments('/deploy staging :1')
  bot.isHeard()
  expect(states(world)).toEqual(['refused', 'success'])
})
