import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createLog } from '../../src/runtime/log.ts'
import { createRedactor } from '../../src/runtime/redact.ts'
import { webHandler } from '../../src/runtime/web.ts'
import type { Person } from '../world/github/people.ts'
import { newKey } from '../world/vault.ts'
import { World } from '../world/world.ts'

/** The world of the stories with its pages on a port: for what only a browser can see, in states that facts have made. */
export class ServedWorld {
  readonly world: World
  readonly origin: string
  /** From now on nothing comes to rest: somebody is kept waiting on purpose. */
  isHeld = false
  readonly #server: Server

  private constructor(world: World, origin: string, server: Server) {
    this.world = world
    this.origin = origin
    this.#server = server
  }

  static async opens(): Promise<ServedWorld> {
    let served: ServedWorld | null = null
    const log = createLog('error', createRedactor(), (line) => console.error(line))
    const server = createServer(webHandler((request) => served?.answers(request) ?? new Response('not yet', { status: 503 }), 0, log))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const world = await World.begin({ url: origin, keys: [newKey('2026-11-20-ab12')] })
    world.github.auth.callbacks.add(`${origin}/login/callback`)
    return (served = new ServedWorld(world, origin, server))
  }

  /** What somebody's browser keeps who has signed in. */
  async signsIn({ account }: Pick<Person, 'account'>): Promise<string> {
    const asks = (url: string, cookie = '') => this.world.asks(url, { headers: { cookie } })
    const began = await asks(`${this.origin}/login`)
    const kept = cookieIn(began)
    const back = this.world.github.auth.authorizes(account, { url: began.headers.get('location') ?? '' })
    return cookieIn(await asks(back, kept))
  }

  async closes(): Promise<void> {
    this.world.life.gantry.web?.close()
    this.#server.closeAllConnections()
    this.#server.close()
    await this.world.end()
  }

  async answers(request: Request): Promise<Response> {
    const answer = await this.world.asks(request.url, request)
    if (request.method === 'POST' && !this.isHeld) await this.world.settle()
    return answer
  }
}

const cookieIn = (answer: Response): string =>
  answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .filter((pair) => !pair.endsWith('='))
    .join('; ')
