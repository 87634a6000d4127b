import { html } from 'hono/html'
import type { Account } from '../../../deploy/directory.ts'
import { Failure } from '../../../errors.ts'
import { form, frame } from '../../look/frame.ts'
import { empty, pill, type Markup } from '../../look/parts.ts'
import { RequestRefused } from '../../problems.ts'
import { visitorOf, type Site, type Visiting, type Visitor } from '../../visit.ts'

/** Each costs a question about the visitor's standing, once a minute. */
const MOST_ASKED = 20

/** The accounts that the visitor and the App could see when they signed in, and what they are there now. */
export function list(site: Site, doors: Visiting): void {
  site.get('/a', async (c) => {
    const visitor = visitorOf(c)
    const { accounts } = visitor.session
    const cards = await Promise.all(accounts.slice(0, MOST_ASKED).map(async (account) => card(account, await standingIn(account, visitor, doors))))
    const others = accounts.slice(MOST_ASKED).map(({ login }) => html`<li><a href="/a/${login}">${login}</a></li>`)
    const main = html`<h1>Accounts</h1>
      <p class="soft intro">
        The credentials with which images are pulled, and the targets that they are deployed to, belong to an account. Its administrators keep them
        here.
      </p>
      ${
        cards.length === 0
          ? empty('The App is on no account that you belong to.')
          : html`<ul class="cards">
              ${cards}
            </ul>`
      }
      ${
        others.length === 0
          ? ''
          : html`<ul class="plain">
              ${others}
            </ul>`
      }
      <p class="soft after">These are the accounts that you and the App could see when you signed in. <a href="/login?to=%2Fa">Look again</a>.</p>
      <section class="after" aria-labelledby="sessions">
        <h2 id="sessions">Where you are signed in</h2>
        <p class="soft">Each browser stays signed in for eight hours. Whoever has left one open somewhere ends them all here.</p>
        ${form('/logout', visitor.session, html`<input type="hidden" name="everywhere" value="1" /><button data-busy="Signing out…">Sign out everywhere</button>`)}
      </section>`
    return c.html(frame({ title: 'Accounts', main, place: 'accounts' }, c, doors))
  })
  site.get('/a/:login{[A-Za-z0-9_-]{1,100}}', async (c) => {
    const { login } = await doors.administrators.account(c.req.param('login'), visitorOf(c).caller, 'look')
    return c.redirect(`/a/${login}/credentials`, 303)
  })
}

type Standing = 'administrator' | 'stranger' | { readonly sentence: string; readonly who: string | null }

async function standingIn({ login }: Account, { caller }: Visitor, { administrators }: Visiting): Promise<Standing> {
  try {
    await administrators.account(login, caller, 'look')
    return 'administrator'
  } catch (error) {
    if (!(error instanceof RequestRefused || error instanceof Failure)) throw error
    const { code, sentence, wanted } = error.problem
    if (code === 'ACCOUNT_UNKNOWN') return 'stranger'
    return { sentence, who: code === 'PERMISSION_REQUIRED' ? (wanted ?? null) : null }
  }
}

function card({ login, isOrganization }: Account, standing: Standing): Markup | string {
  if (standing === 'stranger') return ''
  const kind = html`<p class="soft">${isOrganization ? 'An organisation' : 'A person'}</p>`
  if (standing !== 'administrator')
    return html`<li class="card calm">
      <header>
        <h2>${login}</h2>
        ${standing.who === null ? pill('doubt', 'Not known') : pill('calm', 'Member')}
      </header>
      ${kind}
      <p>${standing.sentence}</p>
      ${standing.who === null ? '' : html`<p class="soft">Who may: ${standing.who}.</p>`}
    </li>`
  const links = [
    ['credentials', 'Credentials'],
    ['targets', 'Targets'],
    ['tokens', 'API tokens'],
    ['audit', 'Audit'],
    ['keys', 'Keys'],
  ].map(([name, word]) => html`<a href="/a/${login}/${name}">${word}</a>`)
  return html`<li class="card good">
    <header>
      <h2><a href="/a/${login}/credentials">${login}</a></h2>
      ${pill('good', 'Administrator')}
    </header>
    ${kind}
    <p class="links">${links}</p>
    <p class="actions"><a class="button" href="/a/${login}/connect">Connect a registry</a></p>
  </li>`
}
