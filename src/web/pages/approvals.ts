import { html } from 'hono/html'
import type { Deployment } from '../../deploy/deployment.ts'
import { everyRules } from '../../deploy/environment.ts'
import { maskedDeployment } from '../../deploy/mask.ts'
import { headline } from '../../deploy/words.ts'
import { problem, type Problem } from '../../errors.ts'
import { frame } from '../look/frame.ts'
import { approvals as words } from '../look/journey.ts'
import { ago, commitOf, digestOf, empty, facts, inMarkup, until, type Markup } from '../look/parts.ts'
import { mayNotApprove, wordForms } from '../look/word.ts'
import { visitorOf, type Page, type Visiting, type Visitor } from '../visit.ts'

/** Each costs a question to GitHub: whether this visitor may. */
const MOST = 20
/** Records alone. */
const MOST_LOOKED_AT = 500

interface Waiting {
  readonly deployment: Deployment
  /** Why this visitor may not approve it; null where they may. */
  readonly problem: Problem | null
}

/** What waits for a second person's word: mine first, then what waits for others. */
export const approvals: Page = (site, doors) => {
  site.get('/approvals', async (c) => {
    const visitor = visitorOf(c)
    const { waiting: found, hasMore } = await waitingFor(visitor, doors)
    const [mine, others] = [found.filter(({ problem }) => problem === null), found.filter(({ problem }) => problem !== null)]
    const card = (one: Waiting) => cardOf(one, visitor, doors)
    const main = html`<h1>Approvals</h1>
      <div id="approvals" data-live>
        <section aria-labelledby="mine">
          <h2 id="mine">Waiting for you</h2>
          ${
            mine.length === 0
              ? empty(hasMore ? 'Nothing of what was looked at waits for your approval.' : 'Nothing waits for your approval.')
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
        ${hasMore ? html`<p class="soft">There is more than fits here: a repository’s own page has all of it.</p>` : ''}
      </div>`
    return c.html(frame({ title: 'Approvals', main, place: 'approvals', refresh: 30 }, c, doors))
  })
}

interface Found {
  readonly waiting: readonly Waiting[]
  readonly hasMore: boolean
}

/** What by its own record nobody but others can have a word on costs no question, so that however much of that there is, mine is found. */
async function waitingFor(visitor: Visitor, doors: Visiting): Promise<Found> {
  const all = await doors.overview.awaiting(visitor.session.repositories, MOST_LOOKED_AT)
  const [possible, others] = [all.filter((one) => mayHaveWord(one, visitor)), all.filter((one) => !mayHaveWord(one, visitor))]
  const judged = possible.slice(0, MOST).map(async (deployment): Promise<Waiting | null> => {
    if (!(await seesNow(deployment, visitor))) return null
    return { deployment: maskedDeployment(deployment, doors.mask), problem: await mayNotApprove(deployment, visitor, doors) }
  })
  const foreign = others.slice(0, MOST).map(async (deployment): Promise<Waiting | null> => {
    return (await seesNow(deployment, visitor)) ? { deployment: maskedDeployment(deployment, doors.mask), problem: OTHERS } : null
  })
  const waiting = (await Promise.all([...judged, ...foreign])).filter((one) => one !== null)
  return { waiting, hasMore: possible.length > MOST || others.length > MOST || all.length === MOST_LOOKED_AT }
}

const OTHERS = problem('APPROVAL_NOT_ALLOWED', { sentence: 'Its rules ask for the word of others.', next: 'Nothing.' })

/** Where GitHub cannot be asked about one repository, the others are shown. */
const seesNow = async ({ request }: Deployment, { caller }: Visitor): Promise<boolean> =>
  Promise.resolve(caller.sees(request.repository)).catch(() => false)

/** By the rules that it began with: teams are asked about, and who pushed is not known here. */
function mayHaveWord({ rules, request }: Deployment, { session: { person } }: Visitor): boolean {
  const asking = rules === null ? [] : everyRules(rules).flatMap(({ approvals }) => approvals ?? [])
  return asking.every(({ by, not }) => {
    if (not.includes('requester') && request.actor.id === person.id) return false
    return (
      by.length === 0 ||
      by.some((party) => party.kind === 'team' || (party.kind === 'user' && party.login.toLowerCase() === person.login.toLowerCase()))
    )
  })
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
