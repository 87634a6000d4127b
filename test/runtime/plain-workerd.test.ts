import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { missingWorkerd } from '../workers/workerd.ts'
import { startPlainWorkerd } from '../world/plain-workerd.ts'
import type { PlainWorkerd } from '../world/plain-workerd.ts'
import { tallyWorker } from '../world/tally-worker.ts'

const missing = missingWorkerd()
let workerd: PlainWorkerd

const answer = async (path: string) => (await fetch(`${workerd.origin}${path}`)).json() as Promise<unknown>

describe.skipIf(missing !== null)(`plain workerd${missing === null ? '' : ` (left out: ${missing})`}`, () => {
  afterEach(() => workerd.stop())

  test('keeps what an object has answered for over a kill, at the same address', async () => {
    workerd = await startPlainWorkerd({ bundle: tallyWorker, environment: { SECRET: 's3cret' } })
    const { origin } = workerd
    expect(await answer('/add')).toEqual({ n: 1, secret: 's3cret', greeting: 'hello' })
    await workerd.kill9()
    await expect(fetch(`${origin}/healthz`)).rejects.toThrow('fetch failed')
    await workerd.restart()
    expect(workerd.origin).toBe(origin)
    expect(await answer('/add')).toMatchObject({ n: 2 })
  })

  test('has its databases as files, and leaves nothing behind', async () => {
    workerd = await startPlainWorkerd({ bundle: tallyWorker })
    await answer('/add')
    // One for the object, and workerd's own, of the alarms.
    const files = readdirSync(join(workerd.objects, 'Tally'))
    expect(
      files.filter((name) => /^[0-9a-f]{64}\.sqlite$/.test(name)),
      files.join(' '),
    ).toHaveLength(1)
    await workerd.stop()
    expect(existsSync(join(workerd.objects, '..'))).toBe(false)
  })

  test('reaches loopback and nothing else', async () => {
    const server = createServer((_request, response) => void response.end('here')).listen(0, '127.0.0.1')
    workerd = await startPlainWorkerd({ bundle: tallyWorker })
    const reach = async (to: string) => (await fetch(`${workerd.origin}/reach?to=${encodeURIComponent(to)}`)).text()
    expect(await reach(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).toBe('here')
    expect(await reach('http://192.0.2.1/')).not.toBe('here')
    expect(workerd.log).toMatch(/restrict|not allowed|blocked/i)
    server.close()
  })

  test('says why it does not start', async () => {
    workerd = await startPlainWorkerd({ bundle: tallyWorker })
    await workerd.kill9()
    workerd.installs({ ...tallyWorker, modules: [{ name: 'main.js', content: 'no JavaScript' }] })
    await expect(workerd.starts()).rejects.toThrow(/SyntaxError/)
  })
})
