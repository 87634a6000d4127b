import { expect, story } from '../story.ts'
import { servesAt, states } from '../world/facts.ts'
import { DEPLOY_YML } from '../world/world.ts'

story('--dry-run says what it would come to, and changes nothing', async ({ world, ada, bot, registry, github }) => {
  await registry.has('acme/shop:1.2', { 'site/index.html': 'old' })
  await registry.has('acme/shop:1.3', { 'site/index.html': 'new' })
  const issue = ada.person.opensIssue()
  await ada.comments('/deploy staging :1.2', issue.number)
  bot.isHeard()
  await ada.comments('/deploy staging :1.3 --dry-run')
  expect(bot.says()).toMatchInlineSnapshot(`
    "✅ **ada** would deploy \`registry.test/acme/shop:1.3\` (\`sha256:ff28897629c9\`) to **\`staging\`**; nothing was changed.

    - \`site\`: \`sha256:f299c9145d27\` → \`sha256:ff28897629c9\`
    - [What changed in the code since](<https://github.com/acme/shop/compare/4ef78d95a1461576bfb8267ca96a8717037476cf...<head>>)

    * ✅ Person: ada has the role write
    * ✅ Comment: the comment stands as it was written
    * ✅ Pull request: the pull request is open
    * ✅ Mergeable: the pull request could be merged
    * ✅ Head commit: the head is older than the comment
    * ✅ Bounds of the target: target site is allowed to this repository for staging

    <details>
    <summary>The image can be pulled</summary>

    * ✅ The target can pull from this registry · it can pull from \`registry.test\`
    * ✅ The credential looks right · credential main, basic
    * ✅ The registry answers · Bearer, tokens from \`registry.test\`
    * ✅ Signed in · \`repository:acme/shop:pull\`, for 300 s
    * ✅ The image is there · \`sha256:ff28897629c91fde0660ebd45094e105edbf5c842e73462d0e80f96989f63d86\`
    * ✅ It is built for the platform · \`linux/amd64\`
    * ✅ Its parts can be downloaded · 174 bytes, from where the layers are
    * ✅ Its size · 1 kB in 1 layer
    * ✅ The credential lives long enough · no known end

    </details>

    **Next:** type the same without \`--dry-run\` in a new comment to have it done; with \`--expect <head>\` it is this commit or nothing."
  `)
  expect(states(world)).toEqual(['success'])
  expect(github.repository.deployments).toHaveLength(1)
  expect(await servesAt(world, '/')).toBe('old')
})

story('a dry run of what would be refused says so, with every rule', async ({ world, ada, grace, bot, registry }) => {
  await registry.has('acme/shop:1', {})
  await grace.comments('/lock production the database is being moved')
  bot.says()
  await ada.comments('/deploy production :1 --dry-run')
  expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 **ada**, asking to deploy \`registry.test/acme/shop:1\` (\`sha256:b142029babe1\`) to **\`production\`**, would be refused; nothing was changed.

    **Why:** production is locked by grace: the database is being moved

    - **Found:** \`locked since 2026-11-23 13:00 UTC, until 2026-11-24 13:00 UTC\`
    - **Wanted:** \`a free environment, or its holder\`
    - **Next:** Ask grace, or type \`/unlock production\` if it is not needed any more.
    - **Who can put this right:** whoever asked
    - **Code:** \`LOCKED\`

    - \`shop\`: nothing of ours → \`sha256:b142029babe1\`

    * ✅ Person: ada has the role write
    * ✅ Comment: the comment stands as it was written
    * ✅ Pull request: the pull request is open
    * ✅ Mergeable: the pull request could be merged
    * ✅ Head commit: the head is older than the comment
    * ✅ Bounds of the target: target engine is allowed to this repository for production
    * 🚫 Lock: production is locked by grace: the database is being moved

    <details>
    <summary>The image can be pulled</summary>

    * ✅ The target can pull from this registry · it can pull from \`registry.test\`
    * ✅ The credential looks right · credential main, basic
    * ✅ The registry answers · Bearer, tokens from \`registry.test\`
    * ✅ Signed in · \`repository:acme/shop:pull\`, for 300 s
    * ✅ The image is there · \`sha256:b142029babe10f193a8240c84da9a6d3d5a5e1c9a80d2a006f82ab4da28f7ba6\`
    * ✅ It is built for the platform · \`linux/amd64\`
    * ✅ Its parts can be downloaded · 174 bytes, from where the layers are
    * ✅ Its size · 1 kB in 1 layer
    * ✅ The credential lives long enough · no known end

    </details>"
  `)
  expect(states(world)).toEqual([])
})

story('a dry run of what could not be pulled says so', async ({ ada, bot }) => {
  await ada.comments('/deploy production :1 --dry-run')
  const said = bot.says()
  expect(said).toContain('❌ Deploying `registry.test/acme/shop:1` to **`production`** would fail for **ada**; nothing was changed.')
  expect(said).toContain('REPOSITORY_NOT_FOUND')
  expect(said).toContain('- `shop`: nothing of ours → an image that was not found')
})

story('a dry run of an image that CI has still to push says that it would be waited for', async ({ ada, bot, github }) => {
  github.has('.github/deploy.yml', DEPLOY_YML.replace('tag: "sha-{short_sha}"', 'tag: "sha-{short_sha}", wait: 15m'))
  await ada.comments('/deploy staging --dry-run')
  const said = bot.says()
  expect(said).toContain('to **`staging`**, but not yet; nothing was changed.')
  expect(said).toContain(
    '**Would wait:** The registry does not have `registry.test/acme/shop:sha-<head>` yet. It would be given up at 2026-11-23 13:15 UTC.',
  )
})

story('whoever may not deploy is not told what runs', async ({ world, trent, mallory, bot }) => {
  world.demotes(trent.person, 'triage')
  await trent.comments('/deploy production :1 --dry-run')
  const said = bot.says()
  expect(said).toContain('PERMISSION_REQUIRED')
  expect(said).not.toContain('`shop`')
  const comment = await mallory.comments('/deploy production :1 --dry-run')
  expect(comment.reactions.map(({ content }) => content).toSorted()).toEqual(['confused', 'eyes'])
})

story('--expect takes nothing that can be made to fit', async ({ world, ada, bot }) => {
  const head = world.pull.pull?.head ?? ''
  const tries = [head.slice(0, 39), head.toUpperCase(), `${head}0`, 'main']
  await ada.comments(tries.map((expected) => `/deploy staging --expect ${expected}`).join('\n'))
  const said = tries.map(() => bot.says())
  for (const text of said) expect(text).toContain('COMMAND_MALFORMED')
  // After a death they come in any order.
  expect(said.find((text) => text.includes('39 characters'))).toMatchInlineSnapshot(`
    "🚫 The option \`--expect\` takes a whole commit or digest: another commit or image can be made that begins in the same way.

    - **Found:** \`<head>e8b8140f891f805364d1b12ce47f1d98 (39 characters)\`
    - **Wanted:** \`the 40 lower-case characters of a commit, or sha256: and 64 of them\`
    - **Next:** Copy the commit or the digest whole, and write the command in a new comment.
    - **Who can put this right:** whoever asked
    - **Code:** \`COMMAND_MALFORMED\`"
  `)
  expect(states(world)).toEqual([])
})
