import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestProject } from 'vitest/node'
import type { RegistryUnderTest } from '../contracts/registry.contract.ts'
import { fixture } from '../world/fixtures-here.ts'
import type { Quirks } from '../world/oci-registry.ts'
import type { ScriptedServer } from '../world/scripted-server.ts'
import { servers } from '../world/servers-here.ts'
import type { Servers, TestRegistry } from '../world/servers.ts'
import { pack, unpack } from './parcel.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** Where this file listens. */
    outside: string
    missingDockerRegistry: string | null
    /** What the simulated GitHub reads of `fixtures/`, by name. */
    fixtures: Readonly<Record<string, string>>
    /** Whether the runtime's own fetch sends `Authorization` along when it follows a redirect to another origin. */
    fetchForwards: boolean
  }
}

const FIXTURES = [
  'github-openapi.json',
  'github-webhooks.json',
  'github-operations.txt',
  'github-graphql.txt',
  'github.graphql',
  'github-webhooks.txt',
]

type Started = RegistryUnderTest | TestRegistry | ScriptedServer

/** What a test in workerd wants done out here. */
export type Wish =
  | { readonly start: Exclude<keyof Servers, 'missingDockerRegistry'>; readonly with: unknown }
  | { readonly ask: number; readonly to: string; readonly with: readonly unknown[] }

/** What came of it, and how the server looks now. */
export interface Granted {
  readonly id: number
  readonly result: unknown
  readonly looks: Readonly<Record<string, unknown>>
}

/** Starts, in Node, the servers that tests in workerd ask for; vitest calls this once before the first of them. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = new Map<number, Started>()
  const outside = createServer((request, response) => {
    Array.fromAsync(request as AsyncIterable<Buffer>)
      .then((chunks) => grantAll(unpack(Buffer.concat(chunks).toString()) as readonly Wish[], started))
      .then(
        (granted) => response.writeHead(200).end(pack(granted)),
        (error: Error) => response.writeHead(500).end(error.stack),
      )
  })
  outside.listen(0, '127.0.0.1')
  await once(outside, 'listening')
  project.provide('outside', `http://127.0.0.1:${(outside.address() as AddressInfo).port}`)
  project.provide('fixtures', Object.fromEntries(FIXTURES.map((name) => [name, fixture(name)])))
  project.provide('missingDockerRegistry', servers.missingDockerRegistry)
  return async () => {
    outside.closeAllConnections()
    outside.close()
    await Promise.all([...started.values()].map((server) => ('stop' in server ? server.stop() : server.goesDown())))
  }
}

async function grantAll(wishes: readonly Wish[], started: Map<number, Started>): Promise<readonly Granted[]> {
  const granted: Granted[] = []
  for (const wish of wishes) granted.push(await grant(wish, started))
  return granted
}

async function grant(wish: Wish, started: Map<number, Started>): Promise<Granted> {
  if ('start' in wish) {
    const id = started.size + 1
    const server = await servers[wish.start](wish.with as never)
    started.set(id, server)
    return { id, result: null, looks: looksOf(server) }
  }
  const server = started.get(wish.ask)
  if (server === undefined) throw new Error(`no server ${wish.ask}`)
  return { id: wish.ask, result: await ask(server, wish.to, wish.with), looks: looksOf(server) }
}

/** Most wishes are methods of the server itself. */
function ask(server: Started, to: string, args: readonly unknown[]): unknown {
  if (to === 'look') return null
  if (to === 'behave') return behave(server as TestRegistry, args[0] as Quirks)
  if (to === 'answer') return answer(server as TestRegistry, args[0] as Trouble)
  return (server as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[to]?.(...args)
}

function behave({ quirks }: TestRegistry, wanted: Quirks): void {
  for (const key of Object.keys(quirks) as (keyof Quirks)[]) delete quirks[key]
  Object.assign(quirks, wanted)
}

export interface Trouble {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  times: number
  match: RegExp
}

const answer = (registry: TestRegistry, { status, headers, times, match }: Trouble): unknown =>
  registry.answers(status, headers).times(times).to(match)

/** A server's plain properties: its address, and what it has seen. */
function looksOf(server: Started): Granted['looks'] {
  const origin = 'origin' in server ? { origin: server.origin } : {}
  return { ...Object.fromEntries(Object.entries(server).filter(([, value]) => typeof value !== 'function')), ...origin }
}
