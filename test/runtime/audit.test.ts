import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GantryProcess } from '../world/gantry-process.ts'
import { Grounds, eventually } from '../world/grounds.ts'

const GANTRY_KEYS = `k1:${randomBytes(32).toString('base64')}`

// `gantry audit` as people type it, beside the bot that writes the log.

describe('gantry audit', () => {
  let grounds: Grounds
  beforeAll(async () => {
    grounds = await Grounds.open({ GANTRY_KEYS })
    grounds.github.people.ada.comments(grounds.pull.number, '/deploy')
    await grounds.delivers()
    await eventually(() => grounds.said().at(-1)?.body.startsWith('✅') ?? false)
    await eventually(() => grounds.github.repository.deployments.length === 1)
  })
  afterAll(() => grounds?.closes())

  async function run(...words: string[]): Promise<{ code: number; output: string }> {
    const gantry = new GantryProcess({ folder: grounds.folder, words: ['audit', ...words], environment: { GANTRY_KEYS } })
    const code = await gantry.ended
    return { code, output: gantry.output }
  }
  /** The head of the log that the Deployment on GitHub carries. */
  const anchor = (): string => {
    const { payload } = grounds.github.repository.deployments[0] ?? {}
    const { audit } = (payload as { gantry: { audit: { number: number; mac: string } } }).gantry
    return `${audit.number}:${audit.mac}`
  }

  test('export says who did what, a line each', async () => {
    const { code, output } = await run('export')
    const lines = output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { log: string; action: string; by: { login: string } | null; after: string })
    expect([code, lines.map(({ log, action, by }) => [log, action, by?.login ?? null])]).toEqual([
      0,
      [
        ['repositories', 'deployment requested', 'ada'],
        ['repositories', 'configuration changed', null],
        ['repositories', 'deployment ended', null],
        ['accounts', 'operator file changed', null],
      ],
    ])
    expect(lines[2]?.after).toMatch(/^success shop\/staging main@sha256:[0-9a-f]{12}$/)
  })

  test('verify finds it as it was written, and as the Deployment on GitHub knows it', async () => {
    expect(await run('verify', '--known', anchor())).toEqual({
      code: 0,
      output: expect.stringMatching(/^The log of repositories: 3 records, as they were/),
    })
  })

  test('verify without the key that the records were written under says so', async () => {
    const gantry = new GantryProcess({ folder: grounds.folder, words: ['audit', 'verify'] })
    expect([await gantry.ended, gantry.output]).toEqual([1, expect.stringContaining('GANTRY_KEYS has no key of that name')])
  })

  test('verify finds what was changed, and what was cut off', async () => {
    const known = anchor()
    await grounds.gantry.stops('SIGTERM')
    grounds.rewrites(`update repository_audit set login = 'mallory' where number = 1`)
    expect(await run('verify')).toEqual({ code: 1, output: expect.stringContaining('Record 1 is not as it was written.') })
    grounds.rewrites('delete from repository_audit')
    expect(await run('verify')).toMatchObject({ code: 0 })
    expect(await run('verify', '--known', known)).toEqual({ code: 1, output: expect.stringContaining('The log ends with record 0') })
  })

  test.each([[], ['verify', 'all'], ['verify', '--known', '7'], ['export', '--known', `1:unkeyed:${'a'.repeat(64)}`], ['burn']])(
    'says how it is written where that is not clear: %j',
    async (...words) => {
      expect(await run(...words)).toEqual({ code: 2, output: expect.stringContaining('gantry audit verify [--known NUMBER:MAC …]') })
    },
  )
})
