import { html } from 'hono/html'
import type { ShownDeclaration } from '../../../deploy/administration.ts'
import type { DeclarationName } from '../../../deploy/declaration.ts'
import { capital } from '../../../deploy/wording.ts'
import { answered, declarationFor, MOST_IMAGES } from '../../declared.ts'
import { form } from '../../look/frame.ts'
import { facts, type Markup } from '../../look/parts.ts'
import { problemPanel } from '../../look/problem.ts'
import type { Site, Visit, Visiting } from '../../visit.ts'
import { expectedField, expectedIn, inWordsOfForms } from './changing.ts'
import { field, namesIn } from './field.ts'
import { accountIn, accountPage, NAME, under, type AccountVisit } from './frame.ts'
import { trialList } from './trial.ts'

/** What is done with a credential or a target that is there: it is tried, or removed. */
export function declarations(kind: DeclarationName['kind'], site: Site, doors: Visiting): void {
  const path = under(`/${kind}s/${NAME}`)
  site.get(`${path}/test`, async (c) => {
    const visit = await accountIn(c, 'look', doors)
    return testPage(await one(kind, c, visit, doors), html``, visit, c, doors)
  })
  site.post(`${path}/test`, async (c) => {
    const visit = await accountIn(c, 'change', doors)
    const shown = await one(kind, c, visit, doors)
    const images = namesIn(c.get('form').text('image')).slice(0, MOST_IMAGES)
    const result = await doors.administration.test(shown, images)
    const outcome = 'problem' in result ? problemPanel(result.problem, doors.docs) : trialList(result.trials, doors.docs)
    return testPage(shown, html`<div class="outcome" role="status">${outcome}</div>`, visit, c, doors)
  })
  site.get(`${path}/remove`, async (c) => {
    const visit = await accountIn(c, 'look', doors)
    return removePage(await one(kind, c, visit, doors), html``, visit, c, doors)
  })
  site.post(`${path}/remove`, async (c) => {
    const visit = await accountIn(c, 'change', doors)
    const shown = await one(kind, c, visit, doors)
    const result = await doors.administration.remove(shown, { by: visit.visitor.session.person, expected: expectedIn(c.get('form')) })
    if (!('problem' in result)) return c.redirect(`/a/${visit.account.login}/${kind}s?removed=${shown.name}`, 303)
    if (result.problem.code !== 'DECLARATION_USED' && result.problem.code !== 'DECLARATION_CHANGED') return answered<never>(result)
    const { problem } = inWordsOfForms(result, c.get('form'))
    return removePage(shown, html`<div role="alert">${problemPanel(problem, doors.docs)}</div>`, visit, c, doors, 409)
  })
}

const one = (kind: DeclarationName['kind'], c: Visit, { account }: AccountVisit, doors: Visiting): Promise<ShownDeclaration> =>
  declarationFor({ account: account.id, kind, name: c.req.param('name') ?? '' }, doors)

const placeOf = ({ kind, name }: DeclarationName, { login }: AccountVisit['account']): string => `/a/${login}/${kind}s/${name}`

function testPage(shown: ShownDeclaration, outcome: Markup, visit: AccountVisit, c: Visit, doors: Visiting): Response | Promise<Response> {
  const { kind, name } = shown
  const { account, visitor } = visit
  const typed = c.req.method === 'POST' ? c.get('form').text('image') : ''
  const words =
    kind === 'credential'
      ? 'The image is looked at as a deployment would. Nothing is pulled and nothing is changed.'
      : 'It is reached as a deployment would. Nothing is changed there.'
  const image = { name: 'image', label: 'Image', hint: 'Such as ghcr.io/acme/shop:1.2. Several with spaces between.', value: typed, isRequired: true }
  const inner = html`${kind === 'credential' ? field(image) : ''}
    <p class="actions">
      <button class="primary" data-busy="Trying it…">Test it</button><a class="button" href="/a/${account.login}/${kind}s">Back</a>
    </p>`
  const main = html`${outcome}
    <p class="soft intro">${words}</p>
    ${form(`${placeOf(shown, account)}/test`, visitor.session, inner)}`
  return accountPage({ tab: `${kind}s`, title: `Test ${name}`, main }, account, c, doors)
}

async function removePage(
  shown: ShownDeclaration,
  outcome: Markup,
  visit: AccountVisit,
  c: Visit,
  doors: Visiting,
  status: 200 | 409 = 200,
): Promise<Response> {
  const { kind, name } = shown
  const { account, visitor } = visit
  const users = kind === 'credential' ? await targetsWith(name, account.id, doors) : []
  const inner = html`${expectedField(shown)}
    <p class="actions">
      ${users.length > 0 ? '' : html`<button class="danger" data-busy="Removing it…">Remove ${name}</button>`}
      <a class="button" href="/a/${account.login}/${kind}s">Keep it</a>
    </p>`
  const main = html`${outcome} ${facts([['What it is', capital(kind)], ['Now', html`<code>${shown.fingerprint}</code>`], usedBy(shown, users)])}
    <p class="after">${consequence(shown, users)}</p>
    ${form(`${placeOf(shown, account)}/remove`, visitor.session, inner)}`
  return accountPage({ tab: `${kind}s`, title: `Remove ${name}?`, main, status }, account, c, doors)
}

/** Names of the account's targets that name this credential. */
async function targetsWith(credential: string, account: number, { administration }: Visiting): Promise<readonly string[]> {
  return (await administration.list(account, 'target')).filter(({ declared }) => declared?.['credential'] === credential).map(({ name }) => name)
}

function usedBy({ kind, declared }: ShownDeclaration, targets: readonly string[]): readonly [string, string] | null {
  if (kind === 'credential')
    return ['Named by', targets.length === 0 ? 'no target' : `the ${targets.length === 1 ? 'target' : 'targets'} ${targets.join(', ')}`]
  const allow = declared?.['allow']
  const repositories = Array.isArray(allow) ? [...new Set(allow.map((row: { readonly repository?: string }) => row.repository ?? ''))] : []
  return ['Admits', repositories.length === 0 ? 'no repository' : repositories.join(', ')]
}

function consequence({ kind }: ShownDeclaration, targets: readonly string[]): string {
  if (targets.length > 0) return 'It cannot be removed while a target names it. Give those targets another credential, or remove them, first.'
  return kind === 'credential'
    ? 'Nothing pulls with it from then on. Images that only this credential may pull cannot be deployed any more.'
    : 'Nothing is deployed to it from then on. What runs there goes on running.'
}
