import { html } from 'hono/html'
import type { Deployment } from '../../deploy/deployment.ts'
import { maskedDeployment } from '../../deploy/mask.ts'
import { headline } from '../../deploy/words.ts'
import type { Problem } from '../../errors.ts'
import { frame } from '../look/frame.ts'
import { approvals as words } from '../look/journey.ts'
import { ago, commitOf, digestOf, empty, facts, inMarkup, until, type Markup } from '../look/parts.ts'
import { mayNotApprove, wordForms } from '../look/word.ts'
import { visitorOf, type Page, type Visiting, type Visitor } from '../visit.ts'

/** Each costs a question to GitHub: whether this visitor may. */
const MOST = 20

interface Waiting {
  readonly deployment: Deployment
  /** Why this visitor may not approve it; null where they may. */
  readonly problem: Problem | null
}

/** What waits for a second person's word: mine first, then what waits for others. */
export const approvals: Page = (site, doors) => {
  site.get('/approvals', async (c) => {
    const visitor = visitorOf(c)
    const found = await waitingFor(visitor, doors)
    const [mine, others] = [found.filter(({ problem }) => problem === null), found.filter(({ problem }) => problem !== null)]
    const card = (one: Waiting) => cardOf(one, visitor, doors)
    const main = html`<h1>Approvals</h1>
      <div id="approvals" data-live>
        <section aria-labelledby="mine">
          <h2 id="mine">Waiting for you</h2>
          ${
            mine.length === 0
              ? empty('Nothing waits for your approval.')
              : html`<ul class="cards wide">
                  ${mine.map(card)}
                </ul>`
          }
        </section>
        ${
          others.length === 0
            ? ''
            : html`<section aria-labelledby="others">
                <h2 id="others">Waiting for others</h2>
                <ul class="cards wide">
                  ${others.map(card)}
                </ul>
              </section>`
        }
      </div>`
    return c.html(frame({ title: 'Approvals', main, place: 'approvals', refresh: 30 }, c, doors))
  })
}

async function waitingFor(visitor: Visitor, doors: Visiting): Promise<readonly Waiting[]> {
  const all = doors.overview.awaiting(
    visitor.session.repositories.map(({ id }) => id),
    MOST,
  )
  const judged = all.map(async (deployment): Promise<Waiting | null> => {
    if (!(await visitor.caller.sees(deployment.request.repository))) return null
    return { deployment: maskedDeployment(deployment, doors.mask), problem: await mayNotApprove(deployment, visitor, doors) }
  })
  return (await Promise.all(judged)).filter((one) => one !== null)
}

function cardOf({ deployment, problem }: Waiting, visitor: Visitor, doors: Visiting): Markup {
  const { id, plan, request, wait, createdAt } = deployment
  const now = doors.clock.now()
  const { owner, name } = request.repository
  return html`<li class="card wait" id="a-${id}">
    <h3><a href="/d/${id}">${inMarkup(headline(deployment).words)}</a></h3>
    ${facts([
      ['Repository', `${owner}/${name}`],
      ['Asked', html`${ago(createdAt, now)} by <b>${request.actor.login}</b>`],
      ...(plan?.artifacts ?? []).map(
        ({ repository, tag, digest }) => ['Image', html`<code>${repository}${tag === null ? '' : `:${tag}`}</code> ${digestOf(digest)}`] as const,
      ),
      plan === null ? null : ['Commit', commitOf(plan.commit, `${doors.github}/${owner}/${name}`)],
      wait === null ? null : ['Given up', until(wait.until)],
    ])}
    ${words(deployment, now)}
    ${problem === null ? html`<div class="actions">${wordForms(deployment, visitor, doors)}</div>` : html`<p class="soft">You may not approve it: ${problem.sentence}</p>`}
  </li>`
}
