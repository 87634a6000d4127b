import { html } from 'hono/html'
import type { Account } from '../../../deploy/directory.ts'
import { frame } from '../../look/frame.ts'
import type { Markup } from '../../look/parts.ts'
import { visitorOf, type Visit, type Visiting, type Visitor } from '../../visit.ts'

/** What every page of one account has: where it is, the tabs, and that only its administrators see it. */

const LOGIN = ':login{[A-Za-z0-9_-]{1,100}}'
/** `/a/LOGIN` and what comes behind it. */
export const under = (path: string): string => `/a/${LOGIN}${path}`
/** Of a credential or a target. */
export const NAME = ':name{[A-Za-z0-9][A-Za-z0-9._-]{0,62}}'

export interface AccountVisit {
  readonly account: Account
  readonly visitor: Visitor
}

/** Throws as `Administrators.account` does. */
export async function accountIn(c: Visit, does: 'look' | 'change', { administrators }: Visiting): Promise<AccountVisit> {
  const visitor = visitorOf(c)
  return { visitor, account: await administrators.account(c.req.param('login') ?? '', visitor.caller, does) }
}

const TABS = [
  ['credentials', 'Credentials'],
  ['targets', 'Targets'],
  ['tokens', 'API tokens'],
  ['audit', 'Audit'],
  ['keys', 'Keys'],
] as const
export type Tab = (typeof TABS)[number][0]

export interface Shown {
  readonly tab: Tab
  readonly title: string
  readonly main: Markup
  readonly status?: 200 | 422 | 409
}

export function accountPage({ tab, title, main, status = 200 }: Shown, { login }: Account, c: Visit, doors: Visiting): Response | Promise<Response> {
  const tabs = TABS.map(([name, word]) => {
    const path = `/a/${login}/${name}`
    const current = c.req.path === path ? 'page' : name === tab ? 'true' : null
    return html`<a href="${path}" ${current === null ? '' : html` aria-current="${current}"`}>${word}</a>`
  })
  const whole = html`<nav class="crumbs" aria-label="Where this is">
      <span><a href="/a">Accounts</a></span
      ><span>${login}</span>
    </nav>
    <nav class="tabs account" aria-label="${login}">${tabs}</nav>
    <h1>${title}</h1>
    ${main}`
  return c.html(frame({ title: `${title} · ${login}`, main: whole, place: 'accounts' }, c, doors), status)
}
