import { expect, story, type Cast } from '../story.ts'
import { DEPLOY_YML } from '../world/world.ts'
import type { CheckRun } from '../world/github/state.ts'

const FILE = '.github/deploy.yml'

const STRICT = DEPLOY_YML.replace(
  '    settings: { container: shop }\n',
  `    settings: { container: shop }
    allow: { role: maintain, any: [team:acme/releasers] }
    approvals: { count: 2, by: [team:acme/leads] }
    require: { checks: [{ name: build, app: github-actions }], signed: true }
`,
)

const checksOf = ({ github }: Cast): CheckRun[] => github.repository.checks.filter(({ name }) => name === 'Gantry: deploy.yml')

/** The only one there is, as the page of the pull request shows it. */
function onlyCheck(cast: Cast): string {
  const all = checksOf(cast)
  expect(all).toHaveLength(1)
  const [{ conclusion, output, annotations } = {} as CheckRun] = all
  const lines = annotations.map(
    ({ path, lines: [from], level, title, message }) => `${level} ${path}:${from} ${title}\n  ${message.replaceAll('\n', '\n  ')}`,
  )
  return [`${conclusion} | ${output?.title}`, output?.summary ?? '', ...lines].join('\n\n')
}

/** Ada pushes that file to the branch of her pull request. */
async function changes({ world, ada }: Cast, text: string | null): Promise<string> {
  const commit = ada.person.pushes('checkout', { files: { [FILE]: text } })
  await world.settle()
  return commit
}

story('a change of the file says on its pull request whom it lets do what', async (cast) => {
  const { github, ada, world } = cast
  github.has(FILE, STRICT)
  // The branch has left main before that.
  await ada.pushes()
  expect(checksOf(cast)).toEqual([])
  ada.person.opensPullRequest({ branch: 'less-fuss' })
  const looser = STRICT.replace('maintain', 'write')
    .replace('count: 2, by: [team:acme/leads]', 'count: 1, by: [team:acme/leads], not: [requester]')
    .replace(', signed: true', '')
    .replace(
      '    url: https://shop',
      '    from: { branches: [main], forks: true }\n    freeze: [{ from: "fri 15:00", to: "mon 08:00", zone: Europe/Berlin }]\n    url: https://shop',
    )
    .replace('default: staging', 'default: production')
  const commit = ada.person.pushes('less-fuss', { files: { [FILE]: looser } })
  await world.settle()
  expect(onlyCheck(cast)).toMatchInlineSnapshot(`
    "success | Valid: 6 looser, 1 different, 2 stricter

    ✅ \`.github/deploy.yml\` is valid. It counts once it stands on \`main\`.

    **Looser: more may happen than before**

    * \`shop/production\`: the role write is enough to deploy; it was maintain.
    * \`shop/production\`: the head of a fork's pull request may be deployed.
    * \`shop/production\`: the number of approvals needed is 1; it was 2.
    * \`shop/production\`: the author of the pull request may approve.
    * \`shop/production\`: whoever pushed may approve.
    * \`shop/production\`: the commit no longer has to be signed.

    **Different**

    * shop: the default environment is production; it was staging.

    **Stricter: less may happen than before**

    * \`shop/production\`: only "main" may be deployed; any branch could.
    * \`shop/production\`: nothing is deployed from fri \`15:00\` to mon \`08:00\` \`Europe/Berlin\`."
  `)
  expect(checksOf(cast)[0]).toMatchObject({ headSha: commit, status: 'completed', externalId: `k:${github.repository.id}:2:${commit}` })
})

story('a broken file is annotated at its lines', async (cast) => {
  await changes(
    cast,
    DEPLOY_YML.replace('url: https://shop', 'aprovals: { count: 2 }\n    url: http://shop').replace('{short_sha}"', '{sha1}", wait: 1.10'),
  )
  expect(onlyCheck(cast)).toMatchInlineSnapshot(`
    "failure | Not valid: 4 problems

    🚫 \`.github/deploy.yml\` is not valid: 4 problems. On \`main\` it would stop every deployment.

    * Line 4, column 53: \`images.main.tag\` must be a tag with no other placeholders than \`{sha}\`, \`{short_sha}\`, \`{branch}\` and \`{pr}\` (not \`{sha1}\`, did you mean \`{sha}\`?).
    * Line 4, column 73: YAML reads \`1.10\` as the number \`1.1\`; put it in quotes.
    * Line 14, column 5: The key "aprovals" is not known here. Did you mean "approvals"?
    * Line 15, column 10: \`environments.production.url\` must be an \`https://\` address, or an \`http://\` one on loopback, without user name and password.

    - **Next:** correct it here; \`gantry config check .github/deploy.yml\` says the same before a push
    - **Code:** \`CONFIGURATION_INVALID\`

    failure .github/deploy.yml:4 images.main.tag
      images.main.tag must be a tag with no other placeholders than {sha}, {short_sha}, {branch} and {pr} (not "{sha1}", did you mean {sha}?).
      Found: "sha-{sha1}"

    failure .github/deploy.yml:4 images.main.wait
      YAML reads "1.10" as the number 1.1; put it in quotes.

    failure .github/deploy.yml:14 environments.production.aprovals
      The key "aprovals" is not known here. Did you mean "approvals"?
      Wanted: one of target, settings, url, allow, from, auto, queue, health, after, approvals, require, verify, freeze, on_failure, parameters, before, preview

    failure .github/deploy.yml:15 environments.production.url
      environments.production.url must be an https:// address, or an http:// one on loopback, without user name and password.
      Found: http://shop.example.com"
  `)
})

story.once('a pull request that leaves the file alone costs one query and says nothing', async (cast) => {
  const { github, ada } = cast
  const before = github.calls.length
  await ada.pushes()
  const calls = github.calls.slice(before).filter(({ operation }) => !/hook\/deliveries|access_tokens/.test(operation))
  expect(calls.map(({ operation, fields }) => `${operation} ${fields.join()}`)).toEqual(['POST /graphql repository'])
  expect(github.repository.checks).toEqual([])
})

story('a branch that has not caught up with main does not change the file', async (cast) => {
  cast.github.has(FILE, STRICT)
  await cast.ada.pushes()
  expect(checksOf(cast)).toEqual([])
})

story('a file that is deleted is said to be, and is no failure', async (cast) => {
  await changes(cast, null)
  expect(onlyCheck(cast)).toMatchInlineSnapshot(`
    "neutral | Deleted: nothing could be deployed any more

    ❔ \`.github/deploy.yml\` is deleted here. Once it is gone from \`main\`, nothing can be deployed from this repository."
  `)
})

story('the first file there is says who gets in where', async (cast) => {
  cast.github.has(FILE, null)
  cast.ada.person.opensPullRequest({ branch: 'begin' })
  cast.ada.person.pushes('begin', { files: { [FILE]: STRICT } })
  await cast.world.settle()
  expect(onlyCheck(cast)).toMatchInlineSnapshot(`
    "success | Valid: 9 looser, 1 different

    ✅ \`.github/deploy.yml\` is valid. It counts once it stands on \`main\`.

    There was none before, so all of it is new.

    **Looser: more may happen than before**

    * shop: images of \`registry.test/acme/shop\` may be deployed, as main.
    * \`shop/staging\`: a new environment on the target site: anybody with the role write may deploy there.
    * \`shop/staging\`: any branch may be deployed.
    * \`shop/staging\`: the head of a pull request may be deployed.
    * \`shop/staging\`: not demanded there: health after the switch, another environment before it, approvals, green checks, reviews, a pull request that is up to date, signed commits, images built from the commit, an attestation, a freeze.
    * \`shop/production\`: a new environment on the target engine: anybody with the role maintain who is one of \`team:acme/releasers\` may deploy there; 2 approvals by \`team:acme/leads\` are needed.
    * \`shop/production\`: any branch may be deployed.
    * \`shop/production\`: the head of a pull request may be deployed.
    * \`shop/production\`: not demanded there: health after the switch, another environment before it, reviews, a pull request that is up to date, an attestation, a freeze.

    **Different**

    * shop: the default environment is staging; it was none."
  `)
})

story("a stranger's fork gets its check too, and nothing in it does anything", async (cast) => {
  const { github, mallory, world } = cast
  const fork = github.forks(mallory.person)
  const hostile = `# <img src=x> @acme/everybody\n${DEPLOY_YML}"@acme/all [x](http://evil) \`\`\` <b>": 1\n"\\u202e#1": 2\n`
  mallory.person.at(fork).pushes('improve', { files: { [FILE]: hostile } })
  mallory.person.opensPullRequest({ branch: 'improve', from: fork })
  await world.settle()
  expect(onlyCheck(cast)).toMatchInlineSnapshot(`
    "failure | Not valid: 2 problems

    🚫 \`.github/deploy.yml\` is not valid: 2 problems. On \`main\` it would stop every deployment.

    * Line 16, column 1: The key "\`@acme/all\` \`[x](http://evil\`) \`\`\`\` \`\`\` \`\`\`\` \`<b>\`" is not known here.
    * Line 17, column 1: The key \`\\u202e#1\` is not known here.

    - **Next:** correct it here; \`gantry config check .github/deploy.yml\` says the same before a push
    - **Code:** \`CONFIGURATION_INVALID\`

    failure .github/deploy.yml:16 "@acme/all [x](http://evil) \`\`\` <b>"
      The key "@acme/all [x](http://evil) \`\`\` <b>" is not known here.
      Wanted: one of version, app, apps, images, default, environments

    failure .github/deploy.yml:17 "\\u202e#1"
      The key "\\u202e#1" is not known here.
      Wanted: one of version, app, apps, images, default, environments"
  `)
})

story('each head has a check of its own, and what stands on the old one stays', async (cast) => {
  const broken = await changes(cast, `${DEPLOY_YML}wrong: 1\n`)
  const valid = await changes(cast, DEPLOY_YML.replace('staging.example.com', 'stage.example.com'))
  cast.ada.person.closes(1)
  cast.ada.person.reopens(1)
  await cast.world.settle()
  expect(checksOf(cast).map(({ headSha, conclusion, shown }) => [headSha, conclusion, shown.length])).toEqual([
    [broken, 'failure', 1],
    [valid, 'success', 1],
  ])
})

story.once('a pull request that was closed at first is told when it is reopened, also where Gantry dies over it', async (cast) => {
  const { ada, github, world, time } = cast
  github.has(FILE, STRICT)
  ada.person.pushes('feature', { files: { [FILE]: STRICT.replace(', signed: true', '') } })
  const { number } = ada.person.opensPullRequest({ branch: 'feature' })
  ada.person.closes(number)
  await world.settle()
  await time.passes('5 minutes')
  expect(checksOf(cast)).toEqual([])
  github.answers(502).to('repository').times(1)
  ada.person.reopens(number)
  await world.settle()
  await world.dies()
  await time.passes('2 hours')
  expect(onlyCheck(cast)).toContain('the commit no longer has to be signed')
})

story('a pull request that does not go to the default branch is told which file counts', async (cast) => {
  const { ada, github, world } = cast
  const release = ada.person.pushes('release')
  const issue = ada.person.opensPullRequest({ branch: 'for-release' })
  Object.assign(issue.pull!, { base: 'release' })
  ada.person.pushes('for-release', { files: { [FILE]: STRICT } })
  await world.settle()
  expect(github.repository.branches.get('release')).toBe(release)
  expect(onlyCheck(cast)).toContain('This pull request goes to `release`: until its file reaches `main`, nothing changes.')
})

story('a file that is larger than may be read is not read', async (cast) => {
  await changes(cast, `${DEPLOY_YML}# ${'x'.repeat(600_000)}\n`)
  expect(onlyCheck(cast)).toContain('The file is larger than 64 KiB.')
})

story.atEveryCrossing(
  'wherever the process dies, a head has exactly one check run',
  async (cast) => {
    await changes(cast, `${DEPLOY_YML}wrong: 1\n`)
    await cast.time.passes('2 minutes')
    expect(onlyCheck(cast)).toContain('Not valid: 1 problem')
  },
  { every: 2 },
)

story.once('GitHub does not answer for a while: it is said afterwards, once, and nothing else has waited for it', async (cast) => {
  const { github, ada, bot, registry, time, world } = cast
  github.answers(502).to('repository').times(8)
  github.answers(502).to('createCheckRun').afterDoingTheWork()
  const head = await changes(cast, DEPLOY_YML.replace('staging.example.com', 'stage.example.com'))
  expect(world.disk.all('select head from head')).toEqual([{ head }])
  expect(checksOf(cast)).toEqual([])
  await time.passes('30 minutes')
  expect(onlyCheck(cast)).toContain('success')
  await registry.has('acme/shop:1', { 'site/index.html': 'x' })
  await ada.comments('/deploy staging :1')
  expect(bot.says()).toContain('✅')
})

story('a pull request that goes to another branch is told anew, against that one', async (cast) => {
  const { github, ada, world } = cast
  github.has(FILE, STRICT)
  const looser = STRICT.replace('maintain', 'write')
  // On the branch that it goes to first nothing of the file is new.
  const commit = ada.person.pushes('next', { files: { [FILE]: looser } })
  github.repository.branches.set('hidden', commit)
  const pull = ada.person.opensPullRequest({ branch: 'hidden', base: 'next' })
  await world.settle()
  expect(checksOf(cast)).toEqual([])
  ada.person.retargets(pull, 'main')
  await world.settle()
  expect(onlyCheck(cast)).toContain('the role write is enough to deploy; it was maintain.')
})
