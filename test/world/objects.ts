import { randomBytes } from 'node:crypto'
import { objectsOn } from '../../src/runtime/cloudflare/objects.ts'
import type { Bindings, DirectoryDoor, AccountDoor, RepositoryDoor } from '../../src/runtime/cloudflare/bindings.ts'
import { cloudflare, type Machine } from '../../src/runtime/cloudflare/machine.ts'
import { createWorker } from '../../src/runtime/cloudflare/worker.ts'
import { durableClock } from '../../src/runtime/cloudflare/durable-clock.ts'
import type { Value } from '../../src/store/sql.ts'
import { GitHub, PRIVATE_KEY } from './github/github.ts'
import { memorySql, type MemorySql } from './memory-sql.ts'

type Kind = 'REPOSITORIES' | 'ACCOUNTS' | 'DIRECTORY'
type Caught = readonly [name: string, ...given: readonly unknown[]]

/** One object: its rows and its alarm outlive it. */
export class Kept {
  readonly sql: MemorySql = memorySql()
  /** Milliseconds since 1970. */
  alarm: number | null = null
  instance: object | null = null
  /** Every call that came for it. */
  readonly calls: Caught[] = []
  /** Throws, where a call shall not get through. */
  before: (name: string) => unknown = () => {}

  readonly storage: DurableObjectStorage = {
    sql: { exec: (query, ...params) => ({ toArray: () => this.sql.all(query, ...(params as Value[])) as never }) },
    transactionSync: (work) => this.sql.transaction(work),
    getAlarm: () => Promise.resolve(this.alarm),
    setAlarm: (at) => Promise.resolve(void (this.alarm = at)),
    deleteAlarm: () => Promise.resolve(void (this.alarm = null)),
  }

  rows(query: string) {
    return this.sql.all(query)
  }
}

const KEY = randomBytes(32).toString('base64')
export const ORIGIN = 'https://gantry.example'

/** The objects of one installation in this process, each over a database of its own, with a simulated GitHub around them. Alarms ring when a test says so. */
export class Objects {
  readonly github = new GitHub({ clock: { now: () => Date.now() } })
  readonly #kept = new Map<string, Kept>()
  readonly log: string[] = []
  /** What GitHub is reached by. */
  reach: typeof globalThis.fetch = (input, init) => Promise.resolve(this.github.serves(new Request(input, init)))
  readonly env: Bindings
  readonly worker: ReturnType<typeof createWorker>
  readonly #classes

  constructor(declared = 'version: 1') {
    const machine: Machine = {
      ...cloudflare,
      clock: durableClock,
      fetch: (input, init) => this.reach(input, init),
      write: (line) => void this.log.push(line),
    }
    this.github.auth.lifetime = Infinity
    this.worker = createWorker(machine)
    const { RepositoryObject, AccountObject, DirectoryObject } = objectsOn(machine)
    this.#classes = { REPOSITORIES: RepositoryObject, ACCOUNTS: AccountObject, DIRECTORY: DirectoryObject }
    const { identity, webhookSecret, auth } = this.github
    this.env = {
      REPOSITORIES: this.#namespace<RepositoryDoor>('REPOSITORIES'),
      ACCOUNTS: this.#namespace<AccountDoor>('ACCOUNTS'),
      DIRECTORY: this.#namespace<DirectoryDoor>('DIRECTORY'),
      ...{ APP_ID: String(identity.id), PRIVATE_KEY, WEBHOOK_SECRET: webhookSecret, GITHUB_CLIENT_ID: auth.client.id },
      ...{ GITHUB_CLIENT_SECRET: auth.client.secret, GANTRY_URL: ORIGIN, GANTRY_KEYS: `k1:${KEY}`, GANTRY_YML: declared, LOG_LEVEL: 'error' },
    }
  }

  repository(id: number): Kept {
    return this.#at('REPOSITORIES', String(id))
  }
  account(id: number): Kept {
    return this.#at('ACCOUNTS', String(id))
  }
  login(name: string): Kept {
    return this.#at('DIRECTORY', name)
  }

  /** As workerd rings it. */
  async rings(kept: Kept): Promise<void> {
    kept.alarm = null
    await (kept.instance as { alarm(): Promise<void> } | null)?.alarm()
  }

  /** From a browser or a program: what the Worker answers. */
  asks(path: string, init: RequestInit = {}): Promise<Response> {
    return this.worker.fetch(new Request(`${ORIGIN}${path}`, init), this.env)
  }

  #at(kind: Kind, name: string): Kept {
    const key = `${kind}:${name}`
    const found = this.#kept.get(key) ?? new Kept()
    this.#kept.set(key, found)
    return found
  }

  #namespace<T>(kind: Kind): DurableObjectNamespace<T> {
    const get = (id: DurableObjectId) =>
      new Proxy({} as DurableObjectStub<T>, {
        get:
          (_, name) =>
          async (...given: unknown[]): Promise<unknown> => {
            const kept = this.#at(kind, String(id))
            kept.calls.push([String(name), ...given])
            await kept.before(String(name))
            const answer = await (this.#living(kind, kept) as Record<string | symbol, (...given: unknown[]) => unknown>)[name]?.(...given)
            return answer instanceof Response || answer instanceof ReadableStream ? answer : structuredClone(answer)
          },
      })
    return { idFromName: (name) => ({ toString: () => name }), get }
  }

  #living(kind: Kind, kept: Kept): object {
    const state = { storage: kept.storage, abort: () => void (kept.instance = null) }
    return (kept.instance ??= new this.#classes[kind](state, this.env))
  }
}
