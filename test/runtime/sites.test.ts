import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import type { Page, Site } from '../../src/deploy/target.ts'
import { serveSites } from '../../src/runtime/sites.ts'

interface Line {
  readonly msg: string
  readonly url?: string
}

function setUp() {
  const sites = new Map<string, Site>()
  const lines: Line[] = []
  let changed = () => {}
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as Line) })
  const starts = async () => {
    const close = await serveSites({ sites, onSites: (listener) => void (changed = listener) }, log)
    onTestFinished(close)
    return close
  }
  const says = async (count: number): Promise<readonly Line[]> => {
    while (lines.length < count) await new Promise(setImmediate)
    return lines
  }
  return { sites, starts, says, changes: () => changed() }
}
const site = (listen = '127.0.0.1:0'): Site => ({ listen, find: async (): Promise<Page> => ({ found: 'nothing' }) })
const answers = (url = ''): Promise<number> =>
  fetch(url).then(
    ({ status }) => status,
    () => 0,
  )

test('a site comes, is another one and goes while the process runs', async () => {
  const { sites, starts, says, changes } = setUp()
  sites.set('one', site())
  await starts()
  const [{ url: first } = { url: '' }] = await says(1)
  expect(await answers(first)).toBe(404)
  sites.set('two', site())
  changes()
  const [, { url: second } = { url: '' }] = await says(2)
  expect([await answers(first), await answers(second)]).toEqual([404, 404])
  sites.set('two', site())
  sites.delete('one')
  changes()
  const [, , { url: third } = { url: '' }] = await says(3)
  expect([await answers(first), await answers(second), await answers(third)]).toEqual([0, 0, 404])
})

test('one that cannot be served stops the start, and later is said and hinders no other', async () => {
  const taken = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const early = setUp()
  early.sites.set('one', site(`127.0.0.1:${port}`))
  await expect(early.starts()).rejects.toThrow('EADDRINUSE')
  const { sites, starts, says, changes } = setUp()
  await starts()
  sites.set('one', site(`127.0.0.1:${port}`))
  sites.set('two', site())
  changes()
  const [refused, served] = await says(2)
  expect([refused?.msg, await answers(served?.url)]).toEqual(['a site cannot be served', 404])
})
