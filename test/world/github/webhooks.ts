/** GitHub's deliveries: signed, numbered, logged, and never repeated by themselves. */
import { createHash, createHmac } from 'node:crypto'
import type { Json } from './description.ts'

export interface Attempt {
  /** The number that `GET /app/hook/deliveries` knows it by; every attempt has its own. */
  readonly id: number
  readonly at: number
  /** The HTTP status answered; 0 where nobody answered. */
  readonly status: number
  readonly isRedelivery: boolean
}

export interface Delivery {
  /** `X-GitHub-Delivery`: stays the same when it is redelivered, and is not signed. */
  readonly guid: string
  /** `issue_comment` and its action; null for events without one. */
  readonly event: string
  readonly action: string | null
  readonly payload: Json
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
  readonly installation: number | null
  readonly repository: number | null
  readonly attempts: Attempt[]
}

/** GitHub's numbers of attempts no longer fit into a JavaScript number (octokit/request.js#797): ours are added to one of those. */
const BEYOND = 3_804_004_623_172_239_000n
export const wireId = (id: number): string => String(BEYOND + BigInt(id))
export const idOnWire = (text: string): number => (/^\d{1,19}$/.test(text) ? Number(BigInt(text) - BEYOND) : 0)

export type Receiver = (request: Request) => Promise<Response>

export interface Order {
  /** Delivers what waits in an order made from this number. */
  readonly shuffled?: number
  /** Delivers what waits at the same time, not one after the other. */
  readonly together?: boolean
}

const EVENTS = [
  'check_run',
  'check_suite',
  'deployment_status',
  'deployment',
  'installation',
  'issue_comment',
  'issues',
  'ping',
  'pull_request_review',
  'pull_request',
  'push',
  'registry_package',
  'status',
]

/** `issue-comment-created` → the event `issue_comment` and its action. */
export function eventOf(name: string): { readonly event: string; readonly action: string | null } {
  const underscored = name.replaceAll('-', '_')
  const event = EVENTS.find((one) => underscored === one || underscored.startsWith(`${one}_`)) ?? underscored
  return { event, action: underscored === event ? null : underscored.slice(event.length + 1) }
}

export class Webhooks {
  /** Made and not yet sent, oldest first. */
  readonly waiting: Delivery[] = []
  /** Everything ever made, oldest first. */
  readonly log: Delivery[] = []
  readonly #secret: string
  readonly #appId: number
  readonly #now: () => number
  #numbers = 0

  constructor(secret: string, appId: number, now: () => number) {
    this.#secret = secret
    this.#appId = appId
    this.#now = now
  }

  /** `name` as in `fixtures/github-webhooks.txt`: `issue-comment-created`. */
  enqueue(name: string, payload: Json, installation: number | null, repository: number | null): Delivery {
    const { event, action } = eventOf(name)
    return this.#queue({ event, action, payload, body: JSON.stringify(payload), installation, repository }, this.#guid())
  }

  /** Once more with the same id, as the button "Redeliver" does. */
  redelivers(delivery: Delivery): void {
    this.waiting.push(delivery)
  }

  /** The same signed body under an id of its own: what an attacker who saw a delivery can send. */
  replaysWithFreshId(delivery: Delivery): Delivery {
    return this.#queue(delivery, this.#guid())
  }

  /** Sends what waits, and what comes to wait meanwhile, to the bot; returns the deliveries sent. */
  async deliver(to: Receiver, order: Order = {}): Promise<readonly Delivery[]> {
    const sent: Delivery[] = []
    while (this.waiting.length > 0) {
      const batch = order.shuffled === undefined ? this.waiting.splice(0) : shuffled(this.waiting.splice(0), order.shuffled)
      if (order.together) await Promise.all(batch.map((one) => this.#send(one, to)))
      else for (const one of batch) await this.#send(one, to)
      sent.push(...batch)
    }
    return sent
  }

  /** What waits finds nobody: it stands as failed in the log, for the bot to fetch later. */
  async loses(): Promise<readonly Delivery[]> {
    return this.deliver(() => Promise.reject(new Error('nobody listens')))
  }

  /** The latest delivery, of this event where one is named. */
  last(event?: string): Delivery {
    const found = this.log.findLast((one) => event === undefined || one.event === event)
    if (found === undefined) throw new Error(`GitHub has sent no ${event ?? 'delivery'} yet`)
    return found
  }

  /** By an attempt's number, as the deliveries API names it. */
  find(id: number): { readonly delivery: Delivery; readonly attempt: Attempt } | null {
    for (const delivery of this.log) {
      const attempt = delivery.attempts.find((one) => one.id === id)
      if (attempt !== undefined) return { delivery, attempt }
    }
    return null
  }

  #queue(what: Pick<Delivery, 'event' | 'action' | 'payload' | 'body' | 'installation' | 'repository'>, guid: string): Delivery {
    const { event, action, payload, body, installation, repository } = what
    const delivery = { guid, event, action, payload, body, installation, repository, headers: this.#headers(guid, event, body), attempts: [] }
    this.log.push(delivery)
    this.waiting.push(delivery)
    return delivery
  }

  // https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers
  #headers(guid: string, event: string, body: string): Record<string, string> {
    const signature = (algorithm: string): string => `${algorithm}=${createHmac(algorithm, this.#secret).update(body).digest('hex')}`
    return {
      'content-type': 'application/json',
      'user-agent': 'GitHub-Hookshot/0000000',
      accept: '*/*',
      'x-github-delivery': guid,
      'x-github-event': event,
      'x-github-hook-id': '4712',
      'x-github-hook-installation-target-id': String(this.#appId),
      'x-github-hook-installation-target-type': 'integration',
      'x-hub-signature': signature('sha1'),
      'x-hub-signature-256': signature('sha256'),
    }
  }

  async #send(delivery: Delivery, to: Receiver): Promise<void> {
    const isRedelivery = delivery.attempts.length > 0
    const request = new Request('http://gantry.test/api/github/webhooks', { method: 'POST', headers: delivery.headers, body: delivery.body })
    const status = await to(request).then(
      (response) => response.status,
      () => 0,
    )
    delivery.attempts.push({ id: (this.#numbers += 1), at: this.#now(), status, isRedelivery })
  }

  #guid(): string {
    const hex = createHash('sha1')
      .update(`delivery ${(this.#numbers += 1)}`)
      .digest('hex')
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-')
  }
}

/** Fisher-Yates with a small generator (mulberry32), so that a seed is an order. */
function shuffled<T>(items: readonly T[], seed: number): T[] {
  const all = [...items]
  let state = seed >>> 0
  const random = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  for (let index = all.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1))
    ;[all[index], all[other]] = [all[other]!, all[index]!]
  }
  return all
}
