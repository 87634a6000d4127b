import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { problem } from '../../../src/errors.ts'
import { createDeployment } from '../../world/github/deployments.ts'
import { Desk, DIGEST } from './desk.ts'

describe('the announcer', () => {
  let desk: Desk
  beforeEach(() => {
    desk = new Desk()
  })
  afterEach(() => {
    desk.github.verdict()
    expect(desk.incidents).toEqual([])
  })

  test('tells one deployment in one comment, one check run and one GitHub Deployment, with few calls', async () => {
    const { id } = await desk.deploys()
    const { checks, deployments } = desk.github.repository
    expect(desk.said()).toHaveLength(1)
    expect(desk.said()[0]?.body).toMatchInlineSnapshot(`
      "✅ **ada** deployed \`ghcr.io/acme/shop:1.2\` (\`sha256:0123456789ab\`) to **\`staging\`** in 0.0 s. [Open it](<https://staging.example.com/>)

      * ✅ Permission and rules checked · 0.0 s
      * ✅ Image found · anonymous · 0.0 s
      * ✅ Image can be pulled · can be pulled for \`linux/amd64\` · 0.0 s
      * ✅ Had its turn · 0.0 s
      * ✅ Image started · 0.0 s
      * ✅ Read back what runs · site runs \`sha256:0123456789ab\` · 0.0 s

      Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-1016>) · commit \`4ef78d9\` · deployment \`d-1\`

      <!-- gantry:deployment d-1 -->"
    `)
    expect(checks.map(({ status, conclusion, externalId }) => ({ status, conclusion, externalId }))).toEqual([
      { status: 'completed', conclusion: 'success', externalId: id },
    ])
    expect(deployments.map(({ sha, statuses }) => [sha, statuses.map(({ state }) => state)])).toEqual([
      [desk.pull.pull?.head, ['in_progress', 'success']],
    ])
    expect(desk.calls()).toMatchInlineSnapshot(`
      [
        "POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions",
        "POST /repos/{owner}/{repo}/deployments",
        "POST /graphql addComment createCheckRun createDeploymentStatus",
        "POST /graphql updateIssueComment updateCheckRun createDeploymentStatus",
      ]
    `)
    expect(desk.announcements.incomplete()).toEqual([])
  })

  test('joins quick changes, and lets the end wait for nothing', async () => {
    await desk.comments('/deploy staging')
    const deployment = desk.only()
    desk.allows(deployment)
    await desk.settle()
    const after = desk.calls().length
    desk.resolves(deployment)
    desk.applies(deployment)
    await desk.settle()
    expect(desk.calls()).toHaveLength(after)
    await desk.time.passes('2 seconds')
    expect(desk.calls()).toHaveLength(after + 1)
    expect(desk.said()[0]?.body).toContain('starting the image')
    desk.succeeds(deployment)
    await desk.settle()
    expect(desk.said()[0]?.body).toContain(DIGEST.slice(0, 19))
    expect(desk.said()[0]?.bodies).toHaveLength(3)
  })
})

describe('the announcer, when something goes wrong', () => {
  let desk: Desk
  beforeEach(() => {
    desk = new Desk()
  })
  afterEach(() => {
    desk.github.verdict()
  })

  const shown = (): unknown => ({
    comments: desk.said().length,
    first: desk.said()[0]?.body.split('\n')[0],
    checks: desk.github.repository.checks.map(({ status, conclusion }) => `${status} ${conclusion}`),
    statuses: desk.github.repository.deployments.map(({ statuses }) => statuses.map(({ state }) => state).join(' ')),
    left: desk.announcements.incomplete(),
  })
  const ONCE = {
    comments: 1,
    first: '✅ **ada** deployed `ghcr.io/acme/shop:1.2` (`sha256:0123456789ab`) to **`staging`** in 0.0 s. [Open it](<https://staging.example.com/>)',
    checks: ['completed success'],
    statuses: ['in_progress success'],
    left: [],
  }

  const WRITES = ['POST /repos/{owner}/{repo}/deployments', 'addComment', 'updateIssueComment'] as const
  const ways = ['answers 502', 'answers 502 after doing the work', 'drops', 'drops after doing the work'] as const
  test.each(WRITES.flatMap((write) => ways.map((way) => [way, write] as const)))('GitHub %s to %s: everything is said once', async (way, write) => {
    const trouble = (way.startsWith('drops') ? desk.github.drops() : desk.github.answers(502)).to(write)
    if (way.endsWith('work')) trouble.afterDoingTheWork()
    await desk.deploys()
    await desk.time.passes('1 minute')
    const { statuses, ...rest } = ONCE
    expect(shown()).toMatchObject(rest)
    expect(['in_progress success', 'success']).toContain((shown() as { statuses: string[] }).statuses.join())
    expect(statuses).toHaveLength(1)
  })

  test.each(['addComment', 'createCheckRun', 'createDeploymentStatus', 'updateIssueComment', 'updateCheckRun'])(
    'where %s fails alone, it alone is repeated',
    async (field) => {
      desk.github.fails(field)
      await desk.deploys()
      await desk.time.passes('1 minute')
      const { statuses: _, ...rest } = ONCE
      expect(shown()).toMatchObject(rest)
    },
  )

  test.each([1, 2])('a process that dies after call %i is followed by one that finds what was said', async (calls) => {
    await desk.comments('/deploy staging')
    const deployment = desk.only()
    // The work is done, the answer never arrives, and nobody is there to wait for it.
    let left = calls
    const { fetch } = desk.github
    const dying = new Promise<never>(() => {})
    Object.assign(desk.github, {
      fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
        const response = await fetch(input, init)
        if (new Request(input).url.includes('access_tokens')) return response
        return left-- > 1 ? response : dying
      },
    })
    desk.starts()
    desk.allows(deployment)
    while (left > 0) await new Promise((resolve) => setImmediate(resolve))
    Object.assign(desk.github, { fetch })
    desk.time.forget()
    desk.starts()
    desk.bot.recover()
    await desk.settle()
    desk.resolves(deployment)
    desk.applies(deployment)
    desk.succeeds(deployment)
    await desk.settle()
    await desk.time.passes('1 minute')
    expect(shown()).toEqual(ONCE)
  })

  test('a comment that somebody deleted is not written again', async () => {
    await desk.comments('/deploy staging')
    const deployment = desk.only()
    desk.allows(deployment)
    await desk.settle()
    desk.github.people.grace.deletes(desk.said()[0]!)
    await desk.settle()
    desk.resolves(deployment)
    desk.applies(deployment)
    desk.succeeds(deployment)
    await desk.settle()
    expect(desk.said()).toEqual([])
    expect(desk.github.repository.checks[0]?.conclusion).toBe('success')
    expect(desk.announcements.incomplete()).toEqual([])
  })

  test("somebody else's comment with our marker is never taken for ours", async () => {
    desk.github.people.grace.comments(desk.pull.number, 'copied <!-- gantry:deployment d-1 -->')
    desk.github.drops().to('addComment')
    await desk.deploys()
    await desk.time.passes('1 minute')
    expect(desk.said()).toHaveLength(1)
  })

  test('our own comment that repeats what others wrote is never taken for another one', async () => {
    const found = 'they wrote <!-- gantry:deployment d-1 -->'
    desk.configuration = { problem: problem('CONFIGURATION_INVALID', { sentence: 'It is broken.', found, next: 'Mend it.' }) }
    await desk.comments('/status')
    desk.github.drops().to('addComment')
    await desk.deploys()
    await desk.time.passes('1 minute')
    expect(desk.said().map(({ body }) => body.includes('deployed'))).toEqual([false, true])
  })

  test('the Deployment of a person who is called as the App is never taken for ours, whatever it says of itself', async () => {
    const { github } = desk
    github.people.grace.account.login = github.bot.login.replace('[bot]', '')
    const payload = { gantry: { id: 'd-1', key: 'copied', instance: 'here' } }
    const none = { task: undefined, autoMerge: undefined, description: undefined, isTransient: undefined, isProduction: undefined }
    const fields = { ...none, ref: 'main', environment: 'staging', requiredContexts: [], payload }
    createDeployment(github, github.repository, github.people.grace.account, fields)
    github.drops().to('POST /repos/{owner}/{repo}/deployments')
    await desk.deploys()
    await desk.time.passes('1 minute')
    expect(github.repository.deployments.map(({ statuses }) => statuses.at(-1)?.state)).toEqual([undefined, 'success'])
  })

  test('inside a rate limit nothing is sent, and after it everything is said', async () => {
    await desk.comments('/deploy staging')
    const deployment = desk.only()
    const limit = desk.github.rateLimits(120)
    desk.allows(deployment)
    await desk.settle()
    desk.resolves(deployment)
    desk.applies(deployment)
    desk.succeeds(deployment)
    await desk.settle()
    await desk.time.passes('1 minute')
    expect(limit.ignored).toBe(0)
    await desk.time.passes('5 minutes')
    expect(limit.ignored).toBe(0)
    expect(shown()).toMatchObject({ comments: 1, checks: ['completed success'], left: [] })
  })

  test('GitHub is down for half an hour: it is told afterwards, in order, once', async () => {
    await desk.comments('/deploy staging')
    const outage = desk.github.answers(503).always()
    const deployment = desk.only()
    desk.allows(deployment)
    await desk.settle()
    desk.resolves(deployment)
    desk.applies(deployment)
    desk.succeeds(deployment)
    await desk.time.passes('30 minutes')
    outage.over()
    await desk.time.passes('10 minutes')
    expect(shown()).toMatchObject({ comments: 1, checks: ['completed success'], statuses: ['success'], left: [] })
  })
})

describe('what is told to whom', () => {
  let desk: Desk
  beforeEach(() => {
    desk = new Desk()
  })
  afterEach(() => {
    desk.github.verdict()
    expect(desk.incidents).toEqual([])
  })

  test('a refusal before there is a plan is a comment and nothing else', async () => {
    await desk.comments('/deploy staging')
    desk.refuses(desk.only())
    await desk.settle()
    expect(desk.said()[0]?.body).toMatchInlineSnapshot(`
      "🚫 **ada** asked to deploy an image to **\`staging\`**: refused.

      **Why:** mallory may not deploy here.

      - **Found:** \`role read\`
      - **Wanted:** \`role write or higher on this repository\`
      - **Next:** Ask someone with the role write to deploy.
      - **Who can put this right:** someone who can change this repository or its configuration
      - **Code:** [\`PERMISSION_REQUIRED\`](<https://docs.example.com/troubleshooting#permission_required>)

      * 🚫 Permission and rules · 0.0 s

      Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-1016>) · deployment \`d-1\`

      <!-- gantry:deployment d-1 -->"
    `)
    expect([desk.github.repository.checks, desk.github.repository.deployments]).toEqual([[], []])
  })

  test('a stranger gets a reaction', async () => {
    const comment = await desk.comments('/deploy staging', desk.github.people.mallory)
    desk.refuses(desk.only(), true)
    await desk.settle()
    expect(desk.said()).toEqual([])
    expect(comment.reactions.map(({ content }) => content)).toEqual(['eyes', 'confused'])
    expect(desk.announcements.incomplete()).toEqual([])
  })

  test('a failure mentions the person, and says what to do', async () => {
    await desk.comments('/deploy staging')
    const deployment = desk.only()
    desk.allows(deployment)
    await desk.settle()
    desk.fails(
      deployment,
      Array.from({ length: 30 }, (_, index) => `line ${index}`),
    )
    await desk.settle()
    expect(desk.said()[0]?.body).toMatchInlineSnapshot(`
      "❌ @ada, deploying \`ghcr.io/acme/shop:1.2\` to **\`staging\`** failed.

      **Why:** The repository \`ghcr.io/acme/shop\` has no tag \`1.2\`.

      - **Found:** \`1.0, 1.1\`
      - **Wanted:** \`1.2\`
      - **Next:** Push the tag, or name another one.
      - **Who can put this right:** whoever asked
      - **Code:** [\`TAG_NOT_FOUND\`](<https://docs.example.com/troubleshooting#tag_not_found>)

      * ✅ Permission and rules checked · 0.0 s
      * ❌ Finding the image · 0.0 s

      <details>
      <summary>Last 20 of 30 log lines</summary>

      \`\`\`text
      line 10
      line 11
      line 12
      line 13
      line 14
      line 15
      line 16
      line 17
      line 18
      line 19
      line 20
      line 21
      line 22
      line 23
      line 24
      line 25
      line 26
      line 27
      line 28
      line 29
      \`\`\`

      </details>

      Asked in [this comment](<https://github.com/acme/shop/pull/1#issuecomment-1016>) · commit \`4ef78d9\` · deployment \`d-1\`

      <!-- gantry:deployment d-1 -->"
    `)
  })

  test('an older comment about the same environment is folded when a newer deployment starts', async () => {
    await desk.deploys()
    await desk.deploys('/deploy staging :1.3')
    expect(desk.said().map(({ minimized }) => minimized?.toLowerCase())).toEqual(['outdated', undefined])
  })
})
