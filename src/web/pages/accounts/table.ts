import { html } from 'hono/html'
import type { ShownDeclaration } from '../../../deploy/administration.ts'
import { pill, type Markup } from '../../look/parts.ts'
import type { Visit } from '../../visit.ts'

/** Cells that the tables of credentials and of targets share. */

export const useOf = ({ unused, declared }: ShownDeclaration): Markup =>
  unused === null
    ? pill('good', 'Used')
    : html`${pill('bad', declared === null ? 'Cannot be read' : 'Not used')}<br /><span class="soft">${unused}</span>`

/** Enough to compare two by eye. */
export const fingerprintOf = ({ fingerprint }: ShownDeclaration): Markup =>
  html`<code title="${fingerprint}">${(fingerprint.split(':')[1] ?? fingerprint).slice(0, 8)}</code>`

export function actionsOf({ kind, name }: ShownDeclaration, login: string): Markup {
  const path = `/a/${login}/${kind}s/${name}`
  const change = kind === 'credential' ? 'Replace' : 'Edit'
  const links = [
    [`${path}/test`, 'Test'],
    [path, change],
    [`${path}/remove`, 'Remove'],
  ] as const
  return html`<span class="links">${links.map(([to, word]) => html`<a href="${to}">${word}<span class="unseen"> ${name}</span></a>`)}</span>`
}

/** After something was removed. */
export function removedNotice(c: Visit): Markup | string {
  const name = c.req.query('removed') ?? ''
  return /^[A-Za-z0-9._-]{1,63}$/.test(name) ? html`<p class="notice" role="status"><b>${name}</b> is removed.</p>` : ''
}
