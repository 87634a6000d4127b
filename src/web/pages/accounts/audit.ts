import { html } from 'hono/html'
import type { NumberedEntry } from '../../../deploy/administration.ts'
import { ago, empty, type Markup } from '../../look/parts.ts'
import { table } from '../../look/table.ts'
import { recordsOf } from '../../records.ts'
import type { Site, Visiting } from '../../visit.ts'
import { accountIn, accountPage, under } from './frame.ts'

const ON_A_PAGE = 20

/** Who did what, the newest first: of the account itself, or of one of its repositories. */
export function audit(site: Site, doors: Visiting): void {
  site.get(under('/audit'), async (c) => {
    const { account, visitor } = await accountIn(c, 'look', doors)
    const { repository: asked, cursor } = c.req.query()
    const repository = asked?.trim() || undefined
    const { records, next } = await recordsOf(account, visitor.caller, { repository, cursor, limit: ON_A_PAGE }, doors)
    const path = (more: string) =>
      `/a/${account.login}/audit?${repository === undefined ? '' : `repository=${encodeURIComponent(repository)}&`}${more}`
    const own = visitor.session.repositories.filter((one) => one.account === account.id)
    const main = html`<form class="filters before" method="get" action="/a/${account.login}/audit">
        <div>
          <label for="of">Log of</label>
          <select id="of" name="repository">
            <option value="">the account ${account.login}</option>
            ${own.map(({ owner, name }) => `${owner}/${name}`).map((name) => html`<option value="${name}" ${name === repository ? 'selected' : ''}>${name}</option>`)}
          </select>
        </div>
        <button>Show it</button>
      </form>
      ${
        records.length === 0
          ? empty('Nothing is written down here yet.')
          : table(
              'Audit',
              HEADINGS,
              records.map((one) => row(one, account.id, doors.clock.now())),
            )
      }
      <nav class="pager" aria-label="Pages">
        ${cursor === undefined ? '' : html`<a href="${path('')}">Newest</a>`}
        ${next === null ? '' : html`<a href="${path(`cursor=${next}`)}">Older</a>`}
      </nav>
      <p class="soft">Whether all of it is as it was written is proved on Gantry’s machine: <code>gantry audit verify</code>.</p>`
    return accountPage({ tab: 'audit', title: 'Audit', main }, account, c, doors)
  })
}

const HEADINGS = ['When', 'Who', 'What', 'Before → after', 'Why'] as const

const row = ({ at, by, action, subject, before, after, why, request }: NumberedEntry, account: number, now: number): Markup =>
  html`<tr>
    <td class="day">${ago(at, now)}</td>
    <td>${by === null ? html`<span class="soft">Gantry, or whoever has its machine</span>` : html`<b>${by.login}</b>`}</td>
    <td>${action}<br /><span class="soft">${subject.replace(` of account ${account}`, '')}</span></td>
    <td>${before === null && after === null ? '' : html`${valueOf(before)} → ${valueOf(after)}`}</td>
    <td>${why ?? ''}${request === null ? '' : html`<br /><span class="soft">${request}</span>`}</td>
  </tr>`

const valueOf = (value: string | null): Markup => (value === null ? html`<span class="soft">nothing</span>` : html`<code>${value}</code>`)
