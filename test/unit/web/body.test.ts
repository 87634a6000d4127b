import { Hono } from 'hono'
import { beforeEach, describe, expect, test } from 'vitest'
import { createBodyCheck } from '../../../src/web/body.ts'
import type { Env } from '../../../src/web/endpoint.ts'
import { RequestRefused } from '../../../src/web/problems.ts'

// The one body that may be large is read from nobody but an account's administrators, and is looked at before it is parsed.

const ACCOUNTS = ['acme', 'beta', 'gamma', 'delta', 'epsilon']
const stranger = new RequestRefused('ACCOUNT_UNKNOWN', { sentence: 'There is no account here.', next: 'Check the login.' })

let asked: string[]
let app: Hono<Env>
beforeEach(() => {
  asked = []
  const check = createBodyCheck({
    account: async (login, _caller, does) => {
      asked.push(`${login} to ${does}`)
      if (!ACCOUNTS.includes(login)) throw stranger
      return { id: ACCOUNTS.indexOf(login) + 1, login } as never
    },
  })
  app = new Hono<Env>()
  app.post('*', async (c) => {
    await check(c)
    return c.json({ read: (await c.req.text()).length })
  })
  app.onError((error, c) => (error instanceof RequestRefused ? c.json(error.problem, 400) : c.json({ message: String(error) }, 500)))
})

const sent = (path: string, body: BodyInit) =>
  new Request(`http://gantry.example${path}`, {
    ...{ method: 'POST', body, headers: { 'content-type': 'application/json' }, duplex: 'half' },
  })
const answers = async (path: string, body: BodyInit) => (await app.request(sent(path, body))).json()
const restores = (body: BodyInit, account = 'acme') => answers(`/config/${account}/restore`, body)

/** A body that comes in pieces of 64 KiB when it is asked for, and how many of them were. */
function slowly(pieces: number) {
  const came = { pieces: 0, ends: () => {} }
  const end = new Promise<void>((resolve) => (came.ends = resolve))
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (came.pieces === pieces) await end
        if (came.pieces === pieces) return controller.close()
        controller.enqueue(new TextEncoder().encode(came.pieces === 0 ? '"'.padEnd(65_536, 'x') : 'x'.repeat(65_535)))
        came.pieces += 1
      },
    },
    { highWaterMark: 0 },
  )
  return { body, came }
}

describe('a backup that comes back', () => {
  test('is not read at all where whoever sends it administers nothing', async () => {
    const { body, came } = slowly(60)
    expect(await restores(body, 'umbrella')).toMatchObject({ code: 'ACCOUNT_UNKNOWN' })
    expect([came.pieces, asked]).toEqual([0, ['umbrella to look']])
  })

  test('has room in 4 MiB, and nothing else has more than 64 KiB', async () => {
    const backup = JSON.stringify({ backup: { format: 'x', sealed: 'A'.repeat(4_000_000) } })
    expect(await restores(backup)).toEqual({ read: backup.length })
    expect(await restores(`"${'A'.repeat(4_194_303)}"`)).toMatchObject({ code: 'REQUEST_TOO_LARGE', wanted: 'at most 4194304 bytes' })
    for (const path of ['/config/acme/backup', '/config/acme/restore/', '/deploy'])
      expect(await answers(path, backup)).toMatchObject({ code: 'REQUEST_TOO_LARGE', wanted: 'at most 65536 bytes' })
  })

  test.each([
    ['two million small lists', `[${'[],'.repeat(1_390_000)}1]`, '2780001 brackets and commas'],
    ['330,000 keys', `{${Array.from({ length: 330_000 }, (_, nth) => `"k${nth}":1`).join()}}`, '330000 brackets and commas'],
    ['one nested four deep', '{"backup":{"sealed":[[]]}}', 'nested 4 deep'],
    ['brackets and commas in a text alone, which is no such thing', JSON.stringify({ sealed: '[{,"\\'.repeat(9_000) }), undefined],
  ])('is looked at before it is parsed: %s', async (_, text, found) => {
    expect(await restores(text)).toMatchObject(found === undefined ? { read: text.length } : { code: 'REQUEST_MALFORMED', found })
  })

  test('is one of its account and one of four, however slowly they come, and whoever has ended makes room', async () => {
    const slow = ACCOUNTS.slice(0, 4).map((account) => ({ account, ...slowly(1) }))
    const [first, ...others] = slow.map(({ account, body }) => restores(body, account))
    await expect.poll(() => slow.map(({ came }) => came.pieces)).toEqual([1, 1, 1, 1])
    expect(await restores('{}')).toMatchObject({ code: 'TOO_MANY_REQUESTS', retryAfter: 5_000 })
    expect(await restores('{}', 'epsilon')).toMatchObject({ code: 'TOO_MANY_REQUESTS' })
    slow[0]?.came.ends()
    expect(await first).toMatchObject({ code: 'REQUEST_MALFORMED', found: 'no JSON' })
    expect(await restores('{}', 'epsilon')).toEqual({ read: 2 })
    for (const { came } of slow) came.ends()
    await Promise.all(others)
  })
})
