import { html } from 'hono/html'
import type { Door, Repository } from '../../deploy/deployment.ts'
import type { Visiting } from '../visit.ts'
import { isWeb, type Markup } from './parts.ts'

/** Where things are: our own pages, and GitHub's. */

type Named = Pick<Repository, 'owner' | 'name'>

export const nameOf = ({ owner, name }: Named): string => `${owner}/${name}`

/** GitHub's page of the repository. */
export const homeOf = (repository: Named, { github }: Pick<Visiting, 'github'>): string => `${github}/${nameOf(repository)}`

/** The page on which a deployment is asked for, with what would happen. What is null is left out. */
export function confirmPath(repository: Named, fields: Readonly<Record<string, string | null>>): string {
  const said = Object.entries(fields).filter((field): field is [string, string] => field[1] !== null)
  return `/r/${nameOf(repository)}/deploy?${new URLSearchParams(said).toString()}`
}

/** Somebody else's address, whoever said it: what is none of the web is no link. */
export const outside = (to: string, words: Markup | string): Markup =>
  isWeb(to) ? html`<a href="${to}" rel="noreferrer">${words}</a>` : html`${words}`

/** Through which door it came, as the end of "… by ada". */
export const ASKED: Record<Door, string> = {
  comment: 'in a comment',
  label: 'by label',
  button: 'by a button of the check run',
  page: 'on the page',
  api: 'through the API',
  push: 'by a push',
  checks: 'by green checks',
  package: 'by a published image',
  watch: 'because something else ran there',
}

/** `last`: this page. */
export const crumbs = (repository: Named, last: readonly (string | null)[] = []): Markup =>
  html`<nav class="crumbs" aria-label="Where this is">
    <a href="/">Environments</a
    >${last.length === 0 ? html`<span>${nameOf(repository)}</span>` : html`<a href="/r/${nameOf(repository)}">${nameOf(repository)}</a>`}${last
      .filter((one) => one !== null)
      .map((one) => html`<span>${one}</span>`)}
  </nav>`
