import { html } from 'hono/html'
import { ACTIONS, type Action, type ApiToken } from '../../../deploy/api-token.ts'
import type { Form } from '../../visit.ts'
import { invalid } from '../../invalid.ts'
import { form as formOf } from '../../look/frame.ts'
import { ago, empty, facts, pill, until, type Markup } from '../../look/parts.ts'
import { problemPanel } from '../../look/problem.ts'
import { table } from '../../look/table.ts'
import { LONGEST, makeToken, narrowed, revokeToken, tokenNamed, wantedToken } from '../../token-making.ts'
import type { Site, Visit, Visiting } from '../../visit.ts'
import { refusalOf } from './changing.ts'
import { area, check, field, namesIn } from './field.ts'
import { accountIn, accountPage, under, type AccountVisit } from './frame.ts'

/** Tokens for programs: made, shown once, and revoked. */
export function tokens(site: Site, doors: Visiting): void {
  site.get(under('/tokens'), async (c) => listPage(null, html``, await accountIn(c, 'look', doors), c, doors))
  site.post(under('/tokens'), async (c) => {
    const visit = await accountIn(c, 'change', doors)
    const form = c.get('form')
    const result = await refusalOf(async () => makeToken(wantedIn(form), visit.account, visit.visitor.caller, doors))
    if ('problem' in result) return listPage(form, html`<div role="alert">${problemPanel(result.problem, doors.docs)}</div>`, visit, c, doors)
    return madePage(result.token, result.secret.reveal(), visit, c, doors)
  })
  revoking(site, doors)
}

const TOKEN_NAME = ':name{[a-z0-9][a-z0-9-]{0,62}}'

function revoking(site: Site, doors: Visiting): void {
  const path = under(`/tokens/${TOKEN_NAME}/revoke`)
  site.get(path, async (c) => {
    const { account, visitor } = await accountIn(c, 'look', doors)
    const token = await tokenNamed(c.req.param('name') ?? '', account, doors)
    const inner = html`<p class="actions">
      <button class="danger" data-busy="Revoking it…">Revoke ${token.name}</button><a class="button" href="/a/${account.login}/tokens">Keep it</a>
    </p>`
    const main = html`${facts([
        ['May', scopeOf(token)],
        ['Made by', token.madeBy.login],
        ['Last used', usedAt(token, doors)],
      ])}
      <p class="after">Whatever has it can do nothing any more, at once. What it has asked for and what still waits is refused, too.</p>
      ${formOf(`/a/${account.login}/tokens/${token.name}/revoke`, visitor.session, inner)}`
    return accountPage({ tab: 'tokens', title: `Revoke ${token.name}?`, main }, account, c, doors)
  })
  site.post(path, async (c) => {
    const { account, visitor } = await accountIn(c, 'change', doors)
    const { name } = await revokeToken(c.req.param('name') ?? '', account, visitor.caller, doors)
    return c.redirect(`/a/${account.login}/tokens?revoked=${name}`, 303)
  })
}

/** Throws REQUEST_INVALID. */
function wantedIn(form: Form) {
  const repositories = namesIn(form.text('repositories'))
  const read = wantedToken.safeParse({
    name: form.text('name'),
    repositories: repositories.length === 0 ? 'all' : repositories,
    environments: namesIn(form.text('environments')),
    actions: form.all('actions'),
    days: Number(form.text('days')),
  })
  if (!read.success) throw invalid(read.error)
  return narrowed(read.data)
}

async function listPage(typed: Form | null, outcome: Markup, visit: AccountVisit, c: Visit, doors: Visiting): Promise<Response> {
  const { account } = visit
  const all = await doors.tokens.list(account.id)
  const revoked = c.req.query('revoked') ?? ''
  const notice = /^[a-z0-9-]{1,63}$/.test(revoked) ? html`<p class="notice" role="status"><b>${revoked}</b> is revoked.</p>` : ''
  const main = html`${notice} ${outcome}
    <p class="soft intro">Programs show a token when they call the API. The rules of an environment name it as <code>token:NAME</code>.</p>
    ${
      all.length === 0
        ? empty('There is no token yet.')
        : table(
            'API tokens',
            HEADINGS,
            all.map((token) => row(token, account.login, doors, doors.clock.now())),
          )
    }
    <h2 id="make">Make a token</h2>
    <div class="narrow-form">${makingForm(typed, visit)}</div>`
  return accountPage({ tab: 'tokens', title: 'API tokens', main, status: typed === null ? 200 : 422 }, account, c, doors)
}

const WORDS: Record<Action, string> = {
  read: 'It may look at deployments.',
  deploy: 'It may deploy, roll back and cancel.',
  configure: 'It may keep credentials and targets, of the whole account.',
}

function makingForm(typed: Form | null, { account, visitor }: AccountVisit): Markup {
  const value = (name: string, usual = ''): string => typed?.text(name) ?? usual
  const chosen = typed?.all('actions') ?? ['read', 'deploy']
  return formOf(
    `/a/${account.login}/tokens`,
    visitor.session,
    html`${field({ name: 'name', label: 'Name', hint: 'Small letters, digits and "-": ci', value: value('name'), isRequired: true })}
      <fieldset>
        <legend>What it may do</legend>
        ${ACTIONS.map((action) => check({ name: 'actions', label: action, hint: WORDS[action] }, chosen.includes(action), action))}
      </fieldset>
      ${area({ name: 'repositories', label: 'Repositories', hint: `owner/name, one a line. Empty: all of ${account.login}’s.`, value: value('repositories') })}
      ${field({ name: 'environments', label: 'Environments', hint: 'Names or patterns that it may deploy to: staging, preview-*. * is every one.', value: value('environments', '*'), isRequired: true })}
      ${field({ name: 'days', label: 'Days', hint: `For so long it is good: 1 to ${LONGEST}.`, value: value('days', '90'), type: 'number', isRequired: true })}
      <p class="actions"><button class="primary" data-busy="Making it…">Make it</button></p>`,
  )
}

const HEADINGS = ['Name', 'May', 'Made by', 'Ends', 'Last used', 'Change'] as const

const row = (token: ApiToken, login: string, doors: Visiting, now: number): Markup =>
  html`<tr>
    <th scope="row">${token.name}</th>
    <td>${scopeOf(token)}</td>
    <td>${token.madeBy.login}<br /><span class="soft">${ago(token.madeAt, now)}</span></td>
    <td>${until(token.expiresAt)}${token.expiresAt <= now ? html` ${pill('bad', 'Ended')}` : ''}</td>
    <td>${usedAt(token, doors)}</td>
    <td>
      <a href="/a/${login}/tokens/${token.name}/revoke">Revoke<span class="unseen"> ${token.name}</span></a>
    </td>
  </tr>`

const usedAt = ({ lastUsedAt }: ApiToken, { clock }: Visiting): Markup | string => (lastUsedAt === null ? 'never' : ago(lastUsedAt, clock.now()))

function scopeOf({ actions, environments, repositories }: ApiToken): Markup {
  const where = repositories === null ? 'in every repository' : `in ${repositories.map(({ name }) => name).join(', ')}`
  return html`${actions.join(', ')} <br /><span class="soft">${where}, to ${environments.join(', ')}</span>`
}

function madePage(token: ApiToken, secret: string, { account }: AccountVisit, c: Visit, doors: Visiting): Response | Promise<Response> {
  const main = html`<p class="notice" role="status">
      <b>This is the only time that the token is shown.</b> Copy it now, to where the program finds it. Gantry keeps no copy that could be read.
    </p>
    <label for="token">The token ${token.name}</label>
    <textarea id="token" class="copy" readonly rows="2" autocomplete="off" spellcheck="false">${secret}</textarea>
    ${facts([
      ['May', scopeOf(token)],
      ['Ends', until(token.expiresAt)],
      ['Shown as', html`<code>Authorization: Bearer …</code>`],
      ['In the rules', html`<code>token:${token.name}</code>`],
    ])}
    <p class="actions"><a class="button" href="/a/${account.login}/tokens">I have copied it</a></p>`
  return accountPage({ tab: 'tokens', title: `The token ${token.name} is made`, main }, account, c, doors)
}
