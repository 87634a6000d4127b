import type { Probot } from 'probot'
import * as z from 'zod'
import type { Clock } from '../deploy/clock.ts'
import { failureFrom, unexpectedAnswer } from './github-failure.ts'
import { statusOf } from './github.ts'
import { within } from './patience.ts'

/** What GitHub has tried to deliver to the App, as it remembers it for three days. Every call is made once and throws a `Failure`. */
export interface Deliveries {
  /** One page of the attempts that failed, newest first, and where the next page begins. */
  failed(cursor: string | null): Promise<AttemptPage>
  /** The body that GitHub sent; null where it has none any more. */
  body(attempt: string): Promise<unknown>
}

interface AttemptPage {
  readonly attempts: readonly Attempt[]
  readonly next: string | null
}

/** One try to deliver; "Redeliver" makes another one of the same `guid`. */
export interface Attempt {
  /** A number of 64 bits, as text. */
  readonly id: string
  readonly guid: string
  readonly event: string
  readonly action: string | null
  readonly at: number
  readonly hasArrived: boolean
}

const LIST = 'GET /app/hook/deliveries'
const ONE = 'GET /app/hook/deliveries/{delivery_id}'

/** The list belongs to the App and to no installation: it is asked for with the App's own key. */
export function createDeliveries(probot: Pick<Probot, 'auth'>, clock: Clock): Deliveries {
  const ask = async (route: string, params: Readonly<Record<string, unknown>>) => {
    try {
      const app = await probot.auth()
      return await within(clock, (signal) => app.request(route, { ...params, request: { signal } }))
    } catch (error) {
      throw failureFrom(error, route, clock.now())
    }
  }
  return {
    failed: async (cursor) => {
      const { data, headers } = await ask(LIST, { per_page: 100, status: 'failure', ...(cursor !== null && { cursor }) })
      const parsed = page.safeParse(data)
      if (!parsed.success) throw unexpectedAnswer(LIST, parsed.error)
      return { attempts: parsed.data.map(attemptOf), next: nextOf(headers['link']) }
    },
    body: async (attempt) => {
      try {
        const parsed = whole.safeParse((await ask(ONE, { delivery_id: attempt })).data)
        if (parsed.success) return parsed.data.request.payload
        throw unexpectedAnswer(ONE, parsed.error)
      } catch (error) {
        if (GONE.has(statusOf(error) ?? 0)) return null
        throw error
      }
    },
  }
}

const GONE: ReadonlySet<number> = new Set([404, 410, 422])

const page = z.array(
  z.object({
    // Beyond what a number holds since February 2026: Octokit then gives a bigint, and leaves one out of an address that it makes.
    id: z.union([z.number().int(), z.bigint()]).transform(String),
    guid: z.string(),
    delivered_at: z.string(),
    status_code: z.number(),
    event: z.string(),
    action: z.string().nullable(),
  }),
)
const whole = z.object({ request: z.object({ payload: z.unknown() }) })

const attemptOf = ({ id, guid, event, action, delivered_at, status_code }: z.infer<typeof page>[number]): Attempt => ({
  ...{ id, guid, event, action },
  at: Date.parse(delivered_at),
  // An older GitHub Enterprise knows no `status` and lists those that arrived, too.
  hasArrived: status_code >= 200 && status_code < 300,
})

/** Of the address only the cursor is taken: where to ask is ours to know. */
function nextOf(link: string | undefined): string | null {
  const next = link?.split(',').find((one) => /;\s*rel="next"/.test(one))
  const cursor = /[?&]cursor=([^&>]+)/.exec(next ?? '')?.[1]
  return cursor === undefined ? null : decodeURIComponent(cursor)
}
