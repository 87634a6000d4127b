import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { GantryProcess } from '../world/gantry-process.ts'
import { PRIVATE_KEY } from '../world/github/github.ts'
import { eventually, Grounds } from '../world/grounds.ts'

const SECRET = '0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0'
const APP = { APP_ID: '4711', PRIVATE_KEY, WEBHOOK_SECRET: SECRET }

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-start-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const without = (name: keyof typeof APP) => Object.fromEntries(Object.entries(APP).filter(([one]) => one !== name))

describe('gantry start refuses, and names the variable', () => {
  test.each([
    ['WEBHOOK_SECRET', 'that is missing', without('WEBHOOK_SECRET')],
    ['WEBHOOK_SECRET', 'that is empty', { ...APP, WEBHOOK_SECRET: '' }],
    ['WEBHOOK_SECRET', 'development', { ...APP, WEBHOOK_SECRET: 'development' }],
    ['WEBHOOK_SECRET', 'secret', { ...APP, WEBHOOK_SECRET: 'secret' }],
    ['WEBHOOK_SECRET', 'of 8 characters', { ...APP, WEBHOOK_SECRET: 'k3x9wq7z' }],
    ['PRIVATE_KEY', 'that is missing', without('PRIVATE_KEY')],
    ['PRIVATE_KEY', 'that is none', { ...APP, PRIVATE_KEY: 'a-key-that-is-none' }],
    ['APP_ID', 'that is missing', without('APP_ID')],
    ['PORT', 'that is none', { ...APP, PORT: 'eighty' }],
    ['GANTRY_DATA', 'that is a file', { ...APP, GANTRY_DATA: 'gantry.yml/data' }],
  ])('%s %s', async (name, _what, environment: Record<string, string>) => {
    writeFileSync(join(folder, 'gantry.yml'), 'version: 1\n')
    const gantry = new GantryProcess({ folder, environment })
    expect(await gantry.ended).toBe(1)
    expect(gantry.output).toContain(name)
    expect(gantry.output).not.toMatch(/\n\s+at /)
    const value = environment[name]
    if (value && value.length > 6 && name !== 'GANTRY_DATA') expect(gantry.output.replaceAll(name, '')).not.toContain(value)
    expect(existsSync(join(folder, 'data'))).toBe(false)
  })

  test('an operator file that is wrong', async () => {
    writeFileSync(join(folder, 'gantry.yml'), 'version: 1\ntarget: {}\n')
    const gantry = new GantryProcess({ folder, environment: APP })
    expect(await gantry.ended).toBe(1)
    expect(gantry.output).toMatch(/gantry\.yml/)
    expect(gantry.output).toMatch(/targets/)
  })

  test('a command that there is not', async () => {
    const gantry = new GantryProcess({ folder, words: ['strat'] })
    expect(await gantry.ended).toBe(2)
    expect(gantry.output).toMatch(/There is no command "gantry strat"/)
  })

  test('a second process on the same data', async () => {
    const first = new GantryProcess({ folder, environment: APP })
    await first.listens()
    const second = new GantryProcess({ folder, environment: APP })
    expect(await second.ended).toBe(1)
    expect(second.output).toMatch(/Another Gantry process/)
    expect(await first.stops()).toBe(0)
  })
})

describe('gantry start', () => {
  test('on an older Node hands over to the one that npm brought, and ends with its code', async () => {
    const gantry = new GantryProcess({ folder, environment: APP, node: olderNode() })
    await gantry.listens()
    expect(await gantry.stops()).toBe(0)
    const refused = new GantryProcess({ folder, environment: without('APP_ID'), node: olderNode() })
    expect(await refused.ended).toBe(1)
  })

  test('the one that an older Node handed over to ends with it, even by kill -9, and leaves nothing locked', async () => {
    const gantry = new GantryProcess({ folder, environment: APP, node: olderNode() })
    await gantry.listens()
    await gantry.stops('SIGKILL') // its output ends when nobody is left to write
    const next = new GantryProcess({ folder, environment: APP })
    await next.listens()
    expect(await next.stops()).toBe(0)
  })

  test('reads .env, whose lines the process’s own variables win over', async () => {
    writeFileSync(join(folder, '.env'), `APP_ID=1\nWEBHOOK_SECRET=${SECRET}\nPRIVATE_KEY="${PRIVATE_KEY.replaceAll('\n', '\\n')}"\nPORT=http\n`)
    const gantry = new GantryProcess({ folder })
    await gantry.listens()
    expect(gantry.output).not.toContain(SECRET)
    expect(await gantry.stops()).toBe(0)
  })

  test('deploys what a comment asks for, says so, and serves it', async () => {
    const grounds = await Grounds.open()
    try {
      grounds.github.people.ada.comments(grounds.pull.number, '/deploy staging')
      await grounds.delivers()
      const shown = () => grounds.github.repository.checks.at(-1)?.conclusion
      expect(await eventually(() => shown() != null), `${grounds.gantry.output}\n${JSON.stringify(grounds.github.calls, null, 1)}`).toBe(true)
      expect(shown()).toBe('success')
      expect(await (await fetch(await grounds.site())).text()).toBe('version 1.2')
      expect(grounds.said()).toHaveLength(1)
      expect(await grounds.gantry.stops()).toBe(0)
      grounds.github.verdict()
    } finally {
      await grounds.closes()
    }
  })

  test('asked to stop in the middle, stops within ten seconds and goes on at the next start', async () => {
    const grounds = await Grounds.open()
    try {
      grounds.registry.answers(503, { 'retry-after': '2' }).times(2)
      grounds.github.people.ada.comments(grounds.pull.number, '/deploy staging')
      await grounds.delivers()
      const before = Date.now()
      expect(await grounds.gantry.stops()).toBe(0)
      expect(Date.now() - before).toBeLessThan(10_000)
      await grounds.starts()
      expect(await eventually(() => grounds.github.repository.checks.at(-1)?.conclusion === 'success'), grounds.gantry.output).toBe(true)
      expect(grounds.said()).toHaveLength(1)
    } finally {
      await grounds.closes()
    }
  })
})

/** npm itself runs on it, so there always is one beside the one in node_modules. */
function olderNode(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'))
  const older = folders.map((path) => join(path, 'node')).find((path) => existsSync(path))
  if (older === undefined) throw new Error('no Node on PATH but the one in node_modules')
  return older
}
