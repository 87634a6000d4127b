import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Ended } from '../../src/runtime/own-process.ts'
import { keepBackups, TRIED, type Tried } from '../../src/runtime/scheduled-backups.ts'
import { backupName } from '../../src/store/backup/manifest.ts'
import { Grounds, eventually } from '../world/grounds.ts'
import { Time } from '../world/time.ts'

const HOUR = 3_600_000

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-scheduled-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

/** The schedule over a folder of files that only say whose they are; what `gantry` answers is said by the test. */
class Schedule {
  readonly said: string[] = []
  readonly noted: string[] = []
  readonly ran: string[] = []
  readonly tried: Tried[] = []
  answers: { backup?: Ended; restore?: Ended; note?: Error } = {}
  readonly time: Time
  readonly stop: () => Promise<void>

  constructor(now: Time['now'] | null = null, keep = 3, noting = () => {}) {
    const told = (...[, message]: [unknown, string]) => void this.said.push(message)
    this.time = new Time(() => this.#rests())
    if (now !== null) this.time.moves(now() - this.time.now())
    this.stop = keepBackups({
      settings: { every: 24 * HOUR, keep, folder },
      instance: 'me',
      clock: this.time,
      log: { info: told, error: told } as never,
      run: async ([command = '', file = '']) => {
        this.ran.push(command)
        const answer = this.answers[command as 'backup' | 'restore'] ?? { code: 0, said: '' }
        if (command === 'backup' && answer.code === 0) has(file)
        return answer
      },
      note: (name) => {
        if (this.answers.note !== undefined) throw this.answers.note
        this.noted.push(name)
        noting()
      },
      tried: (how) => this.tried.push(how),
    })
  }

  async passes(span: string): Promise<void> {
    await this.#rests()
    await this.time.passes(span)
  }

  /** Each turn ends with waiting for the next one. */
  async #rests(): Promise<void> {
    while (!this.time.isWaiting) await new Promise((resolve) => setImmediate(resolve))
  }

  get files(): string[] {
    return readdirSync(folder).toSorted()
  }
}

const has = (file: string, instance = 'me'): void =>
  writeFileSync(file, `${JSON.stringify({ format: 'gantry backup 1', key: 'k1', wrapped: '', instance, deployments: 1, bytes: 1 })}\nmac\n`)

describe('backups that Gantry makes by itself', () => {
  test('are made soon after the first start and then every so often, each tried out and noted', async () => {
    const schedule = new Schedule()
    await schedule.passes('1 minute')
    expect([schedule.ran, schedule.said]).toEqual([['backup', 'restore'], ['a backup was made']])
    await schedule.passes('47 hours')
    expect(schedule.ran).toHaveLength(4)
    expect(schedule.noted).toEqual(schedule.files)
    await schedule.stop()
    expect(schedule.time.isWaiting).toBe(false)
  })

  test('are counted by what their trial showed', async () => {
    const schedule = new Schedule()
    const turns: Schedule['answers'][] = [
      {},
      { restore: { code: 3, said: '' } },
      { restore: { code: 4, said: '' } },
      { backup: { code: 1, said: 'no room' } },
      { restore: { code: 1, said: 'no room' } },
    ]
    for (const answers of turns) {
      schedule.answers = answers
      const before = schedule.tried.length
      while (schedule.tried.length === before) await schedule.passes('30 minutes')
    }
    expect(schedule.tried).toEqual(['whole', 'damaged', 'broken', 'none', 'untried'])
    expect(new Set(schedule.tried)).toEqual(new Set(TRIED))
  })

  test('are not made again by a start soon after the last one', async () => {
    const before = new Schedule()
    await before.passes('1 minute')
    const after = new Schedule(() => before.time.now())
    await after.passes('23 hours')
    expect(after.ran).toEqual([])
    await after.passes('1 hour')
    expect(after.ran).toEqual(['backup', 'restore'])
  })

  test('of another installation in the same folder are not taken for its own', async () => {
    has(join(folder, backupName(Date.UTC(2026, 10, 23, 11, 59))), 'another installation')
    const schedule = new Schedule()
    await schedule.passes('1 minute')
    expect(schedule.ran).toEqual(['backup', 'restore'])
  })

  test('that the audit log cannot note count all the same: it is said what failed, and the older ones go', async () => {
    const schedule = new Schedule(null, 1)
    schedule.answers = { note: new Error('database or disk is full') }
    await schedule.passes('50 hours')
    const turn = ['a backup is not in the audit log', 'a backup was made']
    expect([schedule.said, schedule.files.length]).toEqual([[...turn, ...turn, ...turn], 1])
  })

  test('that older ones cannot be deleted for count all the same, and that is said', async () => {
    const schedule = new Schedule(null, 1, () => rmSync(folder, { recursive: true }))
    await schedule.passes('2 hours')
    expect([schedule.said, schedule.ran]).toEqual([
      ['older backups could not be deleted', 'a backup was made'],
      ['backup', 'restore'],
    ])
    mkdirSync(folder)
  })

  test('of a clock that was wrong do not keep it from making new ones, and the one just made is never deleted', async () => {
    for (const year of [2031, 2032, 2033, 2034]) has(join(folder, backupName(Date.UTC(year, 1))))
    const schedule = new Schedule()
    await schedule.passes('25 hours')
    expect(schedule.noted).toHaveLength(1)
    expect(schedule.files).toEqual([...schedule.noted, backupName(Date.UTC(2033, 1)), backupName(Date.UTC(2034, 1))])
  })

  test('are deleted beyond the number that is kept; what others keep there, and what is no backup, stays', async () => {
    const theirs = [backupName(1), backupName(2), 'gantry.yml', 'gantry-y.backup.part']
    for (const name of theirs) has(join(folder, name), 'another installation')
    has(join(folder, 'gantry-x.backup.part'))
    const schedule = new Schedule()
    for (const one of ['x', 'y']) utimesSync(join(folder, `gantry-${one}.backup.part`), 0, 0)
    for (let day = 0; day < 6; day++) await schedule.passes('1 day')
    expect(schedule.noted.length).toBeGreaterThan(4)
    expect(schedule.files).toEqual([...theirs, ...schedule.noted.slice(-3)].toSorted())
  })

  test('count those that people made without a name and those that could not be tried out, and none that is called otherwise or says not whose it is', async () => {
    const early = Date.UTC(2026, 10, 20)
    const others = ['before-the-upgrade.backup', backupName(early - 1)]
    has(join(folder, others[0] ?? ''))
    writeFileSync(join(folder, others[1] ?? ''), 'its beginning is damaged')
    has(join(folder, backupName(early)))
    const schedule = new Schedule()
    schedule.answers = { restore: { code: 1, said: 'no room' } }
    await schedule.passes('1 minute')
    const untried = schedule.files.filter((name) => !others.includes(name)).slice(-1)
    await schedule.stop()
    const next = new Schedule(() => schedule.time.now() + 24 * HOUR)
    await next.passes('1 minute')
    expect(next.files).toEqual([...others, backupName(early), ...untried, ...next.noted].toSorted())
    await next.passes('1 day')
    expect(next.files).toEqual([...others, ...untried, ...next.noted].toSorted())
  })

  test('that cannot be made are said to be so, tried again within the hour, and cost none of those before', async () => {
    const schedule = new Schedule(null, 1)
    await schedule.passes('1 minute')
    schedule.answers = { backup: { code: 1, said: 'no space left' } }
    await schedule.passes('27 hours')
    expect(schedule.said.slice(1)).toEqual(Array.from({ length: 4 }, () => 'no backup was made'))
    expect(schedule.files).toEqual(schedule.noted)
    schedule.answers = {}
    await schedule.passes('1 hour')
    expect([schedule.said.at(-1), schedule.files]).toEqual(['a backup was made', schedule.noted.slice(-1)])
  })

  test('that cannot be restored are put aside, one of them of each installation, and the last good one stays', async () => {
    const theirs = `${backupName(1)}.broken`
    has(join(folder, theirs), 'another installation')
    const schedule = new Schedule(null, 1)
    await schedule.passes('1 minute')
    schedule.answers = { restore: { code: 4, said: 'broken' } }
    await schedule.passes('26 hours')
    expect(schedule.said.slice(1)).toEqual(Array.from({ length: 3 }, () => 'a backup cannot be restored'))
    expect(schedule.files).toEqual([theirs, ...schedule.noted, expect.stringMatching(/\.backup\.broken$/)])
  })

  test.each([
    ['another process has the folder', 1],
    ['there is no room', 1],
    ['it was killed', -1],
  ])('that cannot be tried out now, because %s, stay as they are, and are tried out again within the hour', async (why, code) => {
    const schedule = new Schedule()
    schedule.answers = { restore: { code, said: why } }
    await schedule.passes('3 hours')
    const [name = ''] = schedule.files
    expect([schedule.files, schedule.noted, schedule.ran]).toEqual([[name], [], ['backup', 'restore', 'restore', 'restore']])
    expect(new Set(schedule.said)).toEqual(new Set(['a backup could not be tried out']))
    schedule.answers = {}
    await schedule.passes('1 hour')
    expect([schedule.said.at(-1), schedule.files, schedule.noted]).toEqual(['a backup was made', [name], [name]])
  })

  test('that could not be tried out for a whole interval do not keep it from making another', async () => {
    const schedule = new Schedule()
    schedule.answers = { restore: { code: 1, said: 'no room' } }
    await schedule.passes('30 hours')
    expect(schedule.ran.filter((command) => command === 'backup')).toHaveLength(2)
  })

  test('of a database in which something cannot be read count, and that is said', async () => {
    const schedule = new Schedule()
    schedule.answers = { restore: { code: 3, said: 'The secret …' } }
    await schedule.passes('1 minute')
    expect(schedule.said).toEqual(['a backup is whole, and something that is in it cannot be read', 'a backup was made'])
  })
})

test('the real program makes one soon after its start, in a process of its own, and notes it in the audit log', async () => {
  const GANTRY_BACKUPS_FOLDER = join(folder, 'elsewhere')
  mkdirSync(GANTRY_BACKUPS_FOLDER)
  const grounds = await Grounds.open({ GANTRY_KEYS: `k1:${randomBytes(32).toString('base64')}`, GANTRY_BACKUPS_FOLDER })
  try {
    await grounds.gantry.says(/"msg":"a backup was made"/)
    const [name] = readdirSync(GANTRY_BACKUPS_FOLDER)
    expect(await eventually(() => grounds.rows(`select 1 from account_audit where action = 'backup made'`).length === 1)).toBe(true)
    expect(grounds.rows(`select subject from account_audit where action = 'backup made'`)).toEqual([{ subject: name }])
    expect(grounds.gantry.output).not.toMatch(/"level":(50|60)/)
    expect(readdirSync(join(grounds.folder, 'data'))).not.toContain('backup.work')
  } finally {
    await grounds.closes()
  }
})
