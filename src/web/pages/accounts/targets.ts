import { html } from 'hono/html'
import type { DeclaredKind, Kept, ShownDeclaration } from '../../../deploy/administration.ts'
import { DECLARATION_NAME, DECLARATION_NAME_WORDS, declarationFor } from '../../declared.ts'
import { empty, type Markup } from '../../look/parts.ts'
import { table } from '../../look/table.ts'
import { RequestRefused } from '../../problems.ts'
import type { Site, Visit, Visiting } from '../../visit.ts'
import { rowsFrom } from './allow.ts'
import { asItIs, expectedIn, inWordsOfForms, notKept, refusalOf, type NotKept } from './changing.ts'
import { typedFrom } from './declared-fields.ts'
import { accountIn, accountPage, NAME, under, type AccountVisit } from './frame.ts'
import { actionsOf, fingerprintOf, removedNotice, useOf } from './table.ts'
import { targetForm, targetIn, type TargetDraft } from './target-form.ts'
import { trialList } from './trial.ts'

/** Where images are deployed to, and whom each of these places admits. */
export function targets(site: Site, doors: Visiting): void {
  site.get(under('/targets'), async (c) => {
    const { account } = await accountIn(c, 'look', doors)
    const all = await doors.administration.list(account.id, 'target')
    const main = html`${removedNotice(c)}
      <p class="soft intro">Images are deployed to these. A repository may use one only if it stands in its row.</p>
      ${
        all.length === 0
          ? empty('The account keeps no target of its own.')
          : table(
              'Targets',
              HEADINGS,
              all.map((one) => row(one, account.login, doors)),
            )
      }
      ${adding(account.login, doors)}`
    return accountPage({ tab: 'targets', title: 'Targets', main }, account, c, doors)
  })
  site.get(under('/add-target'), async (c) => {
    const visit = await accountIn(c, 'look', doors)
    return draftPage(await draftOf(c.req.query('kind'), null, visit, doors), null, visit, c, doors)
  })
  site.post(under('/add-target'), async (c) => keep(null, await accountIn(c, 'change', doors), c, doors))
  site.get(under(`/targets/${NAME}`), async (c) => {
    const visit = await accountIn(c, 'look', doors)
    const before = await targetFor(c, visit, doors)
    return draftPage(await draftOf(typedFrom(before.declared)('kind'), before, visit, doors), null, visit, c, doors)
  })
  site.post(under(`/targets/${NAME}`), async (c) => {
    const visit = await accountIn(c, 'change', doors)
    return keep(await targetFor(c, visit, doors), visit, c, doors)
  })
}

const targetFor = (c: Visit, { account }: AccountVisit, doors: Visiting): Promise<ShownDeclaration> =>
  declarationFor({ account: account.id, kind: 'target', name: c.req.param('name') ?? '' }, doors)

function adding(login: string, { administration: { kinds } }: Visiting): Markup {
  return html`<p class="actions">
    ${kinds.toReversed().map(({ kind }, index) => html`<a class="button ${index === 0 ? 'primary' : ''}" href="/a/${login}/add-target?kind=${kind}">Add a ${kind} target</a>`)}
  </p>`
}

const HEADINGS = ['Name', 'Where', 'State', 'Admits', 'Fingerprint', 'Change'] as const

function row(one: ShownDeclaration, login: string, { administration: { kinds } }: Visiting): Markup {
  const value = typedFrom(one.declared)
  const kind = value('kind')
  // The first field of a kind is its address.
  const address = value(kinds.find((known) => known.kind === kind)?.fields[0]?.name ?? '')
  const pulls = value('pulls') === 'credential' || value('pulls') === '' ? value('credential') || 'the credential that fits' : value('pulls')
  return html`<tr id="t-${one.name}">
    <th scope="row"><a href="/a/${login}/targets/${one.name}">${one.name}</a></th>
    <td>${kind || 'not known'} ${address === '' ? '' : html`<code>${address}</code>`}<br /><span class="soft">pulls with ${pulls}</span></td>
    <td>${useOf(one)}</td>
    <td>${admitted(one)}</td>
    <td>${fingerprintOf(one)}</td>
    <td>${actionsOf(one, login)}</td>
  </tr>`
}

const MOST_SHOWN = 5

function admitted({ declared }: ShownDeclaration): Markup {
  const rows = rowsFrom(declared)
  if (rows.length === 0) return html`<span class="soft">nobody yet</span>`
  const more = rows.length > MOST_SHOWN ? html`<li class="soft">and ${rows.length - MOST_SHOWN} more</li>` : ''
  return html`<ul>
    ${rows
      .slice(0, MOST_SHOWN)
      .map(
        ({ repository, environments, images, settings }) =>
          html`<li>
            <b>${repository}</b>: ${environments}<br /><span class="soft"
              >${images.split('\n').join(', ')}${settings === '' ? '' : `; ${settings.split('\n').join(', ')}`}</span
            >
          </li>`,
      )}
    ${more}
  </ul>`
}

async function draftOf(
  named: string | undefined,
  before: ShownDeclaration | null,
  { account }: AccountVisit,
  { administration }: Visiting,
): Promise<TargetDraft> {
  const kind = administration.kinds.find((one) => one.kind === named) ?? administration.kinds.at(-1)
  if (kind === undefined) throw new Error('there is no kind of target')
  const credentials = (await administration.list(account.id, 'credential')).map(({ name }) => name)
  return { kind, before, typed: null, credentials }
}

function draftPage(draft: TargetDraft, failed: NotKept | null, visit: AccountVisit, c: Visit, doors: Visiting): Response | Promise<Response> {
  const { kind, before } = draft
  const { account } = visit
  const path = before === null ? `/a/${account.login}/add-target` : `/a/${account.login}/targets/${before.name}`
  const main = html`${failed === null ? '' : html`${notKept(failed, doors.docs)} ${asItIs(before, failed)}`}
    ${before?.unused == null ? '' : html`<p class="problem">Nobody uses it as it is: ${before.unused}</p>`}
    <div class="narrow-form">${targetForm(path, draft, visit)}</div>
    ${before === null ? otherKinds(kind, path, doors) : ''}`
  const title = before === null ? `Add a ${kind.kind} target` : `Edit ${before.name}`
  return accountPage({ tab: 'targets', title, main, status: failed === null ? 200 : 422 }, account, c, doors)
}

const otherKinds = ({ kind: own }: DeclaredKind, path: string, { administration: { kinds } }: Visiting): Markup =>
  html`<p class="soft after">
    Another kind:
    ${kinds.filter(({ kind }) => kind !== own).map(({ kind }, index) => html`${index === 0 ? '' : ', '}<a href="${path}?kind=${kind}">${kind}</a>`)}.
  </p>`

async function keep(before: ShownDeclaration | null, visit: AccountVisit, c: Visit, doors: Visiting): Promise<Response> {
  const { account, visitor } = visit
  const form = c.get('form')
  const draft = { ...(await draftOf(form.text('kind'), before, visit, doors)), typed: form }
  const result = await refusalOf(async () => {
    const name = before?.name ?? form.text('name')
    if (!DECLARATION_NAME.test(name)) throw noName(name)
    const wish = { by: visitor.session.person, expected: expectedIn(form), images: form.given('untested') === null ? [] : null }
    return doors.administration.keep({ account: account.id, kind: 'target', name }, await targetIn(form, draft, visit, doors), wish)
  })
  if (!('problem' in result)) return kept(result, visit, c, doors)
  // As it is now: what is sent again is sent on purpose.
  const now = before === null ? null : await doors.administration.find(before)
  return draftPage({ ...draft, before: now }, inWordsOfForms(result, form), visit, c, doors)
}

const noName = (found: string): RequestRefused =>
  new RequestRefused('REQUEST_INVALID', {
    ...{
      sentence: 'The name is not one.',
      found: found === '' ? 'nothing' : found.slice(0, 80),
      wanted: DECLARATION_NAME_WORDS,
      next: 'Choose a name.',
    },
  })

function kept({ shown, isNew, trials }: Kept, { account }: AccountVisit, c: Visit, doors: Visiting): Response | Promise<Response> {
  const isEmpty = rowsFrom(shown.declared).length === 0
  const main = html`<p class="notice" role="status">
      <b>${shown.name}</b> ${trials.length > 0 ? 'can be reached, and is kept' : 'is kept, without being reached'}. It is used from now on.
    </p>
    ${trialList(trials, doors.docs)}
    <h2>What is next</h2>
    <p>
      ${
        isEmpty
          ? 'It admits no repository yet: edit it, and name one.'
          : html`Name it in <code>.github/deploy.yml</code> of a repository that it admits: <code>target: ${shown.name}</code>.`
      }
    </p>
    <p class="actions">
      <a class="button primary" href="/a/${account.login}/targets">All targets</a>
      <a class="button" href="/a/${account.login}/targets/${shown.name}">Edit it</a>
    </p>`
  return accountPage({ tab: 'targets', title: isNew ? 'The target is kept' : `${shown.name} is changed`, main }, account, c, doors)
}
