import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { commands, NAMES } from '../../../src/bot/commands/index.ts'
import { NOTHING_ASKED } from '../../../src/deploy/deployment.ts'
import type { Configuration } from '../../../src/deploy/environment.ts'
import { problem } from '../../../src/errors.ts'
import { rules } from '../deploy/situation.ts'
import { Desk, DIGEST } from './desk.ts'

const CONFIGURATION: Configuration = {
  apps: new Map([
    [
      'shop',
      {
        name: 'shop',
        images: new Map([['main', { name: 'main', repository: 'ghcr.io/acme/shop', tag: 'sha-{sha}', wait: null }]]),
        default: 'staging',
        environments: new Map(['staging', 'production'].map((name) => [name, rules({ name, target: 'site', settings: {}, url: null })])),
      },
    ],
  ]),
}

describe('what people type', () => {
  let desk: Desk
  beforeEach(async () => {
    desk = new Desk()
    desk.configuration = { configuration: CONFIGURATION }
    await desk.time.passes('1 minute')
  })
  afterEach(() => {
    desk.github.verdict()
    expect(desk.incidents).toEqual([])
    expect(desk.inbox.pending(10)).toEqual([])
  })

  test('several commands in one comment are several deployments, each under its line', async () => {
    await desk.comments('Now then\n\n/deploy staging\n/deploy production :1.2 --ref main\n')
    expect(desk.journal.open().map(({ request }) => [request.key, request.asks])).toEqual([
      [expect.stringMatching(/^c:\d+:\d+:3$/), { ...NOTHING_ASKED, environment: 'staging' }],
      [expect.stringMatching(/^c:\d+:\d+:4$/), { ...NOTHING_ASKED, environment: 'production', image: ':1.2', ref: 'main' }],
    ])
  })

  test('the first thing that GitHub hears is the reaction', async () => {
    const comment = await desk.comments('/deploy')
    expect(comment.reactions.map(({ content }) => content)).toEqual(['eyes'])
    expect(desk.calls()).toHaveLength(1)
  })

  test('ten comments at once: nobody waits for somebody else’s reaction', async () => {
    for (let index = 0; index < 10; index++) desk.github.people.ada.comments(desk.pull.number, '/deploy')
    desk.github.hangs().to('POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions')
    void desk.settle()
    const reacted = (): number => desk.pull.comments.filter(({ reactions }) => reactions.length === 1).length
    while (reacted() < 9) await new Promise((resolve) => setImmediate(resolve))
    expect([desk.journal.open().length, desk.inbox.pending(10).length]).toEqual([10, 1])
    await desk.time.passes('15 seconds')
  })

  test('the same delivery again, and the same body under a fresh id, change nothing', async () => {
    await desk.comments('/deploy')
    const [delivery] = desk.github.webhooks.log.filter(({ event }) => event === 'issue_comment')
    desk.github.redelivers(delivery!)
    desk.github.replaysWithFreshId(delivery!)
    await desk.settle()
    expect(desk.journal.open()).toHaveLength(1)
    expect(desk.calls()).toHaveLength(1)
  })

  test.each([
    ['/status --dry-run', 'OPTION_UNSUPPORTED'],
    ['/unlock staging --for 2h', 'OPTION_UNSUPPORTED'],
    ['/rollback staging log_level=debug', 'OPTION_UNSUPPORTED'],
    ['/deploy staging --expect abc', 'COMMAND_MALFORMED'],
    ['/cancel this now', 'COMMAND_MALFORMED'],
    ['/reject', 'COMMAND_MALFORMED'],
    ['/unlock', 'COMMAND_MALFORMED'],
    ['/unlock staging --all', 'COMMAND_MALFORMED'],
    ['/lock staging soon --for ever', 'COMMAND_MALFORMED'],
    ['/promote shop/staging admin/production', 'COMMAND_MALFORMED'],
    ['/deploy help depoly', 'COMMAND_UNKNOWN'],
    ['/deploy "staging', 'COMMAND_MALFORMED'],
    ['/deplyo staging', 'COMMAND_UNKNOWN'],
    ['/status staging production', 'COMMAND_MALFORMED'],
    ['/status stagin', 'ENVIRONMENT_UNKNOWN'],
  ])('%s is answered once', async (text, code) => {
    await desk.comments(text)
    expect(desk.said()).toHaveLength(1)
    expect(desk.said()[0]?.body).toContain(code)
    expect(desk.journal.open()).toEqual([])
    expect(desk.announcements.incomplete()).toEqual([])
  })

  test.each(['/deploy --all', '/deplyo', '/lock staging', '/status', '/deploy help', '/why', '/who', '/cancel', '/approve', '/retry'])(
    'a stranger who types %s gets a reaction',
    async (text) => {
      const comment = await desk.comments(text, desk.github.people.mallory)
      expect(desk.said()).toEqual([])
      expect(comment.reactions.map(({ content }) => content).toSorted()).toEqual(['confused', 'eyes'])
    },
  )

  test.each(['/lgtm', '/cc @grace', 'a/b', '> /deploy', '```\n/deploy\n```'])('%s is none of our business', async (text) => {
    const comment = await desk.comments(text)
    expect([desk.said(), comment.reactions, desk.calls()]).toEqual([[], [], []])
  })

  test('/deploy help says what this person can type here', async () => {
    await desk.comments('/deploy help')
    expect(desk.said()[0]?.body).toMatchInlineSnapshot(`
      "With the role \`write\` you can type, at the start of a line:

      - **To change what runs:** \`/deploy\` an image · \`/rollback\` to what ran before · \`/promote\` what runs elsewhere · \`/retry\` what failed · \`/cancel\` what waits or runs
      - **To keep others out:** \`/lock\` an environment · \`/unlock\` it again
      - **To know:** \`/status\` what runs where · \`/preflight\` whether the image can be pulled · \`/why\` it was refused, failed or waits · \`/who\` may deploy and approve

      - **Environments:** \`staging\` (the default), \`production\`
      - **Images:** \`ghcr.io/acme/shop\` (\`sha-{sha}\`)

      The pull request's head commit is meant, as it was when you wrote the command; \`--ref\` names another branch or a tag. \`/deploy help rollback\` explains one command; [all of it on a page](<https://docs.example.com/commands>).

      <!-- gantry:answer c:1009:1016:1 -->"
    `)
  })

  test('/status says what runs where', async () => {
    const last = await desk.deploys()
    desk.status = [
      {
        ...{
          app: 'shop',
          environment: 'staging',
          url: 'https://staging.example.com',
          last,
          occupant: null,
          queue: [],
          waiting: [],
          locks: [],
          drift: null,
        },
        observed: [{ workload: 'site', digest: DIGEST, operation: last.id, fence: 1, healthy: true, pending: null, revision: '1' }],
      },
      {
        ...{ app: 'shop', environment: 'production', url: null, last: null, occupant: null, queue: [], waiting: [], locks: [], drift: null },
        observed: { problem: problem('TARGET_UNAVAILABLE', { sentence: 'The target prod-1 does not answer.', next: 'Wait.' }) },
      },
    ]
    await desk.comments('/status')
    expect(desk.said()[1]?.body).toMatchInlineSnapshot(`
      "**\`staging\`** · [Open it](<https://staging.example.com/>)
      - Runs \`sha256:0123456789ab\` as \`site\`
      - ✅ **ada** deployed \`ghcr.io/acme/shop:1.2\` (\`sha256:0123456789ab\`) to **\`staging\`** in 0.0 s. (2026-11-23 12:01 UTC)

      **\`production\`**
      - It is not known what runs: The target \`prod-1\` does not answer. (\`TARGET_UNAVAILABLE\`)
      - Nothing has been deployed here yet.

      <!-- gantry:answer c:1009:1023:1 -->"
    `)
  })

  test('the label deploys, and is taken off', async () => {
    desk.github.people.ada.labels(desk.pull.number, 'deploy:staging')
    await desk.settle()
    expect(desk.only().request).toMatchObject({ door: 'label', headSeen: desk.pull.pull?.head, asks: { environment: 'staging' }, comment: null })
    expect([...desk.pull.labels]).toEqual([])
    expect(desk.pull.reactions.map(({ content }) => content)).toEqual(['eyes'])
  })

  test('GitHub is away while a label is taken off: tried again, deployed once', async () => {
    desk.github.answers(502).to('DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}').times(3)
    desk.github.people.ada.labels(desk.pull.number, 'deploy')
    await desk.settle()
    await desk.time.passes('1 minute')
    expect([...desk.pull.labels]).toEqual([])
    expect(desk.journal.open()).toHaveLength(1)
  })

  test('GitHub is away while somebody asks for help: tried again, answered once', async () => {
    desk.github.answers(502).to('query').times(2)
    await desk.comments('/deploy help')
    await desk.time.passes('1 minute')
    expect(desk.said()).toHaveLength(1)
  })

  test('GitHub stays away: after about an hour the person is told so', async () => {
    desk.github.answers(502).to('query').always()
    await desk.comments('/deploy help')
    await desk.time.passes('2 hours')
    expect(desk.said().map(({ body }) => body.split('\n')[0])).toEqual(['🚫 GitHub did not answer.'])
  })

  test('our own mistake is an incident with a number, said once, and the next command works', async () => {
    desk.status = new Proxy([], {
      get: () => {
        throw new TypeError('a bug')
      },
    })
    await desk.comments('/status')
    await desk.comments('/deploy')
    expect(desk.said()).toHaveLength(1)
    expect(desk.said()[0]?.body).toContain('incident `i1`')
    expect(desk.incidents.splice(0)).toHaveLength(1)
    expect(desk.journal.open()).toHaveLength(1)
  })

  test('what waited in the inbox when the process ended is done at the next start', async () => {
    const payload = desk.github.people.ada.comments(desk.pull.number, '/deploy')
    desk.bot.work = () => {}
    await desk.settle()
    expect([desk.journal.open(), desk.inbox.pending(10).length]).toEqual([[], 1])
    desk.starts().recover()
    await desk.settle()
    expect(desk.only().request.comment?.id).toBe(payload.id)
  })
})

test('every command is in the list, with its words', () => {
  expect(NAMES).toEqual([...new Set(NAMES)])
  const files = readdirSync(new URL('../../../src/bot/commands', import.meta.url)).filter((name) => name !== 'index.ts')
  expect(commands.map(({ name }) => name.split(' ').at(-1)).toSorted()).toEqual(files.map((name) => name.replace('.ts', '')).toSorted())
})
