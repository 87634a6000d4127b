import { html } from 'hono/html'
import { hasEnded, type Deployment } from '../../../deploy/deployment.ts'
import { headline } from '../../../deploy/words.ts'
import { buttonOf } from '../../button.ts'
import { BEGINNING, eventsAfter, nameOf } from '../../events.ts'
import { approvals, gates, log, progress, steps } from '../../look/journey.ts'
import { ASKED, crumbs, homeOf, outside } from '../../look/links.ts'
import { ago, commitOf, digestOf, facts, inMarkup, statePill, STATES, took, until, type Markup } from '../../look/parts.ts'
import { problemPanel } from '../../look/problem.ts'
import type { DeploymentBody } from '../../view.ts'
import type { Visiting } from '../../visit.ts'

interface Found {
  readonly deployment: Deployment
  readonly body: DeploymentBody
}

/** What has `data-live` the script replaces when it is another; the log it adds to. */
export function whole(found: Found, actions: Markup, doors: Visiting): Markup {
  const { deployment, body } = found
  const now = doors.clock.now()
  const { id, state } = deployment
  const isOpen = !hasEnded(state)
  const from = nameOf(eventsAfter(BEGINNING, deployment, body).place)
  return html`${crumbs(deployment.request.repository, [body.environment ?? 'a deployment'])}
    <p id="said" class="unseen" role="status"></p>
    <div class="deployment" ${isOpen ? html` id="follow" data-events="/d/${id}/live" data-from="${from}"` : ''}>
      <section id="hero" class="hero ${STATES[state].tone}" data-live data-state="${buttonOf({ of: 'deployment', deployment }).state}">
        ${hero(found, actions, now, doors)}
      </section>
      <div class="columns">
        <div>
          <section id="steps" data-live aria-labelledby="steps-title">
            <h2 id="steps-title">Steps</h2>
            ${steps(deployment, now)} ${gates(deployment)}
          </section>
          ${log(deployment)}
        </div>
        <aside id="about" data-live aria-label="About this deployment">${about(found, now, doors)}</aside>
      </div>
    </div>`
}

function hero({ deployment, body }: Found, actions: Markup, now: number, doors: Visiting): Markup {
  const { state, wait, problem } = deployment
  const { words } = headline(deployment, formerOf(deployment, doors))
  return html`${statePill(deployment)}
    <h1>${inMarkup(words)}</h1>
    ${hasEnded(state) ? '' : progress(deployment, doors.service.expected(deployment), body.progress.percentage / 100)}
    ${wait === null ? '' : html`<p class="wait"><b>Waits:</b> ${wait.sentence} It is given up at ${until(wait.until)}.</p>`}
    ${approvals(deployment, now)} ${problem === null ? '' : problemPanel(problem, doors.docs)} ${actions}`
}

const formerOf = (deployment: Deployment, { service }: Visiting) =>
  deployment.request.asks.origin?.kind === 'rollback' ? (service.formerly(deployment)?.plan ?? null) : null

function about({ deployment, body }: Found, now: number, doors: Visiting): Markup {
  const { id, request, plan } = deployment
  const { asked, comment, check } = body.links
  const links = [
    asked === null ? null : outside(asked, 'What was asked'),
    comment === null ? null : outside(comment, 'The comment'),
    check === null ? null : outside(check, 'The check run'),
  ]
  return html`<h2>About it</h2>
    ${facts([
      ['Environment', html`<a href="/r/${body.repository}">${body.environment ?? 'the default one'}</a>`],
      ...body.images.map(
        ({ name, repository: image, tag, digest }) =>
          [
            body.images.length > 1 ? `Image ${name}` : 'Image',
            html`<code>${image}${tag === null ? '' : `:${tag}`}</code> ${digestOf(digest)}`,
          ] as const,
      ),
      plan === null ? null : ['Commit', commitOf(plan.commit, homeOf(request.repository, doors))],
      plan?.url == null ? null : ['Address', outside(plan.url, plan.url)],
      ['Asked', html`${ago(deployment.createdAt, now)} by <b>${request.actor.login}</b> ${ASKED[request.door]}`],
      [hasEnded(deployment.state) ? 'Took' : 'Since', hasEnded(deployment.state) ? took(deployment, now) : ago(deployment.createdAt, now)],
      links.every((one) => one === null) ? null : ['On GitHub', html`<span class="links">${links.filter((one) => one !== null)}</span>`],
      ['Id', html`<code class="id">${id}</code>`],
    ])}`
}
