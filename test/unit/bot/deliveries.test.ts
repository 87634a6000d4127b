import { expect, test } from 'vitest'
import { createDeliveries } from '../../../src/bot/deliveries.ts'
import { systemClock } from '../../../src/runtime/clock.ts'
import { Failure } from '../../../src/errors.ts'

type Probot = Parameters<typeof createDeliveries>[0]

/** GitHub answers that to every call, and these were the calls. */
function github(data: unknown, link?: string) {
  const asked: [string, Record<string, unknown>][] = []
  const request = async (route: string, params: Record<string, unknown>) => {
    asked.push([route, Object.fromEntries(Object.entries(params).filter(([name]) => name !== 'request'))])
    if (data instanceof Error) throw data
    return { status: 200, data, headers: { link } }
  }
  const probot = { auth: async () => ({ request }) } as unknown as Probot
  return { deliveries: createDeliveries(probot, systemClock), asked }
}

const row = { guid: 'g', delivered_at: '2026-11-23T12:00:00Z', status_code: 502, event: 'issue_comment', action: 'created' }
const says = (status: number) => Object.assign(new Error('no'), { status, response: { headers: {} } })

test('the list is asked for failures, page by page, and its numbers are kept whole', async () => {
  const link = '<https://api.github.com/app/hook/deliveries?per_page=100&cursor=v1_3%3D>; rel="next", <https://x.test/?cursor=first>; rel="first"'
  const { deliveries, asked } = github(
    [
      { ...row, id: 3804004623172239366n },
      { ...row, id: 12, status_code: 202 },
    ],
    link,
  )
  const page = await deliveries.failed(null)
  expect(page.next).toBe('v1_3=')
  expect(page.attempts.map(({ id, hasArrived }) => [id, hasArrived])).toEqual([
    ['3804004623172239366', false],
    ['12', true],
  ])
  expect(page.attempts[0]?.at).toBe(Date.UTC(2026, 10, 23, 12))
  await deliveries.failed(page.next)
  const list = 'GET /app/hook/deliveries'
  expect(asked).toEqual([
    [list, { per_page: 100, status: 'failure' }],
    [list, { per_page: 100, status: 'failure', cursor: 'v1_3=' }],
  ])
})

test.each([undefined, '', '<https://api.github.com/?cursor=1>; rel="prev"', '<https://api.github.com/>; rel="next"'])(
  'a page without a next one is the last: %s',
  async (link) => {
    expect((await github([], link).deliveries.failed(null)).next).toBeNull()
  },
)

test('what GitHub does not have any more is nothing; anything else that it refuses is a failure', async () => {
  expect(await github({ request: { payload: { a: 1 } } }).deliveries.body('1')).toEqual({ a: 1 })
  expect(await github({ request: { payload: null } }).deliveries.body('1')).toBeNull()
  for (const status of [404, 410, 422]) expect(await github(says(status)).deliveries.body('1')).toBeNull()
  for (const wrong of [says(401), says(403), says(502), '<html>', [{ id: 'x' }]]) {
    await expect(github(wrong).deliveries.body('1')).rejects.toBeInstanceOf(Failure)
    await expect(github(wrong).deliveries.failed(null)).rejects.toBeInstanceOf(Failure)
  }
})

test('an event without actions is one, too', async () => {
  const { attempts } = await github([{ ...row, id: 12, event: 'push', action: null }]).deliveries.failed(null)
  expect(attempts).toMatchObject([{ event: 'push', action: null, hasArrived: false }])
})
