import type { Context, Hono } from 'hono'
import type { Overview } from '../deploy/overview.ts'
import type { Session, Sessions } from '../deploy/session.ts'
import type { Caller } from './caller.ts'
import type { ApiDoors, Asking } from './endpoint.ts'
import { unauthenticated } from './problems.ts'

/** What a page needs besides what the API needs. */
export interface SiteDoors extends ApiDoors {
  readonly sessions: Sessions
  readonly overview: Overview
  /** Where people reach this Gantry: `https://gantry.example.com`. Null where nobody has said it, and then nobody can sign in. */
  readonly origin: string | null
  readonly assets: Assets
}

/** What every page loads: the paths of the one stylesheet and the one script, and what of it is answered here. */
export interface Assets {
  readonly style: string
  readonly script: string
  readonly files: readonly AssetFile[]
}

export interface AssetFile {
  readonly path: string
  readonly type: string
  readonly text: string
}

/** The same for the pages. */
export type Visiting = SiteDoors & Asking

/** Somebody who has signed in. What they may do is asked at each action anew. */
export interface Visitor {
  readonly session: Session
  readonly caller: Caller
}

/** What a form of ours carried. */
export interface Form {
  /** Without the white space around it; empty where the form has no such field. */
  text(name: string): string
  /** Null where it is empty. */
  given(name: string): string | null
  all(name: string): readonly string[]
  readonly names: readonly string[]
}

export interface SiteEnv {
  /** Under which whoever is not signed in is counted; null where nobody knows it. */
  Bindings: { readonly address: string | null }
  /** `form`: of a POST alone, checked to be one of our own. */
  Variables: { requestId: string; headers: Record<string, string>; visitor: Visitor | null; form: Form }
}
export type Site = Hono<SiteEnv>
export type Visit = Context<SiteEnv>

/** One page with its forms: one file in `pages/`, one line in `pages/index.ts`. */
export type Page = (site: Site, doors: Visiting) => void

/** Whoever has signed in. Throws AUTHENTICATION_REQUIRED, which is shown as the page to sign in on. */
export function visitorOf(c: Visit): Visitor {
  const visitor = c.get('visitor')
  if (visitor === null) throw unauthenticated('nobody who is signed in')
  return visitor
}
