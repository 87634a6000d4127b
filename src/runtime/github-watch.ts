import type { Clock } from '../deploy/clock.ts'

/** How GitHub took a request: `limited` where a limit of ours is reached, `none` where no answer came. */
export const TAKEN = ['done', 'refused', 'limited', 'broken', 'none'] as const
export type Taken = (typeof TAKEN)[number]

export interface GitHubWatch {
  readonly fetch: typeof globalThis.fetch
  /** It has answered lately, or nobody has asked since it did. */
  isReachable(): boolean
}

/** So long it may be away: longer than the few quick tries that everything has. */
const AWAY = 2 * 60_000

/** What becomes of each request to GitHub. `told`: how it was taken, and which share of the hour's requests is left where it says so. */
export function watchGitHub(fetch: typeof globalThis.fetch, clock: Clock, told: (how: Taken, left: number | null) => void): GitHubWatch {
  /** Since when nothing was answered. */
  let silentSince: number | null = null
  const note = (how: Taken, left: number | null): void => {
    silentSince = how === 'none' || how === 'broken' ? (silentSince ?? clock.now()) : null
    told(how, left)
  }
  return {
    fetch: async (input, init) => {
      try {
        const answer = await fetch(input, init)
        note(takenIn(answer), leftIn(answer.headers))
        return answer
      } catch (error) {
        note('none', null)
        throw error
      }
    },
    isReachable: () => silentSince === null || clock.now() - silentSince < AWAY,
  }
}

function takenIn({ status, headers }: Response): Taken {
  if (status >= 500) return 'broken'
  const isLimit = status === 429 || (status === 403 && (headers.has('retry-after') || headers.get('x-ratelimit-remaining') === '0'))
  if (isLimit) return 'limited'
  return status >= 400 ? 'refused' : 'done'
}

function leftIn(headers: Headers): number | null {
  const [remaining, limit] = [Number(headers.get('x-ratelimit-remaining') ?? NaN), Number(headers.get('x-ratelimit-limit') ?? NaN)]
  return remaining >= 0 && limit > 0 ? Math.min(1, remaining / limit) : null
}
