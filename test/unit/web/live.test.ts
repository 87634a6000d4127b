import { beforeEach, describe, expect, test } from 'vitest'
import type { Deployment } from '../../../src/deploy/deployment.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import { BEGINNING, createLive, placeIn, type Live } from '../../../src/web/live.ts'
import { deploymentBody } from '../../../src/web/view.ts'
import { MAC } from '../../world/mac.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'
import { request } from '../deploy/situation.ts'

// Listeners who read as they like: nothing waits for them, and nothing is kept for them.

const VIEW = { said: () => ({ comment: null, check: null }), github: 'https://github.com' }
const line = (index: number): string => `${index} `.padEnd(900, 'x')

let time: Time
let now: Deployment
let reads: number
let live: Live
beforeEach(() => {
  ;[time, reads] = [new Time(async () => {}), 0]
  now = { ...createJournal(memoryDatabase(), MAC).request('d', request(), 1).deployment, state: 'applying' }
  live = createLive({ clock: time, read: () => ((reads += 1), { deployment: now, body: deploymentBody(now, VIEW) }) })
})
const says = (...lines: readonly string[]): void => {
  now = { ...now, log: [...now.log, ...lines] }
}

const textOf = async (stream: ReadableStream<Uint8Array> | null): Promise<string> => (stream === null ? '' : new Response(stream).text())

describe('a listener who does not read', () => {
  test('is written to no further than there is room, catches up when it reads, and misses nothing', async () => {
    const stream = live.stream('d', BEGINNING)
    for (let index = 0; index < 200; index += 1) {
      says(line(index))
      live.changed('d')
    }
    expect(reads).toBeLessThan(120)
    now = { ...now, state: 'success' }
    const text = await textOf(stream)
    expect([...text.matchAll(/^data: \{"line":"(\d+) /gm)].map(([, index]) => Number(index))).toEqual(
      Array.from({ length: 200 }, (_, index) => index),
    )
    expect(text).toMatch(/event: state\ndata: \{.*"isFinal":true/)
  })

  test('is left after a minute', async () => {
    const stream = live.stream('d', BEGINNING)
    says(...Array.from({ length: 200 }, (_, index) => line(index)))
    live.changed('d')
    await time.passes('2 minutes')
    const before = reads
    live.changed('d')
    expect(reads).toBe(before)
    expect((await textOf(stream)).length).toBeLessThan(400_000)
  })
})

test('so many listen, and no more; whoever leaves makes room', async () => {
  const streams = Array.from({ length: 2_000 }, () => live.stream('d', BEGINNING))
  expect(streams.includes(null)).toBe(false)
  expect(live.stream('d', BEGINNING)).toBeNull()
  await streams[7]?.cancel()
  expect(live.stream('d', BEGINNING)).not.toBeNull()
  live.close()
})

test('when the process ends, every stream does', async () => {
  const streams = [live.stream('d', BEGINNING), live.stream('e', BEGINNING)]
  live.close()
  for (const stream of streams) expect(await textOf(stream)).not.toContain('isFinal":true')
})

test.each([undefined, '', 'x', '1-2', '1-2-zzzzzzzz', '-1-2-00000000', `${'9'.repeat(9)}-1-00000000`])('%s is the beginning', (id) =>
  expect(placeIn(id)).toEqual(BEGINNING),
)
