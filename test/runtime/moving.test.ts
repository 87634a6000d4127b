import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Failure } from '../../src/errors.ts'
import { backup as backupWord } from '../../src/runtime/backup-commands.ts'
import { move as moveWord } from '../../src/runtime/move-command.ts'
import { otherInstallation } from '../../src/runtime/operator-client.ts'
import { openSqlite, readSqlite, rewriteSqlite } from '../../src/runtime/sqlite.ts'
import { readAuditMac } from '../../src/store/audit-key.ts'
import { auditRecords, verifyAudit } from '../../src/store/audit.ts'
import { generationIn } from '../../src/store/backup/restored.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import type { Terminal } from '../../src/runtime/terminal.ts'
import type { Sql } from '../../src/store/sql.ts'
import { stateOf } from '../world/backups.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { HMAC } from '../world/mac.ts'
import { ACCOUNTS, furnishAll, rowsOf } from '../world/moving.ts'
import { ObjectsHere } from '../world/objects-here.ts'
import { credential, newKey, said, vaultOver } from '../world/vault.ts'

// The whole commands, against an installation that has its parts in objects.

const KEY = newKey('k1')
let folder: string
let workers: ObjectsHere
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-moving-'))
  for (const name of ['node', 'back']) mkdirSync(join(folder, name))
  workers = await ObjectsHere.open(KEY)
  const sql = openSqlite(join(folder, 'node', 'gantry.db'))
  migrateRepositories(sql)
  migrateAccounts(sql)
  await furnishAll(sql, KEY)
  sql.close()
})
afterEach(async () => {
  await workers.close()
  rmSync(folder, { recursive: true, force: true })
})

const run = async (data: string, words: readonly string[], key = KEY) => {
  const environment = { GANTRY_DATA: join(folder, data), GANTRY_KEYS: `k1:${key.key.reveal()}`, GANTRY_BACKUPS: 'off' }
  const process = new GantryProcess({ folder, environment, words })
  return { code: await process.ended, output: process.output }
}
const move = (...more: string[]) => run('node', ['move', '--to', workers.url, ...more])
const fetched = (...more: string[]) => run('back', ['backup', '--from', workers.url, 'of-workers.backup', ...more])
const inDatabase = async <T>(data: string, look: (sql: Sql) => T | Promise<T>): Promise<T> => {
  const sql = readSqlite(join(folder, data, 'gantry.db'))
  try {
    return await look(sql)
  } finally {
    sql.close()
  }
}

/** Rows that a move does not touch, whatever they are numbered as. */
const LASTING = [
  'step',
  'log_line',
  'approval',
  'drift',
  'head',
  'told_limit',
  'answer',
  'spent_token',
  'workload_claim',
  'renewal',
  'api_token',
  'instance',
]
const lastingIn = (sql: Sql): readonly string[] =>
  rowsOf(sql, LASTING).filter((row) => !row.includes('"outcome":"failed"') && !row.includes('"outcome":"running"'))

describe('from Node to objects and back', () => {
  test('everything arrives, ends as after a restore, and is a backup that restores', async () => {
    const before = stateOf(join(folder, 'node'))
    const moved = await move()
    expect(moved.code, moved.output).toBe(0)
    expect(moved.output).toContain('6 of 6: repository-44\nMoved 6 parts to ')
    expect(moved.output).toContain('Of what had not ended: 0 cancelled, 2 of unknown outcome, 2 deliveries left alone.')
    expect(stateOf(join(folder, 'node'))).toEqual(before)
    expect([...workers.objects.keys()].toSorted()).toEqual([
      'account-0',
      'account-4711',
      'account-99',
      'repository-42',
      'repository-43',
      'repository-44',
    ])
    for (const sql of workers.objects.values())
      expect(sql.all(`select name from sqlite_schema where name glob 'arriving*' or name glob 'leaving*'`)).toEqual([])

    const made = await fetched()
    expect(made.code, made.output).toBe(0)
    expect(made.output).toMatch(/^Made of-workers\.backup of http:.*: deployments 6, rows \d+, .*It opens with the key k1\.\n$/)
    const checked = await run('back', ['restore', 'of-workers.backup', '--check'])
    expect(checked.code, checked.output).toBe(0)
    const restored = await run('back', ['restore', 'of-workers.backup'])
    expect(restored.code, restored.output).toBe(0)
    expect(restored.output).toContain('Of what had not ended then: 0 cancelled, 0 of unknown outcome, 0 deliveries left alone.')

    const was = await inDatabase('node', (sql) => ({ lasting: lastingIn(sql), sealed: rowsOf(sql, ['vault_record', 'vault_inventory']) }))
    await inDatabase('back', async (sql) => {
      expect(lastingIn(sql)).toEqual(was.lasting)
      expect(rowsOf(sql, ['vault_record', 'vault_inventory'])).toEqual(was.sealed.filter((row) => !row.includes('registry-token')))
      expect(sql.all('select id, state from deployment order by sequence').map(({ id, state }) => [id, state].join(' '))).toEqual([
        '16-0 success',
        '17-0 success',
        '16-1 success',
        '17-1 success',
        '16-2 unknown',
        '17-2 unknown',
      ])
      // Once over there, once here again.
      expect(generationIn(sql)).toBe(2)
      const vault = vaultOver(sql, KEY)
      for (const account of ACCOUNTS) expect(await said(vault, credential('ghcr', 'password', account))).toBe(`canary-of-account-${account}`)
      const mac = await readAuditMac(vault, HMAC)
      for (const table of ['repository_audit', 'account_audit'] as const) expect(verifyAudit(sql, table, [mac])).toHaveProperty('head')
    })
    // Nothing of what was copied on the way is left.
    expect(readdirSync(join(folder, 'node')).filter((name) => name.includes('work'))).toEqual([])
  })

  test('from a backup as well, beside whatever is here', async () => {
    expect(await run('node', ['backup', 'of-node.backup'])).toMatchObject({ code: 0 })
    const moved = await run('back', ['move', '--to', workers.url, '--from', 'of-node.backup'])
    expect(moved.code, moved.output).toBe(0)
    const [of42] = [workers.at({ kind: 'repository', id: 42 })]
    expect(of42.all('select count(*) as n from deployment')).toEqual([{ n: 3 }])
  })

  test('a second time only where it may be instead, and then above what was handed out', async () => {
    expect(await move()).toMatchObject({ code: 0 })
    const again = await move()
    expect(again.code).toBe(1)
    expect(again.output).toMatch(/BACKUP_REFUSED: http:\S+ says: There is something already where this is to go\.[^]*add --instead/)
    expect(await move('--instead')).toMatchObject({ code: 0 })
    expect(generationIn(workers.at({ kind: 'repository', id: 42 }))).toBe(2)
  })
})

describe('what stops it', () => {
  test('a Gantry that runs', async () => {
    const sql = openSqlite(join(folder, 'node', 'gantry.db'))
    const { code, output } = await move()
    sql.close()
    expect(code).toBe(1)
    expect(output).toContain('Gantry runs. It is moved while it does not.')
    expect(workers.objects.size).toBe(0)
  })

  test('other keys over there: not a byte is shown', async () => {
    const { code, output } = await run('node', ['move', '--to', workers.url], newKey('k1'))
    expect(code).toBe(1)
    expect(output).toContain('AUTHENTICATION_REQUIRED')
    expect(output).toContain('a signature that does not fit')
  })

  test('an audit log that was changed, in both directions, unless the operator says so', async () => {
    rewriteSqlite(join(folder, 'node', 'gantry.db'), (sql) => sql.all(`update repository_audit set login = 'mallory' where number = 2`))
    const refused = await move()
    expect(refused.code).toBe(1)
    expect(refused.output).toMatch(/BACKUP_REFUSED: An audit log is not as it was written[^]*Record 2 is not as it was written[^]*add --anyway/)
    const moved = await move('--anyway')
    expect(moved.code, moved.output).toBe(0)
    expect(moved.output).toContain('Already so before it was moved: The audit log of repositories: Record 2 is not as it was written.')
    const object = workers.at({ kind: 'repository', id: 42 })
    expect([...auditRecords(object, 'repository_audit')][0]).toMatchObject({ action: 'backup restored', why: 'Record 2 is not as it was written.' })
    object.all(`update repository_audit set login = 'trent' where number = 3`)
    const back = await fetched()
    expect(back.code).toBe(1)
    expect(back.output).toContain('repository-42: The audit log of repositories: Record 3 is not as it was written.')
    expect(await fetched('--anyway')).toMatchObject({ code: 0 })
  })

  test.each(['http://gantry.example.com', 'https://ada:secret@gantry.example.com', 'https://gantry.example.com/path', 'nonsense'])(
    'no address: %s',
    (address) => {
      const doors = { keys: [KEY], fetch: () => Promise.reject(new Error('asked')), now: () => 0 }
      expect(() => otherInstallation(address, doors)).toThrow(/^SETTING_INVALID: That is no address/)
      expect(() => otherInstallation('https://gantry.example.com', { ...doors, keys: [] })).toThrow(/^VAULT_KEY_MISSING/)
    },
  )

  test('an answer of somebody else: none of its words is repeated', async () => {
    const answers = [
      new Response('<b>a proxy</b>', { status: 502 }),
      new Response('{"parts":["x"]}'),
      Response.json({ code: 'NONE', sentence: 'a proxy' }, { status: 400 }),
    ]
    const other = otherInstallation('https://gantry.example.com', {
      keys: [KEY],
      now: () => 0,
      fetch: async () => answers.pop() ?? Promise.reject(new Error('a proxy')),
    })
    for (let at = 0; at < 4; at += 1) {
      const error = await other.list().catch((thrown: Failure) => thrown)
      expect(error).toMatchObject({ problem: { code: 'BACKUP_FAILED' } })
      expect(JSON.stringify((error as Failure).problem)).not.toContain('a proxy')
    }
  })

  test.each([[['move']], [['move', '--to']], [['move', '--to', 'x', 'y']], [['backup', '--from', 'x']], [['backup', '--anyway', 'x']]])(
    'words that are none: %j',
    async ([word, ...words]) => {
      const told: string[] = []
      const terminal = { say: (text: string) => told.push(text) } as unknown as Terminal
      expect(await (word === 'move' ? moveWord : backupWord).run(words, terminal)).toBe(2)
      expect(told.join('')).toContain(`There is no command "gantry ${[word, ...words].join(' ')}"`)
    },
  )
})
