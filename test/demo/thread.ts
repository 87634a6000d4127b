import type { Account, Comment, Reaction } from '../world/github/state.ts'
import { html } from '../../src/runtime/setup-pages.ts'
import { icon } from './icons.ts'
import { render } from './markdown.ts'
import type { Happening } from './happening.ts'
import type { Town } from './town.ts'

/** A part of the page that is replaced as a whole when it looks different: one element with that id. */
export interface Region {
  readonly id: string
  /** Where it is appended while it is not there yet. */
  readonly into?: 'timeline'
  readonly html: string
}

/** What was said and what happened, oldest first. */
export function timeline({ pull, happenings }: Town): Region[] {
  const items = [
    ...pull.comments.filter(({ isDeleted }) => !isDeleted).map((one) => ({ at: one.createdAt, id: `issuecomment-${one.id}`, html: comment(one) })),
    ...happenings.map((one, index) => ({ at: one.at, id: `happening-${index}`, html: happening(one, index) })),
  ]
  return items.toSorted((a, b) => a.at - b.at).map(({ id, html }) => ({ id, into: 'timeline', html }))
}

/** The last thing that the bot said, in plain words, for those who listen to the page. */
export function lastSaid({ pull, github }: Town): string {
  const last = pull.comments
    .filter(({ author }) => author.id === github.bot.id)
    .toSorted((a, b) => a.updatedAt - b.updatedAt)
    .at(-1)
  const [line = ''] = last?.body.split('\n') ?? []
  return line === '' ? '' : `gantry: ${line.replaceAll(/[*`]|\(<.*?>\)|sha256:\w+|\(\)/g, '')}`
}

function comment({ id, author, body, createdAt, editedAt, minimized, reactions }: Comment): string {
  const words = html`<div class="prose">${{ html: render(body) }}</div>`
  const shown =
    minimized === null
      ? words
      : html`<details class="minimized">
          <summary>Hidden: a newer deployment has begun here</summary>
          ${words}
        </details>`
  return html`<li class="item comment by-${author.app === null ? author.login : 'bot'}" id="issuecomment-${String(id)}">
    ${avatar(author)}
    <article class="card" aria-labelledby="by-${String(id)}">
      <header id="by-${String(id)}">
        <strong>${nameOf(author)}</strong>${author.app === null ? '' : html` <span class="chip">bot</span>`}
        <span class="soft"> ${time(createdAt)}${editedAt === null ? '' : ' · edited'}</span>
      </header>
      ${shown} ${{ html: reactions.map(reaction).join('') }}
    </article>
  </li>`.html
}

const reaction = ({ content, user }: Reaction): string =>
  html`<p class="reaction">${icon(content)}<span class="unseen">${content} from ${nameOf(user)}</span><span aria-hidden="true">1</span></p>`.html

const happening = ({ at, kind, who, text }: Happening, index: number): string =>
  html`<li class="item happening ${kind}" id="happening-${String(index)}">
    ${icon(kind)}
    <div class="prose">
      ${who === null ? '' : html`<strong>${who.replace('[bot]', '')}</strong>`} ${{ html: render(text).replace(/^<p>|<\/p>$/g, '') }}
      <span class="soft">${time(at)}</span>
    </div>
  </li>`.html

function avatar(account: Account) {
  if (account.app !== null) return html`<span class="avatar bot" aria-hidden="true">${icon('crane')}</span>`
  return html`<span class="avatar ${account.login}" aria-hidden="true">${account.login.slice(0, 1).toUpperCase()}</span>`
}

const nameOf = ({ login }: Account): string => login.replace('[bot]', '')

const time = (at: number) =>
  html`<time datetime="${new Date(at).toISOString()}"
    >${new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })}</time
  >`
