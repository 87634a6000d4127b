import { html } from 'hono/html'
import { ICON_PATH } from '../assets.ts'
import { FORM_TOKEN } from '../form.ts'
import type { Visit, Visiting, Visitor } from '../visit.ts'
import type { Markup } from './parts.ts'

export interface Shown {
  readonly title: string
  readonly main: Markup
  /** Which of the places in the navigation it belongs to. */
  readonly place?: 'environments' | 'approvals' | 'accounts'
  /** The script asks for the page anew after so many seconds, and shows what is another. */
  readonly refresh?: number
}

/** A page whole. */
export function frame({ title, main, place, refresh }: Shown, c: Visit, doors: Visiting): Markup {
  const { style, script } = doors.assets
  const visitor = c.get('visitor')
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · Gantry</title>
        <link rel="icon" href="${ICON_PATH}" type="image/svg+xml" />
        <link rel="stylesheet" href="${style}" />
        <script src="${script}" defer></script>
      </head>
      <body${refresh === undefined ? '' : html` data-refresh="${refresh}"`}>
        <a class="skip" href="#main">To the content</a>
        <header class="top">
          <a class="brand" href="/"><img src="${ICON_PATH}" alt="" width="26" height="26" />Gantry</a>
          ${visitor === null ? signInLink(c) : navigation(visitor, place, c.req.path)}
        </header>
        <p id="connection" class="connection" role="status"></p>
        <main id="main" tabindex="-1">${main}</main>
        <footer class="bottom">${doors.docs === null ? '' : html`<a href="/docs">Documentation</a> · <a href="/docs/api">HTTP API</a>`}</footer>
      </body>
    </html>`
}

const PLACES = [
  ['environments', '/', 'Environments'],
  ['approvals', '/approvals', 'Approvals'],
  ['accounts', '/a', 'Accounts'],
] as const

/** `path`: of this page, which is the same link then. */
function navigation({ session }: Visitor, place: Shown['place'], path: string): Markup {
  const links = PLACES.map(([name, to, word]) => {
    const current = path === to ? 'page' : name === place ? 'true' : null
    return html`<a href="${to}" ${current === null ? '' : html` aria-current="${current}"`}>${word}</a>`
  })
  return html`<nav aria-label="Gantry">${links}</nav>
    <div class="who">
      <span class="login" title="Signed in as ${session.person.login}">${session.person.login}</span>
      ${form('/logout', session, html`<button class="quiet">Sign out</button>`)}
    </div>`
}

const signInLink = (c: Visit): Markup => html`<div class="who"><a class="button" href="${signInPath(c)}">Sign in</a></div>`

/** Back to the page that was asked for. */
export function signInPath(c: Visit): string {
  const { pathname, search } = new URL(c.req.url)
  const isGoingOn = c.req.method === 'GET' && !pathname.startsWith('/login') && pathname !== '/'
  return isGoingOn ? `/login?to=${encodeURIComponent(pathname + search)}` : '/login'
}

/** Every form of every page: it carries the session's token. */
export const form = (action: string, { formToken }: Visitor['session'], inner: Markup, more: Markup | string = ''): Markup =>
  html`<form method="post" action="${action}" ${more}><input type="hidden" name="${FORM_TOKEN}" value="${formToken}" />${inner}</form>`
