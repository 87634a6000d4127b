import { randomBytes } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { GantryProcess } from '../world/gantry-process.ts'
import { Grounds, eventually } from '../world/grounds.ts'

const GANTRY_KEYS = `k1:${randomBytes(32).toString('base64')}`

// `gantry audit` as people type it, beside the bot that writes the log.

describe('gantry audit', () => {
  let grounds: Grounds
  beforeAll(async () => {
    grounds = await Grounds.open({ GANTRY_KEYS, GANTRY_BACKUPS: 'off' })
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

  interface Trouble {
    readonly statement?: string
    readonly keys?: string
  }
  /** What is tried with a copy of the database, and with these keys. */
  async function tried(words: readonly string[], { statement = '', keys = GANTRY_KEYS }: Trouble = {}): Promise<{ code: number; output: string }> {
    const folder = join(grounds.folder, 'copy')
    mkdirSync(folder)
    try {
      grounds.rewrites(`vacuum into '${join(folder, 'gantry.db')}'`)
      const database = new DatabaseSync(join(folder, 'gantry.db'))
      database.exec(statement)
      database.close()
      const environment = { GANTRY_DATA: folder, ...(keys === '' ? {} : { GANTRY_KEYS: keys }) }
      const gantry = new GantryProcess({ folder: grounds.folder, words: ['audit', ...words], environment })
      return { code: await gantry.ended, output: gantry.output }
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  test.each<[what: string, why: string, trouble: Trouble]>([
    ['the keys are lost', 'VAULT_KEY_MISSING', { keys: '' }],
    ['another key has its name', 'VAULT_RECORD_BROKEN', { keys: `k1:${randomBytes(32).toString('base64')}` }],
    ['the account that keeps its key was changed', 'VAULT_RECORD_BROKEN', { statement: 'update vault_account set counter = 99 where account = 0' }],
    ['the vault’s tables are gone', 'no such table', { statement: 'drop table vault_account' }],
  ])('where %s exports everything, and verifies what can be seen without, and says so', async (_what, why, trouble) => {
    const unproved =
      /\nAUDIT_UNPROVED: The key that proves the audit log is not here.*\n {2}found: {2}.*\n {2}wanted: .*\n {2}next: {3}.*gantry audit export/
    const exported = await tried(['export'], trouble)
    expect([exported.code, exported.output.match(/^\{"log":"(repositories|accounts)",/gm)?.length]).toEqual([0, 4])
    expect(exported.output).toMatch(unproved)
    const verified = await tried(['verify'], trouble)
    expect([verified.code, verified.output]).toEqual([1, expect.stringMatching(/^The log of repositories: 3 records, .* not here\.$/m)])
    expect(verified.output).toMatch(unproved)
    expect(verified.output).toContain(why)
    expect(exported.output + verified.output).not.toMatch(/mistake of our own|\n {4}at |as they were written|Somebody has changed/)
    const cut = { ...trouble, statement: `${trouble.statement ?? ''}; delete from repository_audit where number = 2` }
    expect(await tried(['verify'], cut)).toEqual({ code: 1, output: expect.stringMatching(/Record 2 is missing\.\n[^]*Somebody has changed/) })
  })

  test('where its key was discarded verify says that nobody can tell any more', async () => {
    const tables = ['vault_key', 'vault_account', 'vault_inventory', 'vault_record']
    expect(await tried(['verify'], { statement: tables.map((table) => `delete from ${table}`).join(';') })).toEqual({
      code: 1,
      output: expect.stringMatching(/not here\.\n\nAUDIT_UNPROVED: .*\n {2}found: {2}a vault without that key/),
    })
  })

  test('where one of the two logs cannot be read shows the other one', async () => {
    const trouble = { statement: 'drop table repository_audit' }
    const { code, output } = await tried(['export'], trouble)
    expect([code, output]).toEqual([1, expect.stringMatching(/^\{"log":"accounts",.*\n\nAUDIT_UNPROVED: The log of repositories cannot be read/)])
    expect(await tried(['verify'], trouble)).toEqual({ code: 1, output: expect.stringContaining('The log of accounts: 1 records, as they were') })
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
