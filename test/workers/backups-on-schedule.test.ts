import { randomBytes } from 'node:crypto'
import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { AccountGantry } from '../../src/runtime/cloudflare/account-object.ts'
import type { Bindings } from '../../src/runtime/cloudflare/bindings.ts'
import type { ObjectClock } from '../../src/runtime/cloudflare/durable-clock.ts'
import { cloudflare, type Machine } from '../../src/runtime/cloudflare/machine.ts'
import { createWorker } from '../../src/runtime/cloudflare/worker.ts'
import configuration from '../../src/runtime/cloudflare/wrangler.jsonc?raw'
import { PRIVATE_KEY } from '../world/github/auth.ts'

// The cron trigger, the Worker and the operator's object, with the bucket of Cloudflare's own simulator or without one.

const BACK_UP = '17 3 * * *'
const CATCH_UP = '*/5 * * * *'

interface Operators {
  rings(cron: string): Promise<void>
  alarm(): Promise<void>
  readonly lines: readonly { readonly msg: string }[]
}

const operators = (name: string, bindings: Partial<Bindings>, work: (here: Operators) => Promise<void>): Promise<void> =>
  runInDurableObject(env.STORAGE.get(env.STORAGE.idFromName(name)), async (_instance, state) => {
    const lines: { readonly msg: string }[] = []
    const write = (line: string): void => void lines.push(JSON.parse(line) as { readonly msg: string })
    const machine: Machine = { ...cloudflare, clock: () => STILL, wakes: () => {}, fetch: async () => Response.json([]), write }
    const account = new AccountGantry(state, { ...settings(), ...bindings } as Bindings, machine)
    const accounts = { idFromName: (id: string) => id, get: (id: string) => (id === '0' ? account : expect.fail(id)) }
    const worker = createWorker(machine)
    await work({
      lines,
      alarm: () => account.alarm(),
      rings: (cron) => worker.scheduled({ cron, scheduledTime: 0 }, { ACCOUNTS: accounts } as unknown as Bindings),
    })
  })

/** An alarm waits for what falls due soon: nothing does. */
const STILL: ObjectClock = { now: () => Date.now(), next: () => null, after: () => () => {} }

const settings = () => ({
  ...{ APP_ID: '1', PRIVATE_KEY, WEBHOOK_SECRET: randomBytes(32).toString('hex'), GITHUB_API_URL: 'http://127.0.0.1:9' },
  ...{ GANTRY_KEYS: `k1:${randomBytes(32).toString('base64')}`, GANTRY_URL: 'https://gantry.example' },
})

const keys = async (): Promise<readonly string[]> => (await env.BACKUPS.list({})).objects.map(({ key }) => key)
const emptied = async (): Promise<void> => env.BACKUPS.delete(await keys())

test('these are the crons of the configuration', () => expect(configuration).toContain(`"crons": ["${CATCH_UP}", "${BACK_UP}"]`))

test('one begins a backup, which the object’s alarm makes, and the other none', async () => {
  await operators('with a bucket', { BACKUPS: env.BACKUPS }, async (here) => {
    await emptied()
    await here.rings(CATCH_UP)
    await here.alarm()
    expect(await keys()).toEqual([])
    await here.rings(BACK_UP)
    expect(await keys()).toEqual([])
    await here.alarm()
    expect(await keys()).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d-\d\d\/account-0$/), expect.stringMatching(/\/complete$/)])
    expect(here.lines.map(({ msg }) => msg)).toContain('a backup was made')
  })
})

test('without a bucket that is said, each time, and nothing else happens', async () => {
  await operators('without a bucket', {}, async (here) => {
    await emptied()
    await here.rings(CATCH_UP)
    expect(here.lines.filter(({ msg }) => msg.includes('backed up'))).toEqual([])
    for (const times of [1, 2]) {
      await here.rings(BACK_UP)
      await here.alarm()
      expect(here.lines.filter(({ msg }) => msg === 'nothing is backed up: this Worker has no bucket BACKUPS')).toHaveLength(times)
    }
    expect(await keys()).toEqual([])
  })
})

test('where backups are off not even that', async () => {
  await operators('off', { BACKUPS: env.BACKUPS, GANTRY_BACKUPS: 'off' }, async (here) => {
    await emptied()
    await here.rings(BACK_UP)
    await here.alarm()
    expect(await keys()).toEqual([])
    expect(here.lines.filter(({ msg }) => /back/.test(msg))).toEqual([])
  })
})
