import { describe, expect, test } from 'vitest'
import { writes } from '../../../src/bot/budget/cost.ts'
import type { Place } from '../../../src/bot/budget/queue.ts'
import type { Urgency } from '../../../src/bot/budget/cost.ts'
import { Random } from '../../world/random.ts'
import { Line, outcomeOf, type Answer } from './line.ts'

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** So many creations, as a burst. */
const spends = async (line: Line, count: number, installation = 1): Promise<string[]> =>
  Promise.all(Array.from({ length: count }, () => line.creates(installation)))

const done = (outcomes: readonly string[]): number => outcomes.filter((outcome) => outcome === 'done').length

/** Waits for a place and writes once it has it. */
function waits(line: Line, urgency: Urgency, log: string[], name: string = urgency, creates = 1): void {
  const client = line.as()
  let place: Place | null = null
  const write = async (): Promise<void> => {
    place = client.queue(
      { ...writes(1, creates), urgency, since: line.time.now() },
      () => void write().catch((error: unknown) => log.push(String(error))),
      place,
    )
    if (!place.isFree) return
    const fields = Array.from({ length: creates }, (_, index) => `a${index}: addComment(input: $a) { id }`)
    await client.graphql(`mutation announce { ${fields.join(' ')} updateCheckRun(input: $b) { id } }`, {}, place)
    log.push(name)
    place.leave()
  }
  void write().catch((error: unknown) => log.push(String(error)))
}

describe('where nothing is short', () => {
  test('a call is made at once, and at most twenty at a time', async () => {
    const line = new Line()
    line.answers = () => ({ status: 200, after: 100 })
    const all = Promise.all(Array.from({ length: 50 }, () => line.gets()))
    await line.settle()
    expect([line.arrived.length, line.under]).toEqual([20, 20])
    await line.time.passes('1 second')
    expect(done(await all)).toBe(50)
  })

  test('a place is free at once', () => {
    const line = new Line()
    expect(line.as().queue({ ...writes(2, 4), urgency: 'progress', since: 0 }, () => {}).isFree).toBe(true)
    expect(line.as().isShort()).toBe(false)
  })
})

describe('creations', () => {
  test('whatever happens, never more than sixty within a minute and 450 within an hour', async () => {
    const line = new Line()
    const random = new Random(7)
    line.answers = () => ({ status: 201, travels: random.below(4_000), after: random.below(4_000) })
    for (let second = 0; second < 7_200; second += 10) {
      void spends(line, random.below(12))
      if (random.chance(0.1)) waits(line, random.pick(['failure', 'end', 'first', 'rest', 'progress']), [], '', 1 + random.below(4))
      if (random.chance(0.01)) line.starts()
      await line.settle()
      await line.time.passes('10 seconds')
    }
    const created = line.arrived.flatMap(({ at, document }) => Array.from({ length: document.match(/addComment/g)?.length ?? 1 }, () => at))
    const most = (span: number): number => Math.max(...created.map((from) => created.filter((at) => at >= from && at < from + span).length))
    expect(most(MINUTE)).toBeLessThanOrEqual(60)
    expect(most(HOUR)).toBeLessThanOrEqual(450)
    expect(created.length).toBeGreaterThan(700)
  })

  test('what other objects have created for the same installation leaves no room here, until it is an hour ago', async () => {
    const line = new Line()
    line.github.learn(1, [{ at: line.time.now(), creates: 60 }], 0)
    expect([await line.creates(1), await line.creates(2)]).toEqual([expect.stringContaining('GITHUB_RATE_LIMITED'), 'done'])
    await line.time.passes('2 minutes')
    expect(await line.creates(1)).toBe('done')
    line.github.learn(1, [], line.time.now() + MINUTE)
    expect([await line.gets(1), await line.gets(2)]).toEqual([expect.stringContaining('GITHUB_RATE_LIMITED'), 'done'])
  })

  test('an alias of a mutation counts as one, and a request of several costs the points of one', async () => {
    const line = new Line()
    const document = `mutation announce($comment: AddCommentInput!, $check: CreateCheckRunInput!) {
      comment: addComment(input: $comment) { id }
      check: createCheckRun(input: $check) { id }
      older0: minimizeComment(input: $older0) { id }
    }`
    for (let count = 0; count < 30; count++) void outcomeOf(line.as().graphql(document, {}))
    await line.settle()
    expect(line.arrived).toHaveLength(28)
  })

  test('reads go on where creations are used up', async () => {
    const line = new Line()
    await spends(line, 100)
    expect(line.arrived).toHaveLength(57)
    expect(await line.gets()).toBe('done')
  })

  test('reads have points that writes cannot take, and wait for more where those are gone', async () => {
    const line = new Line()
    const deletes = () => line.gets(1, 'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}')
    expect(done(await Promise.all(Array.from({ length: 200 }, deletes)))).toBe(100)
    expect(done(await Promise.all(Array.from({ length: 300 }, () => line.gets())))).toBe(200)
    await line.time.passes('1 minute')
    expect(await line.gets()).toBe('done')
  })

  test('whoever does not get room is told when there is some', async () => {
    const line = new Line()
    await spends(line, 57)
    await line.time.passes('20 seconds')
    const refused = line.as().rest('POST /repos/{owner}/{repo}/deployments', {}, {} as never)
    await expect(refused).rejects.toMatchObject({ problem: { code: 'GITHUB_RATE_LIMITED', retryable: true, retryAfter: 40 * SECOND } })
  })
})

describe('who goes first', () => {
  test('a failure before an end, before what is new, before the rest, before progress; among equals the oldest', async () => {
    const line = new Line()
    const log: string[] = []
    await spends(line, 100)
    line.time.moves(SECOND)
    waits(line, 'progress', log)
    waits(line, 'rest', log)
    waits(line, 'first', log, 'first 1')
    line.time.moves(SECOND)
    waits(line, 'first', log, 'first 2')
    // There is room left for these.
    waits(line, 'end', log)
    waits(line, 'failure', log)
    await line.settle()
    expect(log).toEqual(['end', 'failure'])
    await line.time.passes('5 minutes')
    expect(log.slice(2)).toEqual(['first 1', 'first 2', 'rest', 'progress'])
  })

  test('what nobody asked for comes last, leaves room for all others, and hurries nobody', async () => {
    const line = new Line()
    const log: string[] = []
    await spends(line, 30)
    waits(line, 'unasked', log)
    await line.settle()
    expect([log, line.as().isShort()]).toEqual([[], false])
    waits(line, 'progress', log)
    await line.settle()
    expect(log).toEqual(['progress'])
    await line.time.passes('2 minutes')
    expect(log).toEqual(['progress', 'unasked'])
  })

  test('a failure passes many progress edits that have waited for longer', async () => {
    const line = new Line()
    const log: string[] = []
    await spends(line, 100)
    waits(line, 'failure', [], '', 3)
    await line.settle()
    for (let count = 0; count < 20; count++) waits(line, 'progress', log)
    line.time.moves(SECOND)
    waits(line, 'failure', log)
    await line.settle()
    expect(log).toEqual([])
    await line.time.passes('3 minutes')
    expect(log).toHaveLength(21)
    expect(log[0]).toBe('failure')
  })

  test('what creates nothing does not wait for what creates', async () => {
    const line = new Line()
    const log: string[] = []
    await spends(line, 100)
    waits(line, 'first', log)
    waits(line, 'progress', log, 'an edit', 0)
    await line.settle()
    expect(log).toEqual(['an edit'])
    expect(line.as().isShort()).toBe(true)
  })

  test('a reaction does not overtake what waits', async () => {
    const line = new Line()
    await spends(line, 100)
    waits(line, 'first', [])
    expect(await line.reacts()).toBe('GITHUB_RATE_LIMITED')
  })

  test('a place that is left makes room for the next', async () => {
    const line = new Line()
    const log: string[] = []
    const need = { ...writes(1, 57), urgency: 'first', since: 0 } as const
    const place = line.as().queue(need, () => {})
    waits(line, 'first', log)
    await line.settle()
    expect(log).toEqual([])
    place.leave()
    await line.settle()
    expect(log).toEqual(['first'])
  })
})

test('what one installation spends, another one does not miss', async () => {
  const line = new Line()
  line.answers = ({ installation }) => (installation === 1 ? { status: 201, after: 9_000 } : { status: 201 })
  void spends(line, 200, 1)
  await line.settle()
  expect(done(await spends(line, 50, 2))).toBe(50)
  line.answers = ({ installation }) => (installation === 3 ? { status: 503 } : { status: 403, headers: { 'retry-after': '600' } })
  for (let count = 0; count < 6; count++) await line.gets(3)
  await line.gets(4)
  line.answers = () => ({ status: 200 })
  expect([await line.gets(2), await line.gets(3), await line.gets(4)]).toEqual(['done', 'GITHUB_UNAVAILABLE', 'GITHUB_RATE_LIMITED'])
})

/** What GitHub may answer at a limit, and for how long it wants to be left alone then. */
const limits = (now: number, seconds: number): readonly (readonly [string, Answer, number])[] => [
  ['retry-after', { status: 403, headers: { 'retry-after': String(seconds) } }, seconds * SECOND],
  ['429', { status: 429, headers: { 'retry-after': String(seconds) } }, seconds * SECOND],
  ['a date', { status: 429, headers: { 'retry-after': new Date(now + seconds * SECOND).toUTCString() } }, seconds * SECOND],
  ['a reset', { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / SECOND + seconds) } }, seconds * SECOND],
  ['nothing', { status: 429 }, MINUTE],
  ['0', { status: 403, headers: { 'retry-after': '0' } }, MINUTE],
  ['-1', { status: 403, headers: { 'retry-after': '-1' } }, MINUTE],
  ['words', { status: 403, headers: { 'retry-after': 'soon' } }, MINUTE],
  ['99999', { status: 403, headers: { 'retry-after': '99999' } }, HOUR],
  ['a reset in a year', { status: 403, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9999999999' } }, HOUR],
  [
    'the last call',
    { status: 200, headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now / SECOND + seconds) } },
    seconds * SECOND,
  ],
]

describe('a window that GitHub names', () => {
  const names = limits(0, 1).map(([name]) => name)
  test.each(names)('%s: nothing is sent before its end, and something after it', async (name) => {
    const line = new Line()
    const [, answer, span] = limits(line.time.now(), 300).find(([other]) => other === name)!
    line.answers = () => answer
    await line.gets()
    line.answers = () => ({ status: 200 })
    line.time.moves(span - 1)
    expect(await line.gets()).toBe('GITHUB_RATE_LIMITED')
    line.time.moves(1)
    expect(await line.gets()).toBe('done')
  })

  test('one after the other become longer, up to an hour; an answer ends that', async () => {
    const line = new Line()
    const spans: number[] = []
    line.answers = () => ({ status: 403, headers: { 'retry-after': '1' } })
    for (let count = 0; count < 8; count++) {
      const before = line.time.now()
      // Three under way together are one window.
      await Promise.all([line.gets(), line.gets(), line.gets()])
      const refused = await line
        .as()
        .rest('GET /repos/{owner}/{repo}', {}, {} as never)
        .catch((error: { problem: { retryAfter: number } }) => error)
      line.time.moves((refused as { problem: { retryAfter: number } }).problem.retryAfter)
      spans.push((line.time.now() - before) / MINUTE)
    }
    expect(spans.map((span) => Math.round(span))).toEqual([0, 2, 4, 8, 16, 32, 60, 60])
    line.answers = () => ({ status: 200 })
    await line.gets()
    line.answers = () => ({ status: 403, headers: { 'retry-after': '1' } })
    await line.gets()
    line.time.moves(SECOND)
    line.answers = () => ({ status: 200 })
    expect(await line.gets()).toBe('done')
  })

  test('is kept over a restart, and who waited goes on after it', async () => {
    const line = new Line()
    line.answers = () => ({ status: 403, headers: { 'retry-after': '600' } })
    await line.gets()
    line.answers = () => ({ status: 200 })
    line.starts()
    const log: string[] = []
    waits(line, 'end', log)
    await line.time.passes('9 minutes')
    expect([await line.gets(), log, line.arrived.length]).toEqual(['GITHUB_RATE_LIMITED', [], 1])
    await line.time.passes('1 minute')
    expect([await line.gets(), log]).toEqual(['done', ['end']])
  })

  test('one that a wrong clock wrote down ends within the hour', async () => {
    const line = new Line()
    line.sql.all('insert into github_window (installation, until) values (1, ?)', line.time.now() + 1_000 * HOUR)
    expect(await line.gets()).toBe('GITHUB_RATE_LIMITED')
    await line.time.passes('1 hour')
    expect(await line.gets()).toBe('done')
  })

  test('in a thousand of them, of every kind, not one call is made inside', { timeout: 60_000 }, async () => {
    const line = new Line()
    const random = new Random(20_261_123)
    let [episodes, inside, until] = [0, 0, 0]
    let isLimiting = false
    const ends = new WeakMap<Answer, () => number>()
    // What was under way before could not know.
    line.answered = (answer) => {
      until = Math.max(until, ends.get(answer)?.() ?? 0)
    }
    line.answers = ({ at }) => {
      if (at < until) inside += 1
      if (!isLimiting) return { status: 200, after: random.below(2) * 250 }
      isLimiting = false
      episodes += 1
      const second = Math.floor(at / SECOND) * SECOND
      const [name, answer, span] = random.pick(limits(second, 1 + random.below(600)))
      const limit = { ...answer, after: random.below(2) * 250 }
      ends.set(limit, () => (['a date', 'a reset', 'the last call'].includes(name) ? second : line.time.now()) + span)
      return limit
    }
    while (episodes < 1_000) {
      isLimiting ||= random.chance(0.5)
      for (let count = random.below(6); count > 0; count--) void (random.chance(0.7) ? line.gets() : line.creates())
      if (random.chance(0.3)) waits(line, random.pick(['failure', 'first', 'progress']), [])
      await line.settle()
      if (random.chance(0.1)) line.starts()
      await line.time.passes(`${random.pick([1, 5, 30, 300])} seconds`)
    }
    expect(inside).toBe(0)
    expect(line.arrived.length).toBeGreaterThan(1_500)
  })
})

describe('over a restart', () => {
  test('what was spent stays spent', async () => {
    const line = new Line()
    await spends(line, 57)
    line.starts()
    expect(await line.creates()).toBe('GITHUB_RATE_LIMITED')
    // Nobody knows when GitHub had what had just left, so a little is added.
    await line.time.passes('1 minute')
    await line.time.passes('15 seconds')
    expect(done(await spends(line, 57))).toBe(57)
  })

  test('what GitHub got late counts from then on', async () => {
    const line = new Line()
    line.answers = () => ({ status: 201, travels: 9_000 })
    void spends(line, 57)
    await line.settle()
    await line.time.passes('1 minute')
    line.answers = () => ({ status: 201 })
    expect(await line.creates()).toBe('GITHUB_RATE_LIMITED')
    await line.time.passes('9 seconds')
    expect(await line.creates()).toBe('done')
  })

  test('what had left and was not answered counts', async () => {
    const line = new Line()
    line.answers = () => ({ status: 201, after: 10_000 })
    void spends(line, 20)
    await line.settle()
    line.starts()
    line.answers = () => ({ status: 201 })
    expect(done(await spends(line, 57))).toBe(37)
  })

  test('a reaction does not wait for the disk; what comes after it is written down with it', async () => {
    const line = new Line()
    const rows = () => line.sql.all('select creates from github_creation').map(({ creates }) => creates)
    for (let count = 0; count < 9; count++) await line.reacts()
    await line.gets()
    expect(rows()).toEqual([])
    await line.creates()
    expect(rows()).toEqual([10])
    for (let count = 0; count < 10; count++) await line.reacts()
    expect(rows()).toEqual([20])
  })

  test('the rows are those of an hour, and reads make none', async () => {
    const line = new Line()
    const rows = () => line.sql.all<{ count: number }>('select count(*) as count from github_creation')[0]?.count
    for (let minute = 0; minute < 200; minute++) {
      await line.creates(1 + (minute % 3))
      await line.gets()
      await line.time.passes('1 minute')
    }
    expect(rows()).toBeLessThanOrEqual(62)
    expect(rows()).toBeGreaterThan(50)
  })
})

describe('a GitHub that does not answer', () => {
  const failing = async (line: Line, times: number): Promise<void> => {
    line.answers = () => ({ status: 502 })
    for (let count = 0; count < times; count++) await line.gets()
    line.answers = () => ({ status: 200 })
  }

  test('is left alone for half a minute after five failures', async () => {
    const line = new Line()
    await failing(line, 5)
    const refused = line.as().rest('GET /repos/{owner}/{repo}', {}, {} as never)
    await expect(refused).rejects.toMatchObject({ problem: { code: 'GITHUB_UNAVAILABLE', retryable: true, retryAfter: 30 * SECOND } })
    await line.time.passes('29 seconds')
    expect([await line.gets(), line.arrived.length]).toEqual(['GITHUB_UNAVAILABLE', 5])
    await line.time.passes('1 second')
    expect([await line.gets(), await line.gets()]).toEqual(['done', 'done'])
  })

  test('is then tried by one call; the others wait for what becomes of it', async () => {
    const line = new Line()
    await failing(line, 5)
    await line.time.passes('30 seconds')
    line.answers = () => ({ status: 200, after: SECOND })
    const all = Promise.all([line.gets(), line.gets(), line.gets()])
    await line.settle()
    expect(line.arrived).toHaveLength(6)
    await line.time.passes('2 seconds')
    expect([await all, line.arrived.length]).toEqual([['done', 'done', 'done'], 8])
  })

  test('and where that fails, too, for another half minute', async () => {
    const line = new Line()
    await failing(line, 5)
    await line.time.passes('30 seconds')
    line.answers = () => ({ status: 502, after: SECOND })
    const all = Promise.all([line.gets(), line.gets()])
    await line.settle()
    await line.time.passes('1 second')
    expect([await all, line.arrived.length]).toEqual([['GITHUB_UNAVAILABLE', 'GITHUB_UNAVAILABLE'], 6])
    line.answers = () => ({ status: 200 })
    await line.time.passes('29 seconds')
    expect(await line.gets()).toBe('GITHUB_UNAVAILABLE')
    await line.time.passes('1 second')
    expect(await line.gets()).toBe('done')
  })

  test.each([
    ['four failures', (line: Line) => failing(line, 4)],
    [
      'five with an answer among them',
      (line: Line) =>
        failing(line, 4)
          .then(() => line.gets())
          .then(() => failing(line, 1)),
    ],
    [
      'five in more than a minute',
      (line: Line) =>
        failing(line, 4)
          .then(() => line.time.passes('1 minute'))
          .then(() => failing(line, 1)),
    ],
    [
      'refusals',
      async (line: Line) => {
        line.answers = () => ({ status: 404 })
        for (let count = 0; count < 9; count++) await line.gets()
        line.answers = () => ({ status: 200 })
      },
    ],
  ])('%s are none', async (_, happens) => {
    const line = new Line()
    await happens(line)
    expect(await line.gets()).toBe('done')
  })
})
