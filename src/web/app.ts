import { createAdministrators } from './administrators.ts'
import { createApi } from './api.ts'
import { createCallers } from './callers.ts'
import { createLive } from './live.ts'
import { createSite, isPage } from './site.ts'
import { createShown } from './shown.ts'
import type { SiteDoors, Visiting } from './visit.ts'

export interface Web {
  /** `address`: of whoever sends it, as it is counted; null where nobody knows it. */
  readonly fetch: (request: Request, address?: string | null) => Response | Promise<Response>
  /** GitHub has been told something of this deployment. */
  announced(id: string): void
  /** Before the end of the process: nobody listens any more. */
  close(): void
}

/** Two doors to the same service over HTTP: the API for programs, and the pages for people. */
export function createWeb(outside: SiteDoors): Web {
  const { service, clock } = outside
  const shown = createShown({ ...outside, find: (id) => service.find(id) })
  const live = createLive({ clock, read: shown.read })
  service.onChange(({ id }) => {
    shown.changed(id)
    live.changed(id)
  })
  const doors: Visiting = { ...outside, shown, live, callers: createCallers(outside), administrators: createAdministrators(outside) }
  const [api, site] = [createApi(doors), createSite(doors)]
  return {
    fetch: (request, address = null) => (isPage(request.url) ? site(request, { address }) : api(request, { address })),
    announced: shown.changed,
    close: live.close,
  }
}
