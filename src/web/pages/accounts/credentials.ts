import { html } from 'hono/html'
import type { ShownDeclaration } from '../../../deploy/administration.ts'
import { empty, pill, type Markup } from '../../look/parts.ts'
import { table } from '../../look/table.ts'
import type { Site, Visiting } from '../../visit.ts'
import { words } from './allow.ts'
import { accountIn, accountPage, under } from './frame.ts'
import { actionsOf, fingerprintOf, removedNotice, useOf } from './table.ts'

/** With what images are pulled. */
export function credentials(site: Site, doors: Visiting): void {
  site.get(under('/credentials'), async (c) => {
    const { account } = await accountIn(c, 'look', doors)
    const all = await doors.administration.list(account.id, 'credential')
    const now = doors.clock.now()
    const connecting = html`<p class="actions"><a class="button primary" href="/a/${account.login}/connect">Connect a registry</a></p>`
    const main = html`${removedNotice(c)}
      <p class="soft intro">With these ${account.login}’s images are pulled. Secrets go in, and are never shown again.</p>
      ${
        all.length === 0
          ? empty('No registry is connected yet. Public images need none.')
          : table(
              'Credentials',
              HEADINGS,
              all.map((one) => row(one, account.login, now)),
            )
      }
      ${connecting}`
    return accountPage({ tab: 'credentials', title: 'Credentials', main }, account, c, doors)
  })
}

const HEADINGS = ['Name', 'Registry', 'State', 'Ends', 'Fingerprint', 'Change'] as const

function row(one: ShownDeclaration, login: string, now: number): Markup {
  const { name, declared } = one
  const [registry, username, repositories] = [declared?.['registry'], declared?.['username'], words(declared?.['repositories'])]
  return html`<tr id="c-${name}">
    <th scope="row"><a href="/a/${login}/credentials/${name}">${name}</a></th>
    <td>
      ${typeof registry === 'string' ? html`<code>${registry}</code>` : 'not known'}
      ${repositories === '' || repositories === '**' ? '' : html`<br /><span class="soft">${repositories}</span>`}
      ${typeof username === 'string' ? html`<br /><span class="soft">as ${username}</span>` : ''}
    </td>
    <td>${useOf(one)}</td>
    <td>${endOf(declared?.['expires'], now)}</td>
    <td>${fingerprintOf(one)}</td>
    <td>${actionsOf(one, login)}</td>
  </tr>`
}

const DAY = 86_400_000
/** As the log warns. */
const EARLY = 14 * DAY

function endOf(expires: unknown, now: number): Markup {
  if (typeof expires !== 'string') return html`<span class="soft">not known</span>`
  const left = Date.parse(expires) - now
  const day = html`<span class="day">${expires.slice(0, 10)}</span>`
  if (left <= 0) return html`${day} ${pill('bad', 'Ended')}`
  return left <= EARLY ? html`${day} ${pill('wait', 'Ends soon')}` : day
}
