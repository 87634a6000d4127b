import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { holdsUp } from '../attacks/asked.ts'
import { types } from '../world/backups.ts'
import { Grounds, eventually } from '../world/grounds.ts'

// The whole program, before and after its database comes from a backup that is older than everything around it.

const KEYS = { GANTRY_KEYS: `k1:${randomBytes(32).toString('base64')}`, GANTRY_BACKUPS: 'off' }
const BACKUP = 'of-yesterday'

let grounds: Grounds
beforeEach(async () => {
  grounds = await Grounds.open(KEYS)
  for (const version of ['1.3', '1.4', '1.5']) await grounds.registry.has(`acme/shop:${version}`, { 'site/index.html': `version ${version}` })
})
afterEach(() => grounds.closes())

const run = async (...words: string[]): Promise<string> => {
  const { code, output } = await types(grounds, KEYS, ...words)
  expect(code, output).toBe(0)
  return output
}
const ask = (text: string): unknown => grounds.github.people.ada.comments(grounds.pull.number, text)
const states = (): unknown => grounds.rows('select state from deployment order by sequence').map(({ state }) => state)
const serves = async (): Promise<string> => (await fetch(await grounds.site())).text()
const first = (): readonly string[] => grounds.said().map(({ body }) => body.slice(0, 1))

async function deploys(version: string): Promise<void> {
  const before = grounds.said().length
  ask(`/deploy staging :${version}`)
  await grounds.delivers()
  expect(await eventually(() => grounds.said().length > before && grounds.said().at(-1)?.body.startsWith('✅') === true)).toBe(true)
}

describe('a backup that was made in the middle of a deployment, restored after others', () => {
  test('deploys nothing, says nothing twice, obeys nothing of before; then everything goes on', async () => {
    await deploys('1.2')
    const hold = holdsUp(grounds)
    ask('/deploy staging :1.3')
    ask('/deploy staging :1.4')
    await grounds.delivers()
    expect(await hold.isHeld()).toBe(true)
    expect(await eventually(() => grounds.rows(`select 1 from deployment where state = 'queued'`).length === 1)).toBe(true)
    await run('backup', BACKUP)
    hold.letsGo()
    expect(await eventually(() => first().join('') === '✅✅✅')).toBe(true)
    await grounds.gantry.stops('SIGKILL')
    // Nobody is there to hear it, and a restore comes between.
    ask('/deploy staging :1.5')
    await grounds.delivers().catch(() => [])

    const told = await run('restore', BACKUP, '--replace')
    expect(told).toContain('Of what had not ended then: 1 cancelled, 1 of unknown outcome, 0 deliveries left alone.')
    expect(told).toMatch(/differs {6}shop\/staging of acme\/shop: recorded main@sha256:[0-9a-f]{12}; target site runs site: sha256:/)
    const before = {
      comments: grounds.pull.comments.length,
      deployments: grounds.github.repository.deployments.length,
      checks: grounds.github.repository.checks.length,
    }
    await grounds.startsAgain(KEYS)
    expect(await eventually(() => grounds.rows('select 1 from announcement where is_complete = 0').length === 0, 60)).toBe(true)
    expect(states()).toEqual(['success', 'unknown', 'cancelled'])
    expect(await serves()).toBe('version 1.4')
    const { comments } = grounds.pull
    const { deployments, checks } = grounds.github.repository
    expect({ comments: comments.length, deployments: deployments.length, checks: checks.length }).toEqual(before)
    const [, unknown, cancelled] = grounds.said().map(({ body }) => body)
    expect(unknown).toMatch(/it is not known what runs in[^]*restored from a backup of[^]*`\/status` staging/)
    expect(cancelled).toMatch(/^\S+ Restoring a backup cancelled[^]*restored from a backup of/)

    // Whoever looks frees the environment, and the target takes what comes after what it remembers.
    ask('/status staging')
    await grounds.delivers()
    expect(await eventually(() => grounds.rows(`select 1 from deployment where settled_at is not null`).length === 1)).toBe(true)
    await deploys('1.5')
    expect(await serves()).toBe('version 1.5')
    expect(grounds.gantry.output).not.toMatch(/"level":(50|60)/)
    grounds.github.verdict()
    expect(await run('audit', 'verify')).toMatch(/repositories: \d+ records, as they were written/)
  })

  test('and again, where all that remembers the first one is the target: each time it takes what comes then', async () => {
    await deploys('1.2')
    await run('backup', BACKUP)
    for (const version of ['1.3', '1.4']) {
      await deploys(version)
      await grounds.gantry.stops('SIGKILL')
      for (const name of ['gantry.db', 'gantry.db-wal', 'gantry.restored']) rmSync(join(grounds.folder, 'data', name), { force: true })
      await run('restore', BACKUP)
      await grounds.startsAgain(KEYS)
    }
    await deploys('1.5')
    expect([await serves(), states()]).toEqual(['version 1.5', ['success', 'success']])
    expect(grounds.rows('select fence from environment order by fence')).toEqual([{ fence: 2 * 2 ** 32 }, { fence: 2 * 2 ** 32 + 1 }])
  })
})
