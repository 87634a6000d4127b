import { html } from 'hono/html'
import type { AccountKey } from '../../../deploy/administration.ts'
import { form as formOf } from '../../look/frame.ts'
import { empty, facts, pill, type Markup } from '../../look/parts.ts'
import type { Site, Visit, Visiting } from '../../visit.ts'
import { area, hidden } from './field.ts'
import { accountIn, accountPage, under, type AccountVisit } from './frame.ts'

/** Under which keys the account's secrets are, and how they are backed up. Nothing of a key itself is known here. */
export function keys(site: Site, doors: Visiting): void {
  site.get(under('/keys'), async (c) => keysPage(html``, await accountIn(c, 'look', doors), c, doors))
  site.post(under('/backup'), async (c) => {
    const { account, visitor } = await accountIn(c, 'change', doors)
    const { backup } = await doors.administration.backup(account.id, visitor.session.person)
    const day = new Date(backup.madeAt).toISOString().slice(0, 10)
    // The body that the API restores it by.
    return c.body(`${JSON.stringify({ backup })}\n`, 200, {
      'content-type': 'application/json',
      'content-disposition': `attachment; filename="gantry-${account.login}-${day}.json"`,
    })
  })
}

/** `outcome`: why what was sent has come to nothing. */
export async function keysPage(outcome: Markup, visit: AccountVisit, c: Visit, doors: Visiting): Promise<Response> {
  const { account, visitor } = visit
  const { administration } = doors
  const all = await administration.keys(account.id)
  const kept = [...(await administration.list(account.id, 'credential')), ...(await administration.list(account.id, 'target'))]
  const broken = kept.filter(({ declared }) => declared === null).map(({ kind, name }) => `${kind} ${name}`)
  const restored = c.req.query('restored') ?? ''
  const notice = /^\d{1,4}$/.test(restored) ? html`<p class="notice" role="status">The backup is restored. What has changed: ${restored}.</p>` : ''
  const main = html`${notice} ${outcome}
    <p class="soft intro">Everything secret that ${account.login} keeps is sealed with a key of its own, and that key with one of Gantry’s.</p>
    ${
      all.length === 0
        ? empty('The account keeps nothing secret yet, so it has no key.')
        : html`<ul class="cards">
            ${all.map(card)}
          </ul>`
    }
    <p class="soft after">
      Whoever runs Gantry changes its keys: with another one in front of <code>GANTRY_KEYS</code>, or <code>gantry keys rotate</code>.
    </p>
    <h2>Back it up</h2>
    <p>
      All credentials and targets of ${account.login}, sealed. Only this Gantry’s keys open it, for the same account. Keep it where its database is
      not.
    </p>
    ${broken.length === 0 ? '' : html`<p class="held">What cannot be read will not be in it: ${broken.join(', ')}.</p>`}
    ${formOf(`/a/${account.login}/backup`, visitor.session, html`<p class="actions"><button>Download a backup</button></p>`)}
    <h2>Bring it back</h2>
    <p>
      The account keeps exactly what the backup has from then on. What was kept since is forgotten. Nothing is changed before you have seen what would
      change.
    </p>
    ${formOf(
      `/a/${account.login}/restore`,
      visitor.session,
      html`${hidden('do', 'check')}
        ${area({ name: 'backup', label: 'The backup', hint: 'The whole content of the file. One of more than 60 kB goes through the API.', isRequired: true })}
        <p class="actions"><button data-busy="Reading it…">Show what would change</button></p>`,
    )}`
  return accountPage({ tab: 'keys', title: 'Keys', main, status: c.req.method === 'POST' ? 422 : 200 }, account, c, doors)
}

function card({ wrappedBy, isNewest, isRetiring, records }: AccountKey): Markup {
  const state = isRetiring ? pill('busy', 'Being replaced') : isNewest ? pill('good', 'In use') : pill('wait', 'Under an older key')
  return html`<li class="card ${isRetiring ? 'busy' : isNewest ? 'good' : 'wait'}">
    <header>
      <h2><code>${wrappedBy}</code></h2>
      ${state}
    </header>
    ${facts([
      ['Secrets', String(records)],
      ['What it does', html`It wraps the account’s own key.`],
      isRetiring ? ['Rotation', 'Its secrets are being sealed anew under another key.'] : null,
      isNewest || isRetiring ? null : ['Rotation', 'There is a newer key: Gantry takes it up at its next start.'],
    ])}
  </li>`
}
