import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSqlite } from '../../src/runtime/sqlite.ts'
import { GantryProcess } from '../world/gantry-process.ts'
import { eventually } from '../world/grounds.ts'
import { WorkersStage } from '../world/workers-stage.ts'

// From one Worker to Node, and from there to another Worker: what was kept is there, and it goes on.

let stage: WorkersStage
let folder: string
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-workers-moving-'))
  mkdirSync(join(folder, 'data'))
  stage = await WorkersStage.open()
})
afterAll(async () => {
  await stage.closes()
  rmSync(folder, { recursive: true, force: true })
})

const run = async (...words: string[]): Promise<string> => {
  const environment = { GANTRY_DATA: join(folder, 'data'), GANTRY_KEYS: stage.environment['GANTRY_KEYS'] ?? '', GANTRY_BACKUPS: 'off' }
  const process = new GantryProcess({ folder, environment, words })
  expect(await process.ended, process.output + stage.worker.log.slice(-2500)).toBe(0)
  return process.output
}

const deployed = (count: number) => eventually(() => stage.said().filter(({ body }) => /deployed|already runs/.test(body)).length >= count)
const login = { registry: 'registry.example.com', repositories: ['acme/*'], username: 'own', password: { value: 'a-password-that-moves' } }

test('a backup of a Worker restores on Node, and moves on to another Worker', async () => {
  const { ada, grace } = stage.github.people
  stage.github.people.ada.comments(stage.pull.number, '/deploy staging')
  await stage.delivers()
  expect(await deployed(1)).toBe(true)
  expect(await stage.calls(grace)('PUT', '/config/acme/credentials/own?untested=true', login)).toMatchObject({ status: 201 })
  const before = await stage.calls(ada)('GET', '/deployments?repository=acme/shop')

  expect(await run('backup', '--from', stage.worker.origin, 'of-workers.backup')).toContain('deployments 1')
  await run('restore', 'of-workers.backup')
  const sql = readSqlite(join(folder, 'data', 'gantry.db'))
  expect(sql.all('select state from deployment')).toEqual([{ state: 'success' }])
  expect(sql.all(`select kind, id from vault_record where account > 0`)).toEqual([{ kind: 'credential', id: 'own' }])
  sql.close()

  await stage.opensAnother()
  expect(await run('move', '--to', stage.worker.origin)).toContain('3 of 3: repository-1009')
  expect(await stage.calls(ada)('GET', '/deployments?repository=acme/shop')).toEqual(before)
  expect((await stage.calls(grace)('GET', '/config/acme/credentials')).body).toMatchObject({ credentials: [{ name: 'own' }] })
  stage.github.people.ada.comments(stage.pull.number, '/deploy staging')
  await stage.delivers()
  expect(await deployed(2)).toBe(true)
  expect(stage.worker.log).not.toContain('"level":50')
}, 120_000)
