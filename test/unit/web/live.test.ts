import { beforeEach, describe, expect, test } from 'vitest'
import type { Deployment } from '../../../src/deploy/deployment.ts'
import { createJournal } from '../../../src/store/deployments.ts'
import { BEGINNING, placeIn, type Place } from '../../../src/web/events.ts'
import { createLive, type Live } from '../../../src/web/live.ts'
import { deploymentBody } from '../../../src/web/view.ts'
import { MAC } from '../../world/mac.ts'
import { memoryDatabase } from '../../world/memory-sql.ts'
import { Time } from '../../world/time.ts'
import { request } from '../deploy/situation.ts'

// Listeners who read as they like: nothing waits for them, and nothing is kept for them.

const yes = async (): Promise<boolean> => true
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
    const stream = live.stream('d', '1', BEGINNING, yes)
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
    const stream = live.stream('d', '1', BEGINNING, yes)
    says(...Array.from({ length: 200 }, (_, index) => line(index)))
    live.changed('d')
    await time.passes('2 minutes')
    const before = reads
    live.changed('d')
    expect(reads).toBe(before)
    expect((await textOf(stream)).length).toBeLessThan(400_000)
  })
})

describe('a thousand who listen to one deployment', () => {
  const crowd = (from: (nth: number) => Place = () => BEGINNING) =>
    Array.from({ length: 1_000 }, (_, nth) => live.stream('d', String(Math.floor(nth / 50)), from(nth), yes))

  test('cost one look at its record in each second and one for each change, and all hear the same', async () => {
    const streams = crowd()
    await time.passes('10 seconds')
    expect(reads).toBeLessThanOrEqual(12)
    const before = reads
    for (let index = 0; index < 5; index += 1) {
      says(line(index))
      live.changed('d')
    }
    now = { ...now, state: 'success' }
    live.changed('d')
    expect(reads).toBe(before + 6)
    const texts = new Set(await Promise.all(streams.map(textOf)))
    expect(texts.size).toBe(1)
    const [text = ''] = texts
    expect([...text.matchAll(/"line":"(\d) /g)].map(([, index]) => index)).toEqual(['0', '1', '2', '3', '4'])
  })

  test('go on from where each of them was', async () => {
    says(...Array.from({ length: 4 }, (_, index) => line(index)))
    now = { ...now, state: 'success' }
    const streams = crowd((nth) => ({ ...BEGINNING, lines: nth % 4 }))
    const texts = await Promise.all(streams.map(textOf))
    expect(texts.map((text) => text.match(/event: log/g)?.length)).toEqual(streams.map((_, nth) => 4 - (nth % 4)))
    expect(reads).toBeLessThanOrEqual(2)
  })

  test('are looked at apart from those of another', async () => {
    const streams = crowd()
    const other = live.stream('e', '99', BEGINNING, yes)
    now = { ...now, state: 'success' }
    live.changed('e')
    expect(await textOf(other)).toContain('isFinal":true')
    live.close()
    for (const stream of streams) expect(await textOf(stream)).not.toContain('isFinal":true')
  })
})

test('so many listen, and no more, of one caller and of all; whoever leaves makes room', async () => {
  const listens = (caller: number) => live.stream('d', String(caller), BEGINNING, yes)
  const own = Array.from({ length: 50 }, () => listens(1))
  expect([own.includes(null), listens(1)]).toEqual([false, null])
  await own[7]?.cancel()
  expect(listens(1)).not.toBeNull()
  for (let caller = 2; caller <= 40; caller += 1) for (let nth = 0; nth < 50; nth += 1) expect(listens(caller)).not.toBeNull()
  expect(listens(99)).toBeNull()
  live.close()
  expect(listens(99)).not.toBeNull()
  live.close()
})

describe('whether somebody may still listen', () => {
  const spoken = async (mayStill: () => Promise<boolean>, span: string): Promise<string> => {
    const stream = live.stream('d', '1', BEGINNING, mayStill)
    await time.passes(span)
    says(`said after ${span}`)
    live.changed('d')
    live.close()
    return textOf(stream)
  }

  test('is asked once a minute, and as long as it is so they hear what happens', async () => {
    let asked = 0
    const text = await spoken(async () => (asked += 1) > 0, '59 seconds')
    expect([asked, text.includes('said after')]).toEqual([0, true])
    const later = await spoken(async () => (asked += 1) > 0, '10 minutes')
    expect([asked, later.includes('said after')]).toEqual([10, true])
  })

  test.each([
    ['no', async () => false],
    ['nothing, because nobody can be asked', () => Promise.reject(new Error('GitHub is away'))],
  ])('is answered by %s: then the stream ends, and makes room', async (_, mayStill) => {
    const listen = () => Array.from({ length: 50 }, () => live.stream('d', '1', BEGINNING, mayStill))
    expect(listen()).not.toContain(null)
    await time.passes('61 seconds')
    const streams = listen()
    expect(streams).not.toContain(null)
    await time.passes('61 seconds')
    says('said too late')
    live.changed('d')
    for (const stream of streams) expect(await textOf(stream)).not.toContain('said too late')
  })

  test('may be said after the stream has ended, which ends no second time', async () => {
    const answers: ((may: boolean) => void)[] = []
    const mayStill = () => new Promise<boolean>((answer) => answers.push(answer))
    const stream = live.stream('d', '1', BEGINNING, mayStill)
    await time.passes('70 seconds')
    expect(answers).toHaveLength(1)
    now = { ...now, state: 'success' }
    live.changed('d')
    answers[0]?.(false)
    expect(await textOf(stream)).toContain('isFinal":true')
  })
})

test('when the process ends, every stream does', async () => {
  const streams = [live.stream('d', '1', BEGINNING, yes), live.stream('e', '1', BEGINNING, yes)]
  live.close()
  for (const stream of streams) expect(await textOf(stream)).not.toContain('isFinal":true')
})

test.each([undefined, '', 'x', '1-2', '1-2-zzzzzzzz', '-1-2-00000000', `${'9'.repeat(9)}-1-00000000`])('%s is the beginning', (id) =>
  expect(placeIn(id)).toEqual(BEGINNING),
)
