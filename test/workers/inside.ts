import { inject } from 'vitest'
import { buildImage } from '../world/image.ts'
import type { Image } from '../world/image.ts'
import type { Quirks, SeenRequest } from '../world/oci-registry.ts'
import type { Caught } from '../world/scripted-server.ts'
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
  async startScriptedServer(rules) {
    const server = await start('startScriptedServer', rules)
    return {
      origin: server.looks['origin'] as string,
      get caught() {
        return server.looks['caught'] as Caught[]
      },
      follows: async (rules) => void (await server.ask('follows', rules)),
      stop: () => server.stop('stop'),
    }
  },
  startOciRegistry: async (options = {}) => new OciRegistryOutside(await start('startOciRegistry', options)),
}

/**
 * A test says things to a server without waiting, and reads in the same way what it has seen. So what was said is passed on before the
 * next request goes out, and what was seen is fetched after it.
 */
const open = globalThis.fetch
const running = new Set<Remote>()
globalThis.fetch = async (input, init) => {
  for (const server of running) await server.tell()
  try {
    return await open(input, init)
  } finally {
    for (const server of running) await server.ask('look')
  }
}

async function grant(wish: Wish): Promise<Granted> {
  const answer = await open(inject('outside'), { method: 'POST', body: pack(wish) })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  return unpack(text) as Granted
}

async function start(kind: Extract<Wish, { start: unknown }>['start'], options: unknown): Promise<Remote> {
  const server = new Remote(await grant({ start: kind, with: options }))
  running.add(server)
  return server
}

/** One server out there: how it looked last, and what is still to be said to it. */
class Remote {
  looks: Granted['looks']
  /** Says what changes between requests. */
  changes = (): void => {}
  readonly #id: number
  readonly #unsaid: { readonly to: string; readonly with: readonly unknown[] }[] = []

  constructor({ id, looks }: Granted) {
    this.#id = id
    this.looks = looks
  }

  say(to: string, ...args: readonly unknown[]): void {
    this.#unsaid.push({ to, with: args })
  }

  async tell(): Promise<void> {
    this.changes()
    for (const one of this.#unsaid.splice(0)) await this.#grant(one.to, one.with)
  }

  async ask(to: string, ...args: readonly unknown[]): Promise<unknown> {
    await this.tell()
    return this.#grant(to, args)
  }

  /** By that word of its own; from then on nobody looks at it. */
  async stop(word: string): Promise<void> {
    running.delete(this)
    await this.#grant(word, [])
  }

  async restart(word: string): Promise<void> {
    running.add(this)
    await this.#grant(word, [])
  }

  async #grant(to: string, args: readonly unknown[]): Promise<unknown> {
    const { result, looks } = await grant({ ask: this.#id, to, with: args })
    this.looks = looks
    return result
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
