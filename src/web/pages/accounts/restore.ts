import { html } from 'hono/html'
import type { AccountBackup, Difference } from '../../../deploy/administration.ts'
import { problem } from '../../../errors.ts'
import { backupSchema } from '../../backup-schema.ts'
import { form as formOf } from '../../look/frame.ts'
import type { Markup } from '../../look/parts.ts'
import { problemPanel } from '../../look/problem.ts'
import { table } from '../../look/table.ts'
import { RequestRefused } from '../../problems.ts'
import type { Site, Visit, Visiting } from '../../visit.ts'
import { expectedField, expectedIn, refusalOf } from './changing.ts'
import { hidden } from './field.ts'
import { accountIn, accountPage, under, type AccountVisit } from './frame.ts'
import { keysPage } from './keys.ts'

/** A backup of the account is brought back as it was looked at: where that would change something else by now, that is shown instead. */
export function restore(site: Site, doors: Visiting): void {
  site.post(under('/restore'), async (c) => {
    const visit = await accountIn(c, 'change', doors)
    const form = c.get('form')
    const text = form.text('backup')
    const isCheck = form.text('do') !== 'restore'
    const wish = { by: visit.visitor.session.person, isCheck, expected: expectedIn(form) }
    const result = await refusalOf(() => doors.administration.restore(visit.account.id, backupIn(text), wish))
    if ('found' in result) return checkedPage({ difference: result.found, text, isOvertaken: true }, visit, c, doors)
    if ('problem' in result) return keysPage(html`<div role="alert">${problemPanel(result.problem, doors.docs)}</div>`, visit, c, doors)
    if (isCheck) return checkedPage({ difference: result, text, isOvertaken: false }, visit, c, doors)
    return c.redirect(`/a/${visit.account.login}/keys?restored=${result.changes.length}`, 303)
  })
}

/** Throws BACKUP_BROKEN. */
function backupIn(text: string): AccountBackup {
  const read = backupSchema.safeParse(unwrapped(text))
  if (read.success) return read.data
  throw new RequestRefused('BACKUP_BROKEN', {
    sentence: 'This is no backup of an account.',
    wanted: 'the whole content of a file that was downloaded here, or that the API has made',
    next: 'Take the file as it was saved.',
  })
}

function unwrapped(text: string): unknown {
  try {
    const all = JSON.parse(text) as { readonly backup?: unknown } | null
    return all?.backup ?? all
  } catch {
    return null
  }
}

interface Checked {
  readonly difference: Difference
  /** The backup, as it was sent. */
  readonly text: string
  /** It is not what was shown to whoever has confirmed it. */
  readonly isOvertaken: boolean
}

function checkedPage(
  { difference, text, isOvertaken }: Checked,
  { account, visitor }: AccountVisit,
  c: Visit,
  doors: Visiting,
): Response | Promise<Response> {
  const inner = html`${hidden('do', 'restore')} ${hidden('backup', text)} ${expectedField(difference)}
    <p class="actions">
      <button class="danger" data-busy="Bringing it back…">Bring it back</button
      ><a class="button" href="/a/${account.login}/keys">Leave it as it is</a>
    </p>`
  const why = isOvertaken ? html`<div class="outcome" role="alert">${problemPanel(overtaken(account.login), doors.docs)}</div>` : ''
  const main =
    difference.changes.length === 0
      ? html`<p>Nothing would change: the account keeps exactly what the backup has.</p>
          <p class="actions"><a class="button" href="/a/${account.login}/keys">Back</a></p>`
      : html`${why}
          <p class="intro ${isOvertaken ? 'after' : ''}">This is what would change${isOvertaken ? ' now' : ''}. Nothing of it is tried before.</p>
          ${changesTable(difference)} ${formOf(`/a/${account.login}/restore`, visitor.session, inner)}`
  return accountPage({ tab: 'keys', title: 'Bring a backup back?', main, status: isOvertaken ? 409 : 200 }, account, c, doors)
}

function changesTable({ changes }: Difference): Markup {
  const value = (one: string | null): Markup => (one === null ? html`<span class="soft">nothing</span>` : html`<code>${one}</code>`)
  const rows = changes.map(
    ({ kind, name, before, after }) =>
      html`<tr>
        <th scope="row">${kind} ${name}</th>
        <td>${value(before)}</td>
        <td>${value(after)}</td>
      </tr>`,
  )
  return table('What would change', ['What', 'Now', 'Then'], rows)
}

const overtaken = (login: string) =>
  problem('DECLARATION_CHANGED', {
    sentence: `What ${login} keeps has changed since you looked. Nothing was brought back.`,
    next: 'Look at what would change now. Bring it back if you still want it so.',
  })
