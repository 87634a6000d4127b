import { Hono } from 'hono'
import { pages } from '../../src/web/pages/index.ts'
import type { SiteEnv, Visiting } from '../../src/web/visit.ts'

type Headed = Readonly<Record<string, string>>

/** What the site's own router knows: nothing that a page can be asked is left out because no page shows a form for it now. */
export function routes(): readonly { readonly method: string; readonly path: string }[] {
  const site = new Hono<SiteEnv>()
  const anything: unknown = new Proxy(() => anything, { get: (_, name) => (name === Symbol.toPrimitive ? () => '' : anything) })
  for (const add of pages) add(site, anything as Visiting)
  const own = [
    { method: 'POST', path: '/logout' },
    { method: 'GET', path: '/login' },
    { method: 'GET', path: '/login/callback' },
  ]
  return [...site.routes.map(({ method, path }) => ({ method, path })), ...own].filter(({ method }) => method === 'GET' || method === 'POST')
}

/** A path of that route: `known` says what stands for which of its names. */
export function pathOf(route: string, known: Headed): string {
  return route.replaceAll(/:(\w+)\??(?:\{(?:[^{}]|\{[^{}]*\})*\})?/g, (_, name: string) => known[name] ?? 'x')
}

/** Does this path belong to that route? */
export function isOf(route: string, path: string): boolean {
  const parts = route.replaceAll(/:\w+\??(?:\{(?:[^{}]|\{[^{}]*\})*\})?/g, '\0').split('/')
  const given = path.split('?')[0]!.split('/')
  return parts.length === given.length && parts.every((part, at) => (part.includes('\0') ? given[at] !== '' : part === given[at]))
}
