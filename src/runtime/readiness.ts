import type { Clock } from '../deploy/clock.ts'
import { HEADERS } from '../web/headers.ts'
import type { Handler } from './front.ts'

/** What a deployment needs of Gantry itself. The names are in docs/monitoring.md, and stay. */
export const PARTS = ['database', 'keys', 'github', 'running'] as const
export type Part = (typeof PARTS)[number]

export interface Readiness {
  /** Which are as they should be. Never throws. */
  look(): Promise<Readonly<Record<Part, boolean>>>
  /** From now on it is not `running`. */
  stopping(): void
}

export interface ReadinessDoors {
  isWritable(): boolean
  /** Throws where a key of the vault is missing or wrong. */
  checkKeys(): Promise<unknown>
  isGitHubReachable(): boolean
  readonly clock: Clock
}

/** Looking costs a write and some decryption, and everybody may ask. */
const LASTS = 5_000

export function createReadiness({ isWritable, checkKeys, isGitHubReachable, clock }: ReadinessDoors): Readiness {
  let isStopping = false
  let last: { readonly at: number; readonly found: Promise<{ readonly database: boolean; readonly keys: boolean }> } | null = null
  const find = async () => {
    const database = isWritable()
    const keys = await checkKeys().then(
      () => true,
      () => false,
    )
    return { database, keys }
  }
  return {
    look: async () => {
      const now = clock.now()
      // A clock that was put back makes it no newer.
      if (last === null || Math.abs(now - last.at) >= LASTS) last = { at: now, found: find() }
      return { ...(await last.found), github: isGitHubReachable(), running: !isStopping }
    },
    stopping: () => {
      isStopping = true
    },
  }
}

/** `GET /readyz`: 200, or 503 with what is missing. */
export const readyz =
  (readiness: Readiness): Handler =>
  (_request, response) =>
    void readiness.look().then((found) => {
      const missing = PARTS.filter((part) => !found[part])
      const body = JSON.stringify({ ready: missing.length === 0, missing })
      response.writeHead(missing.length === 0 ? 200 : 503, { ...HEADERS, 'content-type': 'application/json' }).end(`${body}\n`)
    })
