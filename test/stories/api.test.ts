import { randomUUID } from 'node:crypto'
import { HEADERS } from '../../src/web/headers.ts'
import { expect, story, type Cast, type Character } from '../story.ts'
import { servesAt } from '../world/facts.ts'
import { DEPLOY_YML, type Called } from '../world/world.ts'

// What a program sees that deploys for somebody: the same gates, words and codes as a comment's.

const said = ({ status, body }: Called) => [status, body.code ?? body.state] as const
const image = (tag: string) => ({ repository: 'acme/shop', environment: 'staging', image: `:${tag}` })

/** Asks, and looks when everything has come to rest. With a key, because without one whoever asks again after a death asks for another. */
async function deploys(who: Character, body: object, headers: Record<string, string> = { 'idempotency-key': randomUUID() }): Promise<Called> {
  const asked = await who.calls('POST', '/deploy', body, headers)
  return asked.status === 202 ? who.calls('GET', asked.headers.get('location') ?? '') : asked
}
const asksForApproval = ({ github }: Cast): void =>
  github.has('.github/deploy.yml', DEPLOY_YML.replace('    url: https://staging', '    approvals: { count: 1 }\n    url: https://staging'))
const has = ({ registry }: Cast, tag: string): Promise<unknown> => registry.has(`acme/shop:${tag}`, { 'site/index.html': tag })

story('a deployment is asked for, followed and told like one that was asked for in a comment', async (cast) => {
  const { ada, world, github } = cast
  await has(cast, '1.2')
  const now = await deploys(ada, image('1.2'), { 'idempotency-key': 'one' })
  expect(now.body).toMatchObject({
    ...{ repository: 'acme/shop', app: 'shop', environment: 'staging', state: 'success', isFinal: true, url: 'https://staging.example.com' },
    ...{ progress: { current: 6, total: 6, percentage: 100 }, problem: null, requestedThrough: 'api', requestedBy: { login: 'ada' } },
    images: [{ name: 'main', tag: '1.2', digest: expect.stringMatching(/^sha256:/) }],
    links: { comment: null, asked: null, check: expect.stringMatching(/^https:\/\/github\.com\/acme\/shop\/runs\/\d+$/) },
  })
  expect(now.body.headline).toMatch(/^ada deployed registry\.test\/acme\/shop:1\.2 \(sha256:[0-9a-f]{12}\) to staging in /)
  expect(now.body.steps.map(({ name }: { name: string }) => name)).toEqual(['gates', 'resolve', 'verify', 'queue', 'apply', 'observe'])
  expect(await servesAt(world, '/')).toBe('1.2')
  expect(github.repository.deployments).toHaveLength(1)
  const logs = await ada.calls('GET', now.body.links.logs)
  expect(logs.body).toContain('unpacking 1 layer')
  const rest = await ada.calls('GET', `${now.body.links.logs}?after=${logs.headers.get('next-after')}`)
  expect(rest.body).toBe('')
})

story('on a pull request it is told in the thread, where the head is named', async (cast) => {
  const { ada, bot, world } = cast
  await has(cast, '1.2')
  const blind = await deploys(ada, { ...image('1.2'), issue: world.pull.number })
  expect(said(blind)).toEqual([200, 'refused'])
  expect(blind.body.problem).toMatchObject({ code: 'HEAD_UNPROVED', who: 'requester' })
  expect(bot.says()).toContain('HEAD_UNPROVED')
  const seen = await deploys(ada, { ...image('1.2'), issue: world.pull.number, expect: world.pull.pull?.head })
  expect(said(seen)).toEqual([200, 'success'])
  expect(seen.body.links.comment).toMatch(/\/issues\/1#issuecomment-\d+$/)
  expect(bot.says()).toContain('Asked through the API')
})

story.once('a link is there as soon as GitHub has what it leads to, though the state was read before', async (cast) => {
  const { ada, bot, world, github } = cast
  await has(cast, '1.2')
  github.answers(502).to('mutation').times(1)
  const early = await deploys(ada, { ...image('1.2'), issue: world.pull.number, expect: world.pull.pull?.head })
  expect([said(early), early.body.links.comment]).toEqual([[200, 'success'], null])
  await world.time.passes('50 seconds')
  const { body } = await ada.calls('GET', early.body.links.self)
  expect(body.links).toMatchObject({ comment: expect.stringMatching(/#issuecomment-\d+$/), check: expect.stringMatching(/\/runs\/\d+$/) })
  expect(bot.says()).toContain('✅')
})

story.once('every answer has the same headers and a number of its own, whatever it says', async (cast) => {
  const { ada, world } = cast
  await has(cast, '1.2')
  const { body } = await deploys(ada, image('1.2'))
  const authorization = `Bearer ${cast.github.auth.signsIn(ada.person.account)}`
  const asks = (method: string, path: string, headers = {}, sent?: object) => world.calls(method, path, sent, { authorization, ...headers })
  const answers = [
    await asks('GET', body.links.self),
    await asks('GET', body.links.self),
    await asks('GET', body.links.logs),
    await asks('GET', body.links.events),
    await asks('GET', '/deployments?repository=acme/shop'),
    await asks('GET', '/openapi.json'),
    await asks('POST', '/deploy', {}, image('1.2')),
    await asks('POST', '/deploy/validate', {}, image('1.2')),
    await asks('POST', `/deploy/${body.id}/cancel`, {}, {}),
    await asks('GET', '/deploy/status/x'),
    await asks('GET', `/deploy/status/sb-${'0'.repeat(40)}`),
    await asks('GET', '/nothing'),
    await asks('PUT', '/deploy'),
    await asks('POST', '/deploy', { 'content-type': 'text/plain' }, {}),
    await asks('GET', body.links.self, { authorization: 'Bearer nobody' }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 202, 200, 409, 422, 404, 404, 405, 415, 401])
  const headers = answers.map((one) => Object.fromEntries(one.headers))
  for (const found of headers) expect(found).toMatchObject(HEADERS)
  expect(new Set(headers.map((found) => found['x-request-id'])).size).toBe(answers.length)
  for (const { status, headers: own, body: told } of answers) if (status >= 400) expect(told.requestId).toBe(own.get('x-request-id'))
})

story('the same Idempotency-Key is the same deployment, and another body under it is refused', async (cast) => {
  const { ada, grace, github } = cast
  await has(cast, '1.2')
  const key = { 'idempotency-key': 'a key of theirs' }
  expect(said(await ada.calls('POST', '/deploy', image('1.2'), key))).toEqual([400, 'REQUEST_MALFORMED'])
  const good = { 'idempotency-key': '4f0c-9a' }
  const [one, two] = [await ada.calls('POST', '/deploy', image('1.2'), good), await ada.calls('POST', '/deploy', image('1.2'), good)]
  expect([one.status, two.status, two.body.id]).toEqual([202, 202, one.body.id])
  expect(said(await ada.calls('POST', '/deploy', image('1.3'), good))).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
  const another = await grace.calls('POST', '/deploy', image('1.2'), good)
  expect(another.body.id).not.toBe(one.body.id)
  expect(github.repository.deployments.length).toBeLessThanOrEqual(2)
})

story('a key is for one thing: what is asked of another deployment under it is another request', async (cast) => {
  const { ada, world } = cast
  for (const tag of ['1.2', '1.3', '1.4']) await has(cast, tag)
  const key = { 'idempotency-key': '4f0c-9a' }
  const first = await deploys(ada, image('1.2'), key)
  const missing = await deploys(ada, image('9.9'))
  await has(cast, '9.9')
  const again = await ada.calls('POST', `/deploy/${missing.body.id}/retry`, {}, key)
  expect([again.status, again.body.id === first.body.id]).toEqual([202, false])
  expect((await ada.calls('POST', `/deploy/${missing.body.id}/retry`, {}, key)).body.id).toBe(again.body.id)
  expect(await servesAt(world, '/')).toBe('9.9')
  const [third, fourth] = [await deploys(ada, image('1.3')), await deploys(ada, image('1.4'))]
  const back = await ada.calls('POST', `/deploy/${fourth.body.id}/rollback`, {}, key)
  expect((await ada.calls('POST', `/deploy/${fourth.body.id}/rollback`, {}, key)).body.id).toBe(back.body.id)
  expect(said(await ada.calls('POST', `/deploy/${fourth.body.id}/rollback`, { to: third.body.id }, key))).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
})

story('a stranger says nothing on a thread through the API, not even with the bot’s reactions', async (cast) => {
  const { mallory, world, bot, github } = cast
  await has(cast, '1.2')
  const refused = await deploys(mallory, { ...image('1.2'), issue: world.pull.number })
  expect(said(refused)).toEqual([200, 'refused'])
  expect(bot.unread()).toEqual([])
  expect(github.calls.filter(({ operation, fields }) => operation.includes('reactions') || fields.includes('addReaction'))).toEqual([])
})

story('whoever may not deploy is refused by the gates, with their words', async (cast) => {
  const { trent, world, ada } = cast
  await has(cast, '1.2')
  world.demotes(trent.person, 'read')
  const refused = await deploys(trent, image('1.2'))
  expect(refused.body).toMatchObject({ state: 'refused', problem: { code: 'PERMISSION_REQUIRED', who: 'repository', fix: expect.any(String) } })
  expect((await ada.calls('POST', '/deploy', { ...image('1.2'), environment: 'nowhere' })).status).toBe(202)
})

story.once('who is not known, and what is not there, is told apart from nothing else', async (cast) => {
  const { ada, world, github } = cast
  const asks = (authorization?: string): Promise<Called> =>
    world.calls('GET', '/deployments?repository=acme/shop', undefined, authorization === undefined ? {} : { authorization })
  for (const wrong of [
    undefined,
    '',
    'Basic YTpi',
    'Bearer',
    'Bearer x',
    `Bearer ghp_${'a'.repeat(36)}`,
    `Bearer ghu_${'a'.repeat(36)}, Bearer ghu_${'b'.repeat(36)}`,
  ]) {
    const answer = await asks(wrong)
    expect([said(answer), answer.headers.get('www-authenticate')]).toEqual([[401, 'AUTHENTICATION_REQUIRED'], 'Bearer realm="Gantry"'])
  }
  expect(said(await asks(`Bearer ghu_${'a'.repeat(36)}`))).toEqual([401, 'AUTHENTICATION_REQUIRED'])
  const other = { ...image('1.2'), repository: 'acme/other' }
  expect(said(await ada.calls('POST', '/deploy', other))).toEqual([404, 'REPOSITORY_UNKNOWN'])
  expect(said(await ada.calls('GET', `/deploy/status/sb-${'0'.repeat(32)}`))).toEqual([404, 'DEPLOYMENT_UNKNOWN'])
  expect(said(await ada.calls('GET', '/deploy/status/../../etc/passwd'))).toEqual([404, 'ROUTE_UNKNOWN'])
  expect(said(await ada.calls('GET', '/deploy'))).toEqual([405, 'METHOD_NOT_ALLOWED'])
  expect(said(await ada.calls('POST', '/openapi.json', {}))).toEqual([405, 'METHOD_NOT_ALLOWED'])
  expect(github.repository.deployments).toEqual([])
})

story.once('what is private is for a stranger as if it were not there, and so is what was asked for in it', async (cast) => {
  const { ada, mallory, github, time } = cast
  await has(cast, '1.2')
  github.repository.isPrivate = true
  const { body: one } = await deploys(ada, image('1.2'))
  const without = ({ status, body }: Called, name: string) => [status, JSON.stringify({ ...body, requestId: '' }).replaceAll(name, 'NAME')]
  const there = without(await mallory.calls('POST', '/deploy', image('1.2')), 'acme/shop')
  expect(there).toEqual(without(await mallory.calls('POST', '/deploy', { ...image('1.2'), repository: 'acme/none' }), 'acme/none'))
  expect(there[0]).toBe(404)
  const nowhere = one.id.replace(/.{8}$/, '00000000')
  for (const [method, what] of [
    ...[['GET', (id: string) => `/deploy/status/${id}`] as const, ['GET', (id: string) => `/deploy/status/${id}/logs`] as const],
    ...['approve', 'reject', 'cancel', 'retry', 'rollback'].map((wish) => ['POST', (id: string) => `/deploy/${id}/${wish}`] as const),
  ]) {
    const body = method === 'GET' ? undefined : what('').endsWith('reject') ? { reason: 'x' } : {}
    const found = without(await mallory.calls(method, what(one.id), body), one.id)
    expect(found).toEqual(without(await mallory.calls(method, what(nowhere), body), nowhere))
    expect(found[0]).toBe(404)
  }
  expect(said(await mallory.calls('GET', '/deployments?repository=acme/shop'))).toEqual([404, 'REPOSITORY_UNKNOWN'])
  // Whoever loses the right to see it sees nothing a minute later.
  expect((await ada.calls('GET', one.links.self)).status).toBe(200)
  github.repository.roles.delete(ada.person.id)
  await time.passes('61 seconds')
  expect(said(await ada.calls('GET', one.links.self))).toEqual([404, 'DEPLOYMENT_UNKNOWN'])
})

story.once('where the App was suspended or taken away, there is nothing any more', async (cast) => {
  const { ada, github, time } = cast
  await has(cast, '1.2')
  const { body: one } = await deploys(ada, image('1.2'))
  github.installation.isSuspended = true
  await time.passes('61 seconds')
  expect(said(await ada.calls('GET', one.links.self))).toEqual([404, 'DEPLOYMENT_UNKNOWN'])
  expect(said(await ada.calls('POST', '/deploy', image('1.2')))).toEqual([404, 'REPOSITORY_UNKNOWN'])
  github.installation.isSuspended = false
  github.installation.repositories.delete(github.repository.id)
  await time.passes('11 minutes')
  expect(said(await ada.calls('GET', one.links.self))).toEqual([404, 'DEPLOYMENT_UNKNOWN'])
  expect(said(await ada.calls('POST', '/deploy', image('1.2')))).toEqual([404, 'REPOSITORY_UNKNOWN'])
})

story.once('what GitHub fails at is said as that, and the log has the number of the request, but not of each in a flood', async (cast) => {
  const { ada, world, github } = cast
  github.answers(502).to('POST /applications/{client_id}/token').times(100)
  const answers = []
  for (let nth = 0; nth < 100; nth += 1) {
    const authorization = `Bearer ghu_${String(nth).padStart(36, '0')}`
    answers.push(await world.calls('GET', '/deployments?repository=acme/shop', undefined, { authorization }))
  }
  expect(new Set(answers.map((one) => said(one).join()))).toEqual(new Set(['503,GITHUB_UNAVAILABLE']))
  const lines = world.logged.filter((line) => line.includes('a request could not be answered'))
  expect(lines).toHaveLength(60)
  expect(lines[0]).toContain(answers[0]?.body.requestId)
  expect((await ada.calls('GET', '/deployments?repository=acme/shop')).status).toBe(200)
})

story('what is wrong with a body is said where it is, and nothing is done', async (cast) => {
  const { ada, world, github } = cast
  const bodies: [body: object, detail: RegExp][] = [
    [{}, /^repository is not as it should be/],
    [{ repository: 'shop' }, /^repository is not/],
    [{ ...image('1.2'), enviroment: 'x' }, /"enviroment" is not known here\. Did you mean "environment"\?/],
    [{ ...image('1.2'), approved: true }, /"approved" is not known here/],
    [{ ...image('1.2'), issue: 0 }, /^issue is not/],
    [{ ...image('1.2'), parameters: { a: 1 } }, /^parameters\.a is not/],
    [{ ...image('1.2'), parameters: Object.fromEntries(Array.from({ length: 500 }, (_, nth) => [`p${nth}`, '1'])) }, /^parameters is not/],
    [JSON.parse('{"repository":"acme/shop","constructor":{"x":1}}') as object, /"constructor" is not known here/],
  ]
  for (const [body, detail] of bodies) {
    const answer = await ada.calls('POST', '/deploy', body)
    expect([said(answer), answer.body.detail]).toEqual([[422, 'REQUEST_INVALID'], expect.stringMatching(detail)])
  }
  // Addresses of GitHub's are made of it: `..` would be another place there.
  for (const name of ['../users', './shop', 'acme/..', 'acme/.', '../..', 'acme.x/shop', 'acme/shop/x', 'acme/shop\n']) {
    expect(said(await ada.calls('POST', '/deploy', { ...image('1.2'), repository: name }))).toEqual([422, 'REQUEST_INVALID'])
    expect(said(await ada.calls('GET', `/deployments?repository=${encodeURIComponent(name)}`))).toEqual([422, 'REQUEST_INVALID'])
  }
  const long = await ada.calls('POST', '/deploy', { ...image('1.2'), parameters: { ['x'.repeat(50_000)]: '1' } })
  expect([said(long), JSON.stringify(long.body).length < 1_000]).toEqual([[422, 'REQUEST_INVALID'], true])
  const token = github.auth.signsIn(ada.person.account)
  const sends = (type: string) => world.calls('POST', '/deploy', image('1.2'), { authorization: `Bearer ${token}`, 'content-type': type })
  expect(said(await sends('text/plain'))).toEqual([415, 'CONTENT_TYPE_UNSUPPORTED'])
  expect(said(await ada.calls('POST', '/deploy', { repository: 'x'.repeat(70_000) }))).toEqual([413, 'REQUEST_TOO_LARGE'])
  let deep: object = {}
  for (let depth = 0; depth < 100; depth += 1) deep = { deep }
  expect(said(await ada.calls('POST', '/deploy', deep))).toEqual([400, 'REQUEST_MALFORMED'])
  expect(github.repository.deployments).toEqual([])
})

story('a second person approves, rejects, and whoever asked cancels, as in comments', async (cast) => {
  const { ada, grace } = cast
  await has(cast, '1.2')
  asksForApproval(cast)
  const waiting = await deploys(ada, image('1.2'))
  expect(waiting.body).toMatchObject({ state: 'waiting', wait: { reason: 'approval' }, isFinal: false })
  const at = (what: string, id = waiting.body.id) => `/deploy/${id}/${what}`
  expect(said(await ada.calls('POST', at('approve'), {}))).toEqual([403, 'APPROVAL_NOT_ALLOWED'])
  expect((await grace.calls('POST', at('approve'), {})).status).toBe(202)
  expect(said(await ada.calls('GET', waiting.body.links.self))).toEqual([200, 'success'])
  expect(said(await ada.calls('POST', at('cancel'), {}))).toEqual([409, 'DEPLOYMENT_ENDED'])
  await has(cast, '1.3')
  const second = await deploys(ada, image('1.3'))
  expect(said(await grace.calls('POST', at('reject', second.body.id), {}))).toEqual([422, 'REQUEST_INVALID'])
  await grace.calls('POST', at('reject', second.body.id), { reason: 'not today' })
  expect((await ada.calls('GET', second.body.links.self)).body.problem).toMatchObject({ code: 'APPROVAL_REJECTED' })
})

story('what failed is tried again, and what ran before comes back', async (cast) => {
  const { ada, world } = cast
  for (const tag of ['1.2', '1.3']) await has(cast, tag)
  await deploys(ada, image('1.2'))
  const newer = await deploys(ada, image('1.3'))
  // With a key, because whoever hears no answer asks again, and without one that goes back once more.
  const back = await ada.calls('POST', `/deploy/${newer.body.id}/rollback`, {}, { 'idempotency-key': randomUUID() })
  expect(back.status).toBe(202)
  expect((await ada.calls('GET', back.body.links.self)).body).toMatchObject({ state: 'success', images: [{ tag: '1.2' }] })
  expect(await servesAt(world, '/')).toBe('1.2')
  const missing = await deploys(ada, image('9.9'))
  expect(missing.body).toMatchObject({ state: 'failure', problem: { code: 'TAG_NOT_FOUND' } })
  await has(cast, '9.9')
  const again = await ada.calls('POST', `/deploy/${missing.body.id}/retry`, {})
  expect((await ada.calls('GET', again.body.links.self)).body).toMatchObject({ state: 'success' })
  expect(await servesAt(world, '/')).toBe('9.9')
})

story('a dry run says what it would come to, and changes nothing', async (cast) => {
  const { ada, github } = cast
  await has(cast, '1.2')
  const goes = await ada.calls('POST', '/deploy/validate', image('1.2'))
  expect(goes.body).toMatchObject({
    goes: true,
    problem: null,
    images: [{ isPullable: true }],
    changes: [{ from: null, to: expect.stringMatching(/^sha256:/) }],
  })
  const fails = await ada.calls('POST', '/deploy/validate', image('7.7'))
  expect(fails.body).toMatchObject({ goes: false, problem: { code: 'TAG_NOT_FOUND' } })
  expect(github.repository.deployments).toEqual([])
})

story('deployments are listed page by page, newest first', async (cast) => {
  const { ada } = cast
  for (const tag of ['1.2', '1.3', '1.4']) {
    await has(cast, tag)
    await deploys(ada, image(tag), { 'idempotency-key': tag })
  }
  const pages: string[][] = []
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body }: Called = await ada.calls(
      'GET',
      `/deployments?repository=acme/shop&environment=staging&state=success&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
    )
    pages.push(body.deployments.map(({ images: [one] }: { images: { tag: string }[] }) => one?.tag ?? ''))
    cursor = body.next
  }
  expect(pages).toEqual([['1.4', '1.3'], ['1.2']])
  expect((await ada.calls('GET', '/deployments?repository=acme/shop&environment=production')).body).toEqual({ deployments: [], next: null })
  expect(said(await ada.calls('GET', '/deployments?repository=acme/shop&cursor=@'))).toEqual([422, 'REQUEST_INVALID'])
  expect(said(await ada.calls('GET', '/deployments?repository=acme/shop&sort=up'))).toEqual([422, 'REQUEST_INVALID'])
})

interface Told {
  readonly id: string
  readonly event: string
  readonly data: any
}

/** Reads the stream until `enough`, or its end; and leaves it. */
async function listens({ world, ada, github }: Cast, path: string, enough: (told: readonly Told[]) => boolean, after?: string): Promise<Told[]> {
  const authorization = `Bearer ${github.auth.signsIn(ada.person.account)}`
  const headers = { authorization, ...(after !== undefined && { 'last-event-id': after }) }
  const answer = await world.life.gantry.web?.fetch(new Request(`https://gantry.example${path}`, { headers }))
  expect(answer?.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
  const told: Told[] = []
  let text = ''
  for await (const chunk of answer?.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      const [, id = '', event = '', data = ''] = /^id: (.+)\nevent: (.+)\ndata: (.+)$/.exec(part) ?? []
      if (id !== '') told.push({ id, event, data: JSON.parse(data) as unknown })
    }
    if (enough(told)) break
  }
  return told
}

const inShort = ({ event, data }: Told): string =>
  `${event} ${event === 'step' ? `${data.name} ${data.outcome}` : event === 'state' ? data.state : ''}`.trim()

story.once('whoever listens hears everything once and in order, also across a break', async (cast) => {
  const { ada, grace, world } = cast
  await has(cast, '1.2')
  asksForApproval(cast)
  const waiting = await deploys(ada, image('1.2'))
  const path = waiting.body.links.events
  const before = await listens(cast, path, (told) => told.at(-1)?.event === 'state')
  expect(before.map(inShort)).toEqual([
    ...['gates running', 'gates done', 'resolve running', 'resolve done', 'verify running', 'verify done', 'wait running'].map(
      (step) => `step ${step}`,
    ),
    'state waiting',
  ])
  const rest = listens(cast, path, () => false, before.at(-1)?.id)
  await grace.calls('POST', `/deploy/${waiting.body.id}/approve`, {})
  const after = await rest
  expect(after.filter(({ event }) => event === 'step').map(inShort)).toEqual(
    ['wait done', 'queue running', 'queue done', 'apply running', 'apply done', 'observe running', 'observe done'].map((step) => `step ${step}`),
  )
  expect(after.at(-1)?.data).toMatchObject({ state: 'success', isFinal: true })
  const whole = await listens(cast, path, () => false)
  const steps = (told: readonly Told[]) =>
    told.filter(({ event }) => event !== 'state').map(({ event, data }) => [event, data.name, data.outcome, data.line])
  expect(steps([...before, ...after]).toSorted()).toEqual(steps(whole).toSorted())
  // From any place on: the same as what was left of it.
  for (const [index, { id }] of whole.entries()) {
    if (index === whole.length - 1) break
    expect((await listens(cast, path, () => false, id)).map((told) => told.id)).toEqual(whole.slice(index + 1).map((told) => told.id))
  }
  expect(await listens(cast, path, () => false, whole.at(-1)?.id)).toEqual([])
  world.life.gantry.web?.close()
})

story.once('whoever waits long hears that somebody is still there, until the process ends', async (cast) => {
  const { ada, github, world, time } = cast
  await has(cast, '1.2')
  asksForApproval(cast)
  const waiting = await deploys(ada, image('1.2'))
  const headers = { authorization: `Bearer ${github.auth.signsIn(ada.person.account)}` }
  const answer = await world.life.gantry.web?.fetch(new Request(`https://gantry.example${waiting.body.links.events}`, { headers }))
  const reader = answer?.body?.getReader()
  await reader?.read()
  await time.passes('20 seconds')
  expect(new TextDecoder().decode((await reader?.read())?.value)).toBe(': still here\n\n')
  world.life.gantry.web?.close()
  expect(await reader?.read()).toEqual({ done: true, value: undefined })
  await ada.calls('POST', `/deploy/${waiting.body.id}/cancel`, {})
})

type Answers = Readonly<Record<string, string>>

story.once('who may do what: every route for everybody, as one table', async (cast) => {
  const { ada, grace, trent, mallory, eve, world, github, registry } = cast
  await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
  github.repository.isPrivate = true
  asksForApproval(cast)
  for (const [who, role] of [
    [trent, 'read'],
    [eve, 'triage'],
    [mallory, 'none'],
  ] as const)
    world.demotes(who.person, role)
  const waiting = await deploys(ada, image('1.2'))
  const { id } = waiting.body
  const routes: readonly (readonly [method: string, path: string, body?: object])[] = [
    ['POST', '/deploy', image('1.2')],
    ['POST', '/deploy/validate', image('1.2')],
    ['GET', `/deploy/status/${id}`],
    ['GET', `/deploy/status/${id}/logs`],
    ['GET', '/deployments?repository=acme/shop'],
    ['POST', `/deploy/${id}/approve`, {}],
    ['POST', `/deploy/${id}/reject`, { reason: 'no' }],
    ['POST', `/deploy/${id}/cancel`, {}],
    ['POST', `/deploy/${id}/retry`, {}],
    ['POST', `/deploy/${id}/rollback`, {}],
    ...['credentials', 'targets'].flatMap((kind) => [
      ...['', '/x'].map((name) => ['GET', `/config/acme/${kind}${name}`] as const),
      ['PUT', `/config/acme/${kind}/x`, { registry: 'ghcr.io' }] as const,
      ['DELETE', `/config/acme/${kind}/x`] as const,
      ['POST', `/config/acme/${kind}/x/test`, kind === 'targets' ? {} : { images: ['ghcr.io/acme/shop:1'] }] as const,
    ]),
    ['GET', '/config/acme/audit'],
    ['POST', '/config/acme/backup', {}],
    ['POST', '/config/acme/restore', { backup: { format: 'x', account: 1, madeAt: 1, key: 'x', wrapped: 'x', sealed: 'x' } }],
  ]
  const nobody = (method: string, path: string, body?: object) => world.calls(method, path, body, {})
  const everybody = { nobody, mallory, trent, eve, ada } as const
  const table: Record<string, Answers> = {}
  for (const [name, who] of Object.entries(everybody)) {
    const row: Record<string, string> = {}
    for (const [method, path, body] of routes) {
      const what = `${method} ${path.replace(id, 'ID').replace(/\?.*/, '')}`
      // What ends the deployment comes last, and from whoever may.
      if (name === 'ada' && /cancel|reject/.test(what)) continue
      const answer = typeof who === 'function' ? await who(method, path, body) : await who.calls(method, path, body)
      const became = answer.status === 202 ? await ada.calls('GET', answer.body.links.self) : null
      row[what] = [answer.status, answer.body.code ?? became?.body.problem?.code ?? became?.body.state ?? ''].join(' ').trim()
    }
    table[name] = row
  }
  expect(table).toMatchInlineSnapshot(`
    {
      "ada": {
        "DELETE /config/acme/credentials/x": "403 PERMISSION_REQUIRED",
        "DELETE /config/acme/targets/x": "403 PERMISSION_REQUIRED",
        "GET /config/acme/audit": "403 PERMISSION_REQUIRED",
        "GET /config/acme/credentials": "403 PERMISSION_REQUIRED",
        "GET /config/acme/credentials/x": "403 PERMISSION_REQUIRED",
        "GET /config/acme/targets": "403 PERMISSION_REQUIRED",
        "GET /config/acme/targets/x": "403 PERMISSION_REQUIRED",
        "GET /deploy/status/ID": "200",
        "GET /deploy/status/ID/logs": "200",
        "GET /deployments": "200",
        "POST /config/acme/backup": "403 PERMISSION_REQUIRED",
        "POST /config/acme/credentials/x/test": "403 PERMISSION_REQUIRED",
        "POST /config/acme/restore": "403 PERMISSION_REQUIRED",
        "POST /config/acme/targets/x/test": "403 PERMISSION_REQUIRED",
        "POST /deploy": "202 SUPERSEDED",
        "POST /deploy/ID/approve": "403 APPROVAL_NOT_ALLOWED",
        "POST /deploy/ID/retry": "202 NOTHING_TO_REPEAT",
        "POST /deploy/ID/rollback": "202 NOTHING_TO_REPEAT",
        "POST /deploy/validate": "200",
        "PUT /config/acme/credentials/x": "403 PERMISSION_REQUIRED",
        "PUT /config/acme/targets/x": "403 PERMISSION_REQUIRED",
      },
      "eve": {
        "DELETE /config/acme/credentials/x": "404 ACCOUNT_UNKNOWN",
        "DELETE /config/acme/targets/x": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/audit": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/credentials": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/credentials/x": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/targets": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/targets/x": "404 ACCOUNT_UNKNOWN",
        "GET /deploy/status/ID": "200",
        "GET /deploy/status/ID/logs": "200",
        "GET /deployments": "200",
        "POST /config/acme/backup": "404 ACCOUNT_UNKNOWN",
        "POST /config/acme/credentials/x/test": "404 ACCOUNT_UNKNOWN",
        "POST /config/acme/restore": "404 ACCOUNT_UNKNOWN",
        "POST /config/acme/targets/x/test": "404 ACCOUNT_UNKNOWN",
        "POST /deploy": "202 PERMISSION_REQUIRED",
        "POST /deploy/ID/approve": "403 APPROVAL_NOT_ALLOWED",
        "POST /deploy/ID/cancel": "403 PERMISSION_REQUIRED",
        "POST /deploy/ID/reject": "403 APPROVAL_NOT_ALLOWED",
        "POST /deploy/ID/retry": "202 PERMISSION_REQUIRED",
        "POST /deploy/ID/rollback": "202 PERMISSION_REQUIRED",
        "POST /deploy/validate": "403 PERMISSION_REQUIRED",
        "PUT /config/acme/credentials/x": "404 ACCOUNT_UNKNOWN",
        "PUT /config/acme/targets/x": "404 ACCOUNT_UNKNOWN",
      },
      "mallory": {
        "DELETE /config/acme/credentials/x": "404 ACCOUNT_UNKNOWN",
        "DELETE /config/acme/targets/x": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/audit": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/credentials": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/credentials/x": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/targets": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/targets/x": "404 ACCOUNT_UNKNOWN",
        "GET /deploy/status/ID": "404 DEPLOYMENT_UNKNOWN",
        "GET /deploy/status/ID/logs": "404 DEPLOYMENT_UNKNOWN",
        "GET /deployments": "404 REPOSITORY_UNKNOWN",
        "POST /config/acme/backup": "404 ACCOUNT_UNKNOWN",
        "POST /config/acme/credentials/x/test": "404 ACCOUNT_UNKNOWN",
        "POST /config/acme/restore": "404 ACCOUNT_UNKNOWN",
        "POST /config/acme/targets/x/test": "404 ACCOUNT_UNKNOWN",
        "POST /deploy": "404 REPOSITORY_UNKNOWN",
        "POST /deploy/ID/approve": "404 DEPLOYMENT_UNKNOWN",
        "POST /deploy/ID/cancel": "404 DEPLOYMENT_UNKNOWN",
        "POST /deploy/ID/reject": "404 DEPLOYMENT_UNKNOWN",
        "POST /deploy/ID/retry": "404 DEPLOYMENT_UNKNOWN",
        "POST /deploy/ID/rollback": "404 DEPLOYMENT_UNKNOWN",
        "POST /deploy/validate": "404 REPOSITORY_UNKNOWN",
        "PUT /config/acme/credentials/x": "404 ACCOUNT_UNKNOWN",
        "PUT /config/acme/targets/x": "404 ACCOUNT_UNKNOWN",
      },
      "nobody": {
        "DELETE /config/acme/credentials/x": "401 AUTHENTICATION_REQUIRED",
        "DELETE /config/acme/targets/x": "401 AUTHENTICATION_REQUIRED",
        "GET /config/acme/audit": "401 AUTHENTICATION_REQUIRED",
        "GET /config/acme/credentials": "401 AUTHENTICATION_REQUIRED",
        "GET /config/acme/credentials/x": "401 AUTHENTICATION_REQUIRED",
        "GET /config/acme/targets": "401 AUTHENTICATION_REQUIRED",
        "GET /config/acme/targets/x": "401 AUTHENTICATION_REQUIRED",
        "GET /deploy/status/ID": "401 AUTHENTICATION_REQUIRED",
        "GET /deploy/status/ID/logs": "401 AUTHENTICATION_REQUIRED",
        "GET /deployments": "401 AUTHENTICATION_REQUIRED",
        "POST /config/acme/backup": "401 AUTHENTICATION_REQUIRED",
        "POST /config/acme/credentials/x/test": "401 AUTHENTICATION_REQUIRED",
        "POST /config/acme/restore": "401 AUTHENTICATION_REQUIRED",
        "POST /config/acme/targets/x/test": "401 AUTHENTICATION_REQUIRED",
        "POST /deploy": "401 AUTHENTICATION_REQUIRED",
        "POST /deploy/ID/approve": "401 AUTHENTICATION_REQUIRED",
        "POST /deploy/ID/cancel": "401 AUTHENTICATION_REQUIRED",
        "POST /deploy/ID/reject": "401 AUTHENTICATION_REQUIRED",
        "POST /deploy/ID/retry": "401 AUTHENTICATION_REQUIRED",
        "POST /deploy/ID/rollback": "401 AUTHENTICATION_REQUIRED",
        "POST /deploy/validate": "401 AUTHENTICATION_REQUIRED",
        "PUT /config/acme/credentials/x": "401 AUTHENTICATION_REQUIRED",
        "PUT /config/acme/targets/x": "401 AUTHENTICATION_REQUIRED",
      },
      "trent": {
        "DELETE /config/acme/credentials/x": "404 ACCOUNT_UNKNOWN",
        "DELETE /config/acme/targets/x": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/audit": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/credentials": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/credentials/x": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/targets": "404 ACCOUNT_UNKNOWN",
        "GET /config/acme/targets/x": "404 ACCOUNT_UNKNOWN",
        "GET /deploy/status/ID": "200",
        "GET /deploy/status/ID/logs": "200",
        "GET /deployments": "200",
        "POST /config/acme/backup": "404 ACCOUNT_UNKNOWN",
        "POST /config/acme/credentials/x/test": "404 ACCOUNT_UNKNOWN",
        "POST /config/acme/restore": "404 ACCOUNT_UNKNOWN",
        "POST /config/acme/targets/x/test": "404 ACCOUNT_UNKNOWN",
        "POST /deploy": "202 PERMISSION_REQUIRED",
        "POST /deploy/ID/approve": "403 APPROVAL_NOT_ALLOWED",
        "POST /deploy/ID/cancel": "403 PERMISSION_REQUIRED",
        "POST /deploy/ID/reject": "403 APPROVAL_NOT_ALLOWED",
        "POST /deploy/ID/retry": "202 PERMISSION_REQUIRED",
        "POST /deploy/ID/rollback": "202 PERMISSION_REQUIRED",
        "POST /deploy/validate": "403 PERMISSION_REQUIRED",
        "PUT /config/acme/credentials/x": "404 ACCOUNT_UNKNOWN",
        "PUT /config/acme/targets/x": "404 ACCOUNT_UNKNOWN",
      },
    }
  `)
  expect((await grace.calls('POST', `/deploy/${id}/cancel`, {})).status).toBe(202)
  const { body } = await ada.calls('GET', '/deployments?repository=acme/shop&limit=100')
  for (const one of body.deployments as { id: string; isFinal: boolean }[]) if (!one.isFinal) await ada.calls('POST', `/deploy/${one.id}/cancel`, {})
})
