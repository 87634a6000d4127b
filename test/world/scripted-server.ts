import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The first rule that fits a request answers it. */
export interface Rule {
  /** Matched against `GET /v2/acme/shop/manifests/1.2`; without it, fits every request. */
  readonly to?: RegExp
  /** Fits only requests with, or only those without an `Authorization` header. */
  readonly authorized?: boolean
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Caught {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
}

/** A server on loopback that says what it was told to, and writes down all that reaches it. */
export interface ScriptedServer {
  readonly origin: string
  readonly caught: readonly Caught[]
  /** From now on these rules; what was caught before is forgotten. */
  follows(rules: readonly Rule[]): Promise<void>
  stop(): Promise<void>
}

export type Reply = Pick<Rule, 'status' | 'headers' | 'body'>

/** `otherwise` answers what fits no rule. */
export async function startScriptedServer(
  rules: readonly Rule[],
  otherwise: (caught: Caught) => Reply = () => ({ status: 404 }),
): Promise<ScriptedServer> {
  const caught: Caught[] = []
  let script = rules
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error))
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString()
    const { method = '', url = '', headers } = request
    const seen = { method, url, headers, body }
    caught.push(seen)
    const rule = script.find(
      ({ to, authorized }) =>
        (to?.test(`${method} ${url}`) ?? true) && (authorized ?? headers.authorization !== undefined) === (headers.authorization !== undefined),
    )
    const reply = rule ?? otherwise(seen)
    response.writeHead(reply.status, reply.headers).end(method === 'HEAD' ? undefined : reply.body)
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    caught,
    async follows(rules) {
      script = rules
      caught.length = 0
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
