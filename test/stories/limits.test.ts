import type { LimitName } from '../../src/deploy/limits.ts'
import { expect, story, type Cast, type Character, type Ear } from '../story.ts'
import { states } from '../world/facts.ts'
import type { Comment } from '../world/github/state.ts'
import type { Called, World } from '../world/world.ts'

// Who asks for too much hears when there is room again; nobody else hears of it.

const NONE = { repository: 'acme/none', image: ':1.2' }
const said = ({ status, body }: Called) => [status, body.code ?? body.state] as const
const left = ({ headers }: Called) => [headers.get('ratelimit-policy'), headers.get('ratelimit'), headers.get('retry-after')]
const changes = (who: Character, body: object = NONE): Promise<Called> => who.calls('POST', '/deploy', body)
const looks = (who: Character): Promise<Called> => who.calls('GET', '/deployments?repository=acme/shop')

async function manyOf<T>(count: number, ask: () => Promise<T>): Promise<T[]> {
  const all: T[] = []
  for (let nth = 0; nth < count; nth += 1) all.push(await ask())
  return all
}

story.once('every answer says what is left, and above that when there is room again', async ({ ada, grace, time }) => {
  expect(left(await looks(ada))).toEqual(['"look";q=600;w=60', '"look";r=599;t=1', null])
  expect(left(await changes(ada))).toEqual(['"change";q=60;w=60', '"change";r=59;t=1', null])
  const last = (await manyOf(59, () => changes(ada))).at(-1)!
  expect([said(last), left(last)]).toEqual([
    [404, 'REPOSITORY_UNKNOWN'],
    ['"change";q=60;w=60', '"change";r=0;t=60', null],
  ])
  const above = await changes(ada)
  expect(left(above)).toEqual(['"change";q=60;w=60', '"change";r=0;t=60', '1'])
  expect(above.body).toMatchObject({
    ...{ code: 'TOO_MANY_REQUESTS', status: 429, retryable: true, retryAfter: 1, who: 'requester' },
    ...{ detail: 'More was asked for in your name than fits.', wanted: 'at most 60 within 60 s', fix: 'Ask again in a second.' },
  })
  expect([said(await changes(grace)), said(await looks(ada))]).toEqual([
    [404, 'REPOSITORY_UNKNOWN'],
    [200, undefined],
  ])
  await time.passes('1 second')
  expect((await manyOf(2, () => changes(ada))).map(({ status }) => status)).toEqual([404, 429])
})

story.once('what was asked for counts after a crash, too, but for the last three seconds', async ({ ada, time, world }) => {
  await manyOf(60, () => changes(ada))
  await time.passes('3 seconds')
  await manyOf(3, () => changes(ada))
  expect((await changes(ada)).status).toBe(429)
  await world.dies()
  expect((await manyOf(4, () => changes(ada))).map(({ status }) => status)).toEqual([404, 404, 404, 429])
})

story.once('changes in one repository, and in one account, count together, whoever asks for them', async (cast) => {
  const { ada, grace, registry, github, world } = cast
  await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
  const { body } = await changes(ada, { repository: 'acme/shop', environment: 'staging', image: ':1.2' })
  for (const [name, key, where, burst] of [
    ['repository', github.repository.id, 'in this repository', 300],
    ['account', github.repository.owner.id, 'in this account’s repositories', 600],
  ] as const) {
    spends(cast, name, key)
    await world.dies()
    const above = await grace.calls('POST', `/deploy/${body.id}/cancel`, {})
    expect([said(above), above.body.detail, above.headers.get('ratelimit-policy'), above.headers.get('retry-after')]).toEqual([
      [429, 'TOO_MANY_REQUESTS'],
      `More was asked for ${where} than fits, by all together.`,
      `"${name}";q=${burst};w=60`,
      '1',
    ])
    expect([said(await looks(ada)), said(await changes(ada))]).toEqual([
      [200, undefined],
      [404, 'REPOSITORY_UNKNOWN'],
    ])
    await cast.time.passes('2 minutes')
  }
})

story.once('strangers of a public repository use up what strangers have, and nothing that its people have', async (cast) => {
  const { ada, mallory, eve, github, registry, world, time } = cast
  await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
  const { owner } = github.repository
  const staging = { repository: 'acme/shop', environment: 'staging', image: ':1.2' }
  const { body } = await changes(ada, staging)
  await time.passes('1 minute')
  await manyOf(40, () => mallory.calls('POST', `/deploy/${body.id}/cancel`, {}))
  await time.passes('3 seconds')
  const rows = world.disk.all(`select name, key from rate_limit where name in ('repository', 'account', 'strangers')`)
  expect(rows).toEqual([{ name: 'strangers', key: String(owner.id) }])
  // All of theirs: the next one of them hears so, and nobody of the repository.
  spends(cast, 'strangers', owner.id)
  await world.dies()
  const above = await changes(mallory, staging)
  expect([said(above), above.body.detail, above.headers.get('ratelimit-policy')]).toEqual([
    [429, 'TOO_MANY_REQUESTS'],
    'More was asked for in this account’s repositories than fits, by all together who are no more than readers there.',
    '"strangers";q=120;w=60',
  ])
  const [stranger, insider] = [eve, ada].map(({ person }) => person.comments(world.pull.number, '/deploy help'))
  await world.settle()
  expect(reactionsTo([stranger!, insider!])).toEqual(['confused', 'eyes'])
  expect((await changes(ada, staging)).status).toBe(202)
  cast.bot.isHeard()
})

const DOCUMENT = '/openapi.json'
const asksFrom = ({ world }: Cast, address: string | null, path = DOCUMENT, authorization = ''): Promise<Called> =>
  world.calls('GET', path, undefined, { authorization }, address)

story.once('one address cannot keep the process busy, and keeps no other from it', async (cast) => {
  // All of its three thousand but five.
  spends(cast, 'address', '192.0.2.1', 59_900)
  await cast.world.dies()
  const all = await manyOf(6, () => asksFrom(cast, '192.0.2.1'))
  expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429])
  expect([said(all[5]!), all[5]?.body.detail]).toEqual([[429, 'TOO_MANY_REQUESTS'], 'More comes from your address than fits.'])
  // Not even to whoever is known.
  const token = `Bearer ${cast.github.auth.signsIn(cast.ada.person.account)}`
  expect((await asksFrom(cast, '192.0.2.1', '/deployments?repository=acme/shop', token)).status).toBe(429)
  expect((await asksFrom(cast, '192.0.2.2', '/deployments?repository=acme/shop', token)).status).toBe(200)
  expect((await asksFrom(cast, null)).status).toBe(200)
  await cast.time.passes('1 second')
  expect((await manyOf(51, () => asksFrom(cast, '192.0.2.1'))).map(({ status }) => status).slice(49)).toEqual([200, 429])
})

// The same limits in comments.

const reactionsTo = (comments: readonly Comment[]): string[] => comments.map(({ reactions }) => reactions.map(({ content }) => content).join())

const refusals = (bot: Ear): string[] => bot.unread().flatMap(({ body }) => (body.includes('TOO_MANY_REQUESTS') ? [body] : []))

story.once('somebody floods a thread: one comment says so, and others are served', async ({ world, ada, grace, bot, time }) => {
  const says = (who: Character, text: string, count = 1): Comment[] =>
    Array.from({ length: count }, () => who.person.comments(world.pull.number, text))
  const ten = Array.from({ length: 10 }, () => '/deploy help').join('\n\n')
  const [within, above, graces] = [says(ada, ten, 6), says(ada, '/deploy help', 20), says(grace, '/deploy help')]
  await world.settle()
  // GitHub lets nobody create so much at once.
  await time.passes('1 hour')
  expect([new Set(reactionsTo(within)), reactionsTo(graces)]).toEqual([new Set(['eyes']), ['eyes']])
  expect(reactionsTo(above)).toEqual(['', ...Array.from({ length: 19 }, () => 'confused')])
  const [refusal, ...more] = refusals(bot)
  expect(refusal).toMatchInlineSnapshot(`
    "🚫 More was asked for in your name than fits.

    - **Wanted:** \`at most 60 within 60 s\`
    - **Next:** Write it in a new comment from \`2026-11-23\` \`13:01\` UTC on; what is refused until \`2026-11-23\` \`13:10\` UTC gets a reaction and no comment.
    - **Who can put this right:** whoever asked
    - **Code:** \`TOO_MANY_REQUESTS\`

    <!-- gantry:answer c:1009:1024 -->"
  `)
  expect([more.length, bot.unread().length]).toEqual([0, 62])
  says(ada, '/deploy help')
  await world.settle()
  expect(bot.unread()).toHaveLength(63)
  bot.isHeard()
})

story.once('a stranger who floods a thread gets reactions alone, and is no more looked at than that', async (cast) => {
  const { mallory, world, bot, github, time } = cast
  spends(cast, 'change', mallory.person.id)
  await world.dies()
  const before = github.calls.length
  const comments = Array.from({ length: 10 }, () => mallory.person.comments(world.pull.number, '/deploy staging'))
  await world.settle()
  await time.passes('10 minutes')
  expect([bot.unread(), new Set(reactionsTo(comments)), states(world)]).toEqual([[], new Set(['confused']), []])
  expect(github.calls.length - before).toBeLessThan(20)
})

story.once('what is asked for through the API and in comments counts together', async ({ world, ada, bot, time }) => {
  await manyOf(59, () => changes(ada))
  await ada.comments('/deploy help')
  expect((await changes(ada)).status).toBe(429)
  await ada.comments('/deploy help')
  expect([bot.unread().length, refusals(bot).length]).toEqual([2, 1])
  await time.passes('1 minute')
  expect((await changes(ada)).status).toBe(404)
  await ada.labels('deploy')
  expect(states(world)).toHaveLength(1)
  bot.isHeard()
})

story.once('a label above the limits is taken off, and refused in the same way', async (cast) => {
  const { ada, world, bot } = cast
  spends(cast, 'change', ada.person.id)
  await world.dies()
  await ada.labels('deploy')
  await ada.labels('deploy:production')
  expect([refusals(bot).length, bot.unread().length, world.pull.labels, states(world)]).toEqual([1, 1, new Set(), []])
  expect(refusals(bot)[0]).toContain('Add the label again from')
  bot.isHeard()
})

// Every 7th crossing in `npm test`, as in crash.test.ts.
const every = Number(process.env['GANTRY_CRASH_EVERY'] ?? '7')

story.atEveryCrossing(
  'a flood is refused once and others are served, wherever the process dies',
  async (cast) => {
    const { ada, grace, world, bot, time, github } = cast
    spends(cast, 'change', ada.person.id)
    await world.dies()
    const asked = [ada, ada, ada, grace].map(({ person }) => person.comments(world.pull.number, '/deploy help'))
    await world.settle()
    for (const delivery of github.webhooks.log.filter(({ event }) => event === 'issue_comment')) github.redelivers(delivery)
    await world.settle()
    await time.passes('2 minutes')
    expect(reactionsTo(asked).slice(1)).toEqual(['confused', 'confused', 'eyes'])
    expect([refusals(bot).length, bot.unread().length]).toEqual([1, 2])
    bot.isHeard()
  },
  { every },
)

story.once('five hundred of one account on their way are enough: the API says so at once, the bot in a comment', async (cast) => {
  const { ada, world, bot, registry } = cast
  await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
  const body = { repository: 'acme/shop', environment: 'staging', image: ':1.2' }
  const asks = (key: string) => ada.calls('POST', '/deploy', body, { 'idempotency-key': key })
  const first = await asks('one')
  areOnTheirWay(world, 500)
  const above = await asks('two')
  expect([said(above), above.headers.get('retry-after'), above.body.detail]).toEqual([
    [429, 'QUEUE_FULL'],
    '60',
    'Too many deployments of this account’s repositories are on their way already.',
  ])
  const same = await asks('one')
  expect([same.status, same.body.id]).toEqual([202, first.body.id])
  expect((await ada.calls('POST', `/deploy/${first.body.id}/retry`, {})).status).toBe(429)
  await ada.comments('/deploy staging :1.2')
  expect(bot.says()).toContain('`QUEUE_FULL`')
  areOnTheirWay(world, 0)
  expect((await asks('two')).status).toBe(202)
})

/** So many deployments of other repositories of the account, as the database has them; nobody asks for them. */
function areOnTheirWay({ disk }: World, count: number): void {
  disk.all(`delete from deployment where key like 'other-%'`)
  disk.all(
    `with recursive n (n) as (select 1 union all select n + 1 from n where n < ?)
     insert into deployment (id, key, repository, subject, state, environment, request, created_at)
     select 'other-' || n, 'other-' || n, 1000 + n, 0, 'queued', 'other-' || n, request, created_at from n, (select * from deployment limit 1) where n <= ?`,
    ...[Math.max(count, 1), count],
  )
}

/** All of it, as the next process finds it. */
function spends({ world, time }: Cast, name: LimitName, key: number | string, milliseconds = 60_000): void {
  world.disk.all('insert or replace into rate_limit (name, key, full) values (?, ?, ?)', name, String(key), time.now() + milliseconds)
}

story.once(
  'a button counts as a command does, and whoever is told to wait is told to type it then: the same press again would be nothing new',
  async (cast) => {
    const { ada, bot, github, world } = cast
    await ada.comments('/deploy staging :1')
    bot.isHeard()
    const failed = github.repository.checks.find(({ actions }) => actions.length > 0)!
    spends(cast, 'change', ada.person.id)
    await world.dies()
    await ada.presses('Retry', failed)
    expect(bot.says()).toMatchInlineSnapshot(`
    "🚫 More was asked for in your name than fits.

    - **Wanted:** \`at most 60 within 60 s\`
    - **Next:** Ask for it in a comment from \`2026-11-23\` \`13:01\` UTC on; what is refused until \`2026-11-23\` \`13:10\` UTC gets no comment.
    - **Who can put this right:** whoever asked
    - **Code:** \`TOO_MANY_REQUESTS\`"
  `)
    await ada.reruns(failed)
    expect(bot.unread()).toEqual([])
    expect(states(world)).toEqual(['failure'])
  },
)
