import { html } from 'hono/html'
import type { EnvironmentStanding } from '../../../deploy/standings.ts'
import { environmentKey } from '../../../deploy/environment.ts'
import { capital } from '../../../deploy/wording.ts'
import type { Code, Problem } from '../../../errors.ts'
import { BUTTONS, buttonOf, type Button } from '../../button.ts'
import { askForm, NOTHING_TYPED } from '../../look/ask-form.ts'
import { confirmPath, nameOf } from '../../look/links.ts'
import { placeId, type Markup } from '../../look/parts.ts'
import { codeLink } from '../../look/problem.ts'
import type { Around } from './standing.ts'
import { isUnseen } from './standing.ts'

/** Of what would be deployed, not of whoever asks or of the place: with another image or branch it may be otherwise. */
const OF_WHAT: ReadonlySet<Code> = new Set<Code>([
  ...(['BRANCH_REFUSED', 'COMMIT_UNSIGNED', 'CHECKS_FAILED', 'CHECKS_PENDING', 'CHECKS_UNREADABLE', 'REVIEW_REQUIRED'] as const),
  ...(['IMAGE_COMMIT_UNKNOWN', 'IMAGE_COMMIT_OTHER', 'ORDER_REQUIRED', 'REF_NOT_FOUND', 'REFERENCE_INVALID', 'HEAD_MOVED'] as const),
])

/** The form by which what runs is read back: the page has one for all its buttons, because those stand in another form. */
export const LOOK = 'look'

/** The deploy button with what may be said before it is pressed, and what else may be done. */
export function pressFor(standing: EnvironmentStanding, around: Around): Markup {
  const { app, rules, decision, status } = standing
  const { problem, wait } = decision
  const button = buttonOf({ of: 'environment', problem, wait, occupant: status.occupant })
  const press = html`<div class="press" id="press-${placeId(app.name, rules.name)}" data-live data-state="${button.state}">
    ${pressed(button, problem, standing, around)}
  </div>`
  if (isUnseen(standing) && button.state === 'disabled') return press
  const place = { repository: nameOf(around.repository), app: app.name, isOnlyApp: around.isOnlyApp, rules, images: [...app.images.values()] }
  return askForm({ ...place, needsImage: problem?.code === 'IMAGE_REQUIRED' }, NOTHING_TYPED, press)
}

function pressed(button: Button, problem: Problem | null, standing: EnvironmentStanding, around: Around): Markup {
  const { state, caption, reason, busy } = button
  const others = isUnseen(standing) ? [] : secondary(standing, around)
  const primary =
    state === 'disabled'
      ? html`<button disabled>${caption}</button>`
      : state === 'unknown'
        ? html`<button class="button primary" form="${LOOK}" data-busy="${busy}">${caption}</button>`
        : html`<button class="button primary" data-busy="${busy}">${caption}</button>`
  const another =
    problem !== null && OF_WHAT.has(problem.code) ? html`<button class="button" data-busy="${BUTTONS.idle.busy}">Try with what is typed</button>` : ''
  return html`${state === 'disabled' ? '' : reason === null ? '' : html`<p class="wait">${reason}</p>`}
    <div class="actions">${primary} ${another} ${others}</div>
    ${state === 'disabled' && problem !== null ? liftWords(button, problem, around) : ''}`
}

/** Who can lift what stands against it, and how. */
const liftWords = ({ who }: Button, problem: Problem, { doors }: Around): Markup =>
  html`<p class="lift soft">
    ${who === null ? '' : html`<b>${capital(who)}</b> can put this right. `}${problem.next} ${codeLink(problem, doors.docs)}
  </p>`

function secondary({ app, rules, status }: EnvironmentStanding, { repository, doors, records, isOnlyApp }: Around): Markup[] {
  const place = { app: isOnlyApp ? null : app.name, environment: rules.name }
  const to = (more: Readonly<Record<string, string>>, caption: string): Markup =>
    html`<a class="button" href="${confirmPath(repository, { ...place, ...more })}" data-busy="${BUTTONS.idle.busy}">${caption}</a>`
  const before = doors.history.ended(environmentKey(repository.id, app.name, rules.name), LOOKED_AT)
  const hadFormer = before.filter(({ state, alreadyRunning }) => state === 'success' && !alreadyRunning).length > 1
  const from = rules.after?.environment ?? null
  const isThere = from !== null && records.some((one) => one.app === app.name && one.environment === from && one.last !== null)
  return [
    ...(from !== null && isThere ? [to({ from }, `Promote from ${from}`)] : []),
    ...(hadFormer && status.last !== null ? [to({ rollback: '1' }, 'Roll back')] : []),
  ]
}

/** Whether there is anything to go back to: the next page says exactly what. */
const LOOKED_AT = 30
