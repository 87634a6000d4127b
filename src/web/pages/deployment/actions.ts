import { html } from 'hono/html'
import type { Deployment } from '../../../deploy/deployment.ts'
import { offersFor, type Offer } from '../../../deploy/offers.ts'
import { BUTTONS, STATE_OF } from '../../button.ts'
import { NONCE } from '../../form.ts'
import { form } from '../../look/frame.ts'
import { confirmPath, nameOf } from '../../look/links.ts'
import { isWeb, type Markup } from '../../look/parts.ts'
import { mayNotApprove, wordForms } from '../../look/word.ts'
import type { Visiting, Visitor } from '../../visit.ts'

/** What there is to press on a deployment's page, by whom it is looked at: the first one is what most people want next. */
export async function actionsFor(deployment: Deployment, visitor: Visitor, doors: Visiting): Promise<Markup> {
  const words = await wordsFor(deployment, visitor, doors)
  const offers = offersFor(deployment, doors.service.newerThan(deployment) === null)
  const nexts = deployment.state === 'success' ? await promotions(deployment, doors) : []
  const look = STATE_OF[deployment.state] === 'unknown' ? [lookAgain(deployment, visitor)] : []
  const all = [
    ...words,
    ...look,
    ...opening(deployment),
    ...nexts,
    ...offers.map((offer, index) => button(offer, index === 0 && look.length === 0, deployment, visitor, doors)),
  ]
  return all.length === 0 ? html`` : html`<div class="actions">${all}</div>`
}

const CAPTIONS: Record<Offer, string> = { cancel: 'Cancel', retry: 'Retry', deploy: 'Deploy again', rollback: 'Roll back' }

/** A rollback goes to the page that shows what it would bring back. */
function button(offer: Offer, isFirst: boolean, deployment: Deployment, { session }: Visitor, { random }: Visiting): Markup {
  const look = offer === 'cancel' || offer === 'rollback' || !isFirst ? 'button' : 'button primary'
  if (offer === 'rollback')
    return html`<a class="${look}" href="${confirmOf(deployment, { rollback: '1' })}" data-busy="${BUTTONS.idle.busy}">${CAPTIONS.rollback}</a>`
  const inner = html`<input type="hidden" name="${NONCE}" value="${random()}" /><button class="${look}" data-busy="${BUTTONS.confirm.busy}">
      ${CAPTIONS[offer]}
    </button>`
  return form(`/d/${deployment.id}/${offer}`, session, inner)
}

const confirmOf = ({ request, plan }: Deployment, more: Readonly<Record<string, string>>): string =>
  confirmPath(request.repository, { app: request.asks.app, environment: plan?.environment ?? request.asks.environment, ...more })

const opening = ({ state, plan }: Deployment): Markup[] =>
  state === 'success' && plan?.url != null && isWeb(plan.url)
    ? [html`<a class="button primary" href="${plan.url}" rel="noreferrer">Open ${plan.environment}</a>`]
    : []

/** The safe next step: what runs is read back, which settles it. */
const lookAgain = ({ request: { repository } }: Deployment, { session }: Visitor): Markup =>
  form(
    `/r/${nameOf(repository)}/look`,
    session,
    html`<button class="button primary" data-busy="${BUTTONS.unknown.busy}">${BUTTONS.unknown.caption}</button>`,
  )

/** Environments of the app that were last deployed by the rule that this one comes first. */
async function promotions(deployment: Deployment, { overview }: Visiting): Promise<Markup[]> {
  const { plan, request } = deployment
  if (plan === null) return []
  const records = await overview.environments(request.repository.id)
  return records
    .filter(({ app, newest }) => app === plan.app && newest.rules?.after?.environment === plan.environment)
    .map(({ newest, environment }) => {
      const to = confirmOf(newest, { environment, from: plan.environment })
      return html`<a class="button primary" href="${to}" data-busy="${BUTTONS.idle.busy}">Promote to ${environment}</a>`
    })
}

/** For whoever may approve it, and for whoever may not why. */
async function wordsFor(deployment: Deployment, visitor: Visitor, doors: Visiting): Promise<Markup[]> {
  const { state, wait } = deployment
  if (state !== 'waiting' || wait?.reason !== 'approval') return []
  const problem = await mayNotApprove(deployment, visitor, doors)
  return problem === null ? wordForms(deployment, visitor, doors) : [html`<p class="soft">You may not approve it: ${problem.sentence}</p>`]
}
