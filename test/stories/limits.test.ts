import { expect, story, type Cast, type Character } from '../story.ts'
import { join } from '../world/github/population.ts'
import type { Called } from '../world/world.ts'

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

story.once('changes in one repository count together, whoever asks for them', async (cast) => {
  const { ada, grace, trent, eve, mallory, registry, github, world } = cast
  await registry.has('acme/shop:1.2', { 'site/index.html': '1.2' })
  const { body } = await changes(ada, { repository: 'acme/shop', environment: 'staging', image: ':1.2' })
  for (const who of [grace, trent, eve, mallory]) await manyOf(60, () => who.calls('POST', `/deploy/${body.id}/cancel`, {}))
  const cancels = () => ada.calls('POST', `/deploy/${body.id}/cancel`, {})
  expect(new Set((await manyOf(59, cancels)).map(({ status }) => status))).toEqual(new Set([409]))
  const authorization = `Bearer ${github.auth.signsIn(join(github.state, 'judy'))}`
  const above = await world.calls('POST', `/deploy/${body.id}/cancel`, {}, { authorization })
  expect([said(above), above.body.detail, above.headers.get('ratelimit-policy'), above.headers.get('retry-after')]).toEqual([
    [429, 'TOO_MANY_REQUESTS'],
    'More was asked for in this repository than fits, by all together.',
    '"repository";q=300;w=60',
    '1',
  ])
  expect(said(await looks(ada))).toEqual([200, undefined])
})

const DOCUMENT = '/openapi.json'
const asksFrom = ({ world }: Cast, address: string | null, path = DOCUMENT, authorization = ''): Promise<Called> =>
  world.calls('GET', path, undefined, { authorization }, address)

story.once('one address cannot keep the process busy, and keeps no other from it', async (cast) => {
  const statuses = await manyOf(3_001, () => asksFrom(cast, '192.0.2.1'))
  expect([new Set(statuses.slice(0, 3_000).map(({ status }) => status)), said(statuses[3_000]!)]).toEqual([
    new Set([200]),
    [429, 'TOO_MANY_REQUESTS'],
  ])
  // Not even to whoever is known.
  const token = `Bearer ${cast.github.auth.signsIn(cast.ada.person.account)}`
  expect((await asksFrom(cast, '192.0.2.1', '/deployments?repository=acme/shop', token)).status).toBe(429)
  expect((await asksFrom(cast, '192.0.2.2', '/deployments?repository=acme/shop', token)).status).toBe(200)
  expect((await asksFrom(cast, null)).status).toBe(200)
  await cast.time.passes('1 second')
  expect((await manyOf(51, () => asksFrom(cast, '192.0.2.1'))).map(({ status }) => status).slice(49)).toEqual([200, 429])
})
