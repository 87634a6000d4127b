import { html } from 'hono/html'
import { type Problem } from '../../errors.ts'
import { capital } from '../../deploy/wording.ts'
import { duration, WHO } from '../../deploy/words.ts'
import type { Visit, Visiting } from '../visit.ts'
import { signInPath, type Shown } from './frame.ts'
import { facts, type Markup } from './parts.ts'

/** What did not work, in the words and the order that the comment has: the sentence, found and wanted, what to do next, who can do it, the code. */
export function problemPanel(problem: Problem, docs: string | null, after: Markup | string = ''): Markup {
  const { sentence, found, wanted, next, who, retryAfter } = problem
  return html`<section class="problem" aria-label="What is wrong">
    <p class="why">${sentence}</p>
    ${facts([
      found === undefined ? null : ['Found', html`<code>${found}</code>`],
      wanted === undefined ? null : ['Wanted', html`<code>${wanted}</code>`],
      ['Next', next],
      retryAfter === undefined ? null : ['Again in', duration(retryAfter)],
      ['Who can put this right', WHO[who]],
      ['Code', codeLink(problem, docs)],
    ])}
    ${after}
  </section>`
}

/** `docs`: null where nobody serves the paragraph on it. */
export const codeLink = ({ code }: Problem, docs: string | null): Markup =>
  docs === null ? html`<code>${code}</code>` : html`<a href="/docs/troubleshooting#${code.toLowerCase()}"><code>${code}</code></a>`

export function problemPage(problem: Problem, c: Visit, { docs }: Visiting): Shown {
  const title = capital(problem.code.toLowerCase().replaceAll('_', ' '))
  const again = problem.code === 'SIGN_IN_REFUSED' ? html`<p><a class="button primary" href="/login">Sign in with GitHub</a></p>` : ''
  const main = html`<div class="narrow">
    <h1>${title}</h1>
    ${problemPanel(problem, docs, again)}
    <p class="soft">Request <code>${c.get('requestId')}</code> · <a href="/">Overview</a></p>
  </div>`
  return { title, main }
}

/** Whatever was asked for: it is shown once it is known to whom. */
export function signInPage(c: Visit, { origin }: Visiting): Shown {
  const main = html`<div class="narrow welcome">
    <h1>Sign in to see this</h1>
    <p>Gantry shows you what you may see on GitHub, and lets you do what you may do there. It keeps no token of yours.</p>
    ${
      origin === null
        ? html`<p class="problem">Nobody can sign in yet: whoever runs this Gantry has to set <code>GANTRY_URL</code>.</p>`
        : html`<p><a class="button primary" href="${signInPath(c)}">Sign in with GitHub</a></p>`
    }
  </div>`
  return { title: 'Sign in', main }
}
