import { inject } from 'vitest'
import { buildImage } from '../world/image.ts'
import type { Image } from '../world/image.ts'
import type { Quirks, SeenRequest } from '../world/oci-registry.ts'
import type { Caught, ScriptedServer } from '../world/scripted-server.ts'
import type { Servers, TestRegistry } from '../world/servers.ts'
import type { Granted, Trouble, Wish } from './outside.ts'
import { pack, unpack } from './parcel.ts'

/** Stand-ins for servers that `outside.ts` runs in Node. */
export const servers: Servers = {
  missingDockerRegistry: inject('missingDockerRegistry'),
  async startDockerRegistry(setup) {
    const server = await start('startDockerRegistry', setup)
    return {
      host: server.looks['host'] as string,
      realm: server.looks['realm'] as string | null,
      push: async (repository, tag, image) => void (await server.ask('push', repository, tag, image)),
      stop: () => server.stop('stop'),
    }
  },
  startScriptedServer: async (rules) => scripted(await start('startScriptedServer', rules)),
  startVendor: async (setup) => scripted(await start('startVendor', setup)),
  startOciRegistry: async (options = {}) => new OciRegistryOutside(await start('startOciRegistry', options)),
}

const scripted = (server: Remote): ScriptedServer => ({
  origin: server.looks['origin'] as string,
  get caught() {
    return server.looks['caught'] as Caught[]
  },
  follows: async (rules) => void (await server.ask('follows', rules)),
  stop: () => server.stop('stop'),
})

/**
 * A test says things to a server without waiting, and reads in the same way what it has seen. So what was said is passed on before the
 * next request goes out, and what was seen is fetched after it.
 */
const open = globalThis.fetch
const running = new Set<Remote>()
globalThis.fetch = async (input, init) => {
  const unsaid = [...running].flatMap((server) => server.unsaid())
  if (unsaid.length > 0) await grant(unsaid)
  try {
    return await open(input, init)
  } finally {
    const all = [...running]
    const seen = all.length > 0 ? await grant(all.map((server) => server.wish('look'))) : []
    for (const [index, server] of all.entries()) server.looks = seen[index]?.looks ?? server.looks
  }
}

async function grant(wishes: readonly Wish[]): Promise<readonly Granted[]> {
  const answer = await open(inject('outside'), { method: 'POST', body: pack(wishes) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return unpack(text) as Granted[]
}

async function start(kind: Extract<Wish, { start: unknown }>['start'], options: unknown): Promise<Remote> {
  const [granted] = await grant([{ start: kind, with: options }])
  if (granted === undefined) throw new Error(`${kind}: nothing started`)
  const server = new Remote(granted)
  running.add(server)
  return server
}

/** One server out there: how it looked last, and what is still to be said to it. */
class Remote {
  looks: Granted['looks']
  /** Says what has changed without anybody saying so. */
  changes = (): void => {}
  readonly #id: number
  readonly #unsaid: Wish[] = []

  constructor({ id, looks }: Granted) {
    this.#id = id
    this.looks = looks
  }

  wish(to: string, ...args: readonly unknown[]): Wish {
    return { ask: this.#id, to, with: args }
  }

  say(to: string, ...args: readonly unknown[]): void {
    this.#unsaid.push(this.wish(to, ...args))
  }

  unsaid(): readonly Wish[] {
    this.changes()
    return this.#unsaid.splice(0)
  }

  async ask(to: string, ...args: readonly unknown[]): Promise<unknown> {
    const last = (await grant([...this.unsaid(), this.wish(to, ...args)])).at(-1)
    this.looks = last?.looks ?? this.looks
    return last?.result
  }

  /** By that word of its own; from then on nobody looks at it. */
  async stop(word: string): Promise<void> {
    running.delete(this)
    await this.ask(word)
  }

  async restart(word: string): Promise<void> {
    running.add(this)
    await this.ask(word)
  }
}

class OciRegistryOutside implements TestRegistry {
  readonly quirks: Quirks = {}
  readonly #server: Remote
  #behaviour = pack({})

  constructor(server: Remote) {
    this.#server = server
    server.changes = () => this.#behave()
  }

  get host(): string {
    return this.#server.looks['host'] as string
  }

  get origin(): string {
    return `http://${this.host}`
  }

  get requests(): SeenRequest[] {
    return this.#server.looks['requests'] as SeenRequest[]
  }

  name(repository: string): string {
    return `${this.host}/${repository}`
  }

  has: TestRegistry['has'] = async (name, files, options) => this.holds(name, await buildImage(files, options))

  holds(name: string, image: Image): Image['digest'] {
    this.#server.say('holds', name, image)
    return image.digest
  }

  receives: TestRegistry['receives'] = async (...what) => (await this.#server.ask('receives', ...what)) as Image['digest']

  answers(status: number, headers: Readonly<Record<string, string>> = {}): ReturnType<TestRegistry['answers']> {
    const trouble: Trouble = { status, headers, times: 1, match: /./ }
    this.#server.say('answer', trouble)
    const words: ReturnType<TestRegistry['answers']> = {
      times: (count) => ((trouble.times = count), words),
      always: () => words.times(Number.POSITIVE_INFINITY),
      to: (match) => ((trouble.match = match), words),
    }
    return words
  }

  revokesTokens(): void {
    this.#server.say('revokesTokens')
  }

  goesDown(): Promise<void> {
    return this.#server.stop('goesDown')
  }

  comesBack(): Promise<void> {
    return this.#server.restart('comesBack')
  }

  #behave(): void {
    const wanted = pack(this.quirks)
    if (wanted === this.#behaviour) return
    this.#behaviour = wanted
    this.#server.say('behave', { ...this.quirks })
  }
}
