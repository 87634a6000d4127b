import { createHash } from 'node:crypto'
import { env } from 'cloudflare:workers'
import { runInDurableObject } from 'cloudflare:test'
import { expect, test } from 'vitest'
import { beginBackup, continueBackup, type BackupDoors } from '../../src/runtime/cloudflare/backups.ts'
import { durableSql, type DurableSql } from '../../src/runtime/cloudflare/durable-sql.ts'
import { auditRecords, macUnder, verifyAudit } from '../../src/store/audit.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import { partName, type Part } from '../../src/store/moving/parts.ts'
import { readPartsManifest } from '../../src/store/moving/parts-manifest.ts'
import { localKeys } from '../../src/store/vault/local-keys.ts'
import { HMAC } from '../world/mac.ts'
import { newKey, randomBytes } from '../world/vault.ts'

// In an object, into the bucket of Cloudflare's own simulator; what the other objects give is made up.

const SOURCE = localKeys([newKey('k1')], randomBytes)
const MAC = macUnder(HMAC, null)
const DAY = 86_400_000
const MINUTE = 60_000
const NIGHT = Date.UTC(2026, 10, 26, 3, 17)

class Installation {
  now = NIGHT
  readonly id: string
  readonly repositories = new Map<number, readonly number[]>([[4711, [42, 43]]])
  readonly contents = new Map<string, Uint8Array<ArrayBuffer>>()
  /** Parts in the order in which they were asked for. */
  readonly read: string[] = []
  readonly said: string[] = []
  /** What does not answer, and how often it will not. */
  readonly silent = new Map<string, number>()
  readonly #sql: DurableSql

  constructor(id: string, sql: DurableSql) {
    this.id = id
    this.#sql = sql
    migrateRepositories(sql)
    migrateAccounts(sql)
  }

  doors(): BackupDoors {
    const note = (facts: object, message?: string): void => void this.said.push(`${message} ${JSON.stringify(facts)}`)
    return {
      ...{ sql: this.#sql, bucket: env.BACKUPS, keep: 2, instance: this.id, source: SOURCE, mac: MAC },
      ...{ log: { info: note, error: note } as BackupDoors['log'], now: () => this.now },
      accounts: () => [...this.repositories.keys()],
      repositories: async (account) => this.repositories.get(account) ?? [],
      read: async (part) => this.#reads(part),
    }
  }

  async #reads(part: Part): Promise<ReadableStream<Uint8Array> | null> {
    const name = partName(part)
    this.read.push(name)
    const times = this.silent.get(name) ?? 0
    this.silent.set(name, times - 1)
    if (times > 0) throw new Error('no answer')
    const content = this.contents.get(name) ?? new TextEncoder().encode(`the part ${name} of ${this.id} at ${this.now}`)
    return content.length === 0 ? null : new Blob([content]).stream()
  }

  begins(): void {
    beginBackup(this.doors())
  }

  goesOn(): Promise<number | null> {
    return continueBackup(this.doors())
  }

  async backsUp(at: number): Promise<void> {
    this.now = at
    this.begins()
    expect(await this.goesOn()).toBeNull()
  }

  log(): readonly (string | null)[] {
    expect(verifyAudit(this.#sql, 'account_audit', [MAC])).toHaveProperty('head')
    return [...auditRecords(this.#sql, 'account_audit')].map(({ action, subject }) => `${action} ${subject}`)
  }
}

const installed = (id: string, work: (here: Installation) => Promise<void>): Promise<void> =>
  runInDurableObject(env.STORAGE.get(env.STORAGE.idFromName(`backups of ${id}`)), async (_instance, { storage }) => {
    await emptied()
    await work(new Installation(id, durableSql(storage)))
  })

const keys = async (): Promise<string[]> => (await env.BACKUPS.list({})).objects.map(({ key }) => key)
const emptied = async (): Promise<void> => env.BACKUPS.delete(await keys())
const bytesOf = async (key: string): Promise<Uint8Array> => new Uint8Array((await (await env.BACKUPS.get(key))?.arrayBuffer()) ?? [])
const folders = async (): Promise<string[]> => [...new Set((await keys()).map((key) => key.split('/')[0] ?? ''))]

test('all parts, the operator’s first, and last what names all of them', async () => {
  await installed('whole', async (here) => {
    const large = new Uint8Array(19_000_000).map((_, at) => at % 251)
    here.contents.set('repository-43', large).set('account-99', new Uint8Array(0))
    here.repositories.set(99, [])
    await here.backsUp(NIGHT)
    expect(here.read).toEqual(['account-0', 'account-99', 'account-4711', 'repository-42', 'repository-43'])
    // Nobody has ever told the object of account 99 whose it is.
    expect(await keys()).toEqual(
      ['account-0', 'account-4711', 'complete', 'repository-42', 'repository-43'].map((name) => `2026-11-26T03-17/${name}`),
    )
    const { parts, madeAt, instance } = await readPartsManifest(SOURCE, new TextDecoder().decode(await bytesOf('2026-11-26T03-17/complete')))
    expect({ madeAt, instance }).toEqual({ madeAt: NIGHT, instance: 'whole' })
    for (const { name, bytes, hash } of parts) {
      const found = await bytesOf(`2026-11-26T03-17/${name}`)
      expect([found.length, createHash('sha256').update(found).digest('hex')], name).toEqual([bytes, hash])
    }
    expect(parts.at(-1)).toMatchObject({ name: 'repository-43', bytes: large.length })
    expect(here.log()).toEqual(['backup made 2026-11-26T03-17'])
    expect(here.said.join('')).toContain('a backup was made {"backup":"2026-11-26T03-17","parts":4,')

    // The same cron once more within the minute.
    here.begins()
    expect(await here.goesOn()).toBeNull()
    expect(here.read).toHaveLength(5)
  })
})

test('where it broke off it goes on: nothing that is there is read again, and nothing is whole before all of it is there', async () => {
  await installed('broken off', async (here) => {
    here.silent.set('account-4711', 1).set('repository-43', 2)
    here.begins()
    expect(await here.goesOn()).toBe(NIGHT + MINUTE)
    expect(await keys()).toEqual(['2026-11-26T03-17/account-0'])
    // Another alarm in between does nothing.
    expect(await here.goesOn()).toBe(NIGHT + MINUTE)
    here.begins()
    here.now += MINUTE
    expect(await here.goesOn()).toBe(NIGHT + 2 * MINUTE)
    expect((await keys()).includes('2026-11-26T03-17/complete')).toBe(false)
    here.now += MINUTE
    expect(await here.goesOn()).toBe(NIGHT + 3 * MINUTE)
    here.now += MINUTE
    expect(await here.goesOn()).toBeNull()
    // Whoever did not answer comes last.
    expect(here.read).toEqual(['account-0', 'account-4711', 'repository-42', 'repository-43', 'account-4711', 'repository-43', 'repository-43'])
    expect(await keys()).toHaveLength(5)
    expect(here.log()).toEqual(['backup made 2026-11-26T03-17'])
  })
})

test('more than one alarm may do goes on in the next', async () => {
  await installed('large', async (here) => {
    here.repositories.set(
      4711,
      Array.from({ length: 200 }, (_, at) => at + 1),
    )
    here.begins()
    expect(await here.goesOn()).toBe(NIGHT)
    expect(here.read.length).toBeLessThan(130)
    expect(await here.goesOn()).toBeNull()
    expect(new Set(here.read).size).toBe(202)
    expect(here.read).toHaveLength(202)
  })
})

test('what never answers, or is too large, leaves a backup that is not whole; the others are there', async () => {
  await installed('silent', async (here) => {
    here.silent.set('repository-42', Infinity)
    here.contents.set('repository-43', new Uint8Array(90_000_001))
    here.begins()
    for (let at = 0; at < 3; at += 1) {
      expect(await here.goesOn()).toBe(here.now + MINUTE)
      here.now += MINUTE
    }
    expect(await here.goesOn()).toBeNull()
    expect(await keys()).toEqual(['2026-11-26T03-17/account-0', '2026-11-26T03-17/account-4711'])
    expect(here.log()).toEqual([])
    const said = here.said.join('\n')
    expect(said).toContain('a part is too large to be backed up {"backup":"2026-11-26T03-17","part":"repository-43"')
    expect(said).toContain('a part could not be backed up {"backup":"2026-11-26T03-17","part":"repository-42"')
    expect(said).toContain('no backup was made {"backup":"2026-11-26T03-17","missing":2,"first":"repository-42"')
  })
})

test('older ones are deleted only after a new one is whole, and nothing of anybody else', async () => {
  await installed('older', async (here) => {
    for (const day of [0, 1]) await here.backsUp(NIGHT + day * DAY)
    here.silent.set('repository-42', 3)
    here.now = NIGHT + 2 * DAY
    here.begins()
    while ((await here.goesOn()) !== null) here.now += MINUTE
    expect(await folders()).toEqual(['2026-11-26T03-17', '2026-11-27T03-17', '2026-11-28T03-17'])
    for (const key of ['2026-11-01T03-17/account-0', '2026-11-01T03-17/complete']) {
      await env.BACKUPS.put(key, 'of another installation', { customMetadata: { instance: 'another' } })
    }
    await env.BACKUPS.put('2020-01-01T00-00/notes', 'of the operator')
    await env.BACKUPS.put('notes/complete', 'of the operator', { customMetadata: { instance: 'older' } })
    await here.backsUp(NIGHT + 3 * DAY)
    expect(await folders()).toEqual(['2020-01-01T00-00', '2026-11-01T03-17', '2026-11-27T03-17', '2026-11-29T03-17', 'notes'])
    // A clock that went back: what is made then stays, and nothing that seems newer is less than it was.
    await here.backsUp(NIGHT - 30 * DAY)
    expect(await folders()).toEqual(['2020-01-01T00-00', '2026-10-27T03-17', '2026-11-01T03-17', '2026-11-29T03-17', 'notes'])
  })
})

test('one that did not come to its end within a day is given up, and said', async () => {
  await installed('stale', async (here) => {
    here.silent.set('repository-42', 1)
    here.begins()
    await here.goesOn()
    await here.backsUp(NIGHT + DAY)
    expect(here.said.join('\n')).toContain('no backup was made {"backup":"2026-11-26T03-17","missing":1')
    expect(here.log()).toEqual(['backup made 2026-11-27T03-17'])
    expect(await folders()).toEqual(['2026-11-27T03-17'])
  })
})
