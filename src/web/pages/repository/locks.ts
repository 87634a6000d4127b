import { html } from 'hono/html'
import type { Lock, Repository } from '../../../deploy/deployment.ts'
import { maskedProblem, maskFor } from '../../../deploy/mask.ts'
import type { EnvironmentStanding } from '../../../deploy/standings.ts'
import type { PlaceAsked } from '../../../deploy/wishes.ts'
import type { Problem } from '../../../errors.ts'
import { formKey, repositoryToChange, requestOf } from '../../asking.ts'
import { form } from '../../look/frame.ts'
import { nameOf } from '../../look/links.ts'
import { placeId, type Markup } from '../../look/parts.ts'
import { refusedWith, RequestRefused } from '../../problems.ts'
import { visitorOf, type Form, type Site, type Visit, type Visiting, type Visitor } from '../../visit.ts'
import type { Around } from './standing.ts'

const HOUR = 3_600_000
/** The last is what `/lock` takes where nothing is said. */
const SPANS = [
  ['1', '1 hour'],
  ['4', '4 hours'],
  ['24', '1 day'],
] as const
const LONGEST_REASON = 500
/** When the lock was asked for that the page showed. */
const SEEN = 'seen'

const placeFields = ({ app, environment }: { readonly app: string; readonly environment: string }): Markup =>
  html`<input type="hidden" name="app" value="${app}" /><input type="hidden" name="environment" value="${environment}" />`

/** One's own lock is renewed by it; somebody else's stands, and they are named. */
export function lockForm({ app, rules }: EnvironmentStanding, { repository, visitor }: Around): Markup {
  const key = placeId(app.name, rules.name)
  const inner = html`${placeFields({ app: app.name, environment: rules.name })}<label for="reason-${key}"
      >Why <span class="hint">Others read it while they wait.</span></label
    >
    <input id="reason-${key}" name="reason" required maxlength="${LONGEST_REASON}" autocomplete="off" />
    <label for="hours-${key}">For how long</label>
    <select id="hours-${key}" name="hours">
      ${SPANS.map(([hours, words]) => html`<option value="${hours}">${words}</option>`)}
    </select>
    <div class="actions"><button data-busy="Locking…">Lock ${rules.name}</button></div>`
  return html`<details id="lock-${key}">
    <summary>Lock</summary>
    ${form(`/r/${nameOf(repository)}/lock`, visitor.session, inner)}
  </details>`
}

/** Gives up the lock that is shown, and none that somebody has taken since. */
export function unlockForm(
  { environment, askedAt }: Lock,
  { app, rules }: EnvironmentStanding,
  repository: Repository,
  { session }: Visitor,
): Markup {
  const place = environment === '*' ? html`<input type="hidden" name="all" value="1" />` : placeFields({ app: app.name, environment: rules.name })
  const inner = html`${place}<input type="hidden" name="${SEEN}" value="${askedAt}" /><button class="quiet" data-busy="Unlocking…">
      ${environment === '*' ? 'Unlock everything' : 'Unlock'}
    </button>`
  return form(`/r/${nameOf(repository)}/unlock`, session, inner)
}

/** The forms above. Both may be sent twice: a lock of one's own is renewed, and what is free stays free. `changed`: what was said of it before does not count any more. */
export function locks(site: Site, doors: Visiting, path: string, nameIn: (c: Visit) => string, changed: (repository: number) => void): void {
  const act = async (c: Visit, purpose: string, wish: (form: Form, sent: Sent) => Promise<object>): Promise<Response> => {
    const { caller } = visitorOf(c)
    const sentForm = c.get('form')
    const repository = await repositoryToChange(nameIn(c), caller, doors)
    const key = await formKey(caller, repository, purpose, null, doors)
    const said = await wish(sentForm, { request: requestOf({ caller, repository, key, door: 'page' }, doors) })
    changed(repository.id)
    if ('problem' in said) throw refusedWith(maskedProblem(said.problem as Problem, maskFor(doors.mask, repository)))
    const { app, environment } = placeIn(sentForm)
    return c.redirect(`/r/${nameOf(repository)}${environment === null ? '' : `#place-${encodeURIComponent(placeId(app ?? '', environment))}`}`, 303)
  }
  site.post(`${path}/lock`, (c) =>
    act(c, 'lock', (sent, { request }) =>
      doors.service.lock(request, { place: placeIn(sent), reason: reasonIn(sent), lasts: lastsIn(sent), takesOver: false }),
    ),
  )
  site.post(`${path}/unlock`, (c) =>
    act(c, 'unlock', (sent, { request }) => {
      const seen = Number(sent.text(SEEN))
      const askedAt = Number.isSafeInteger(seen) && seen > 0 ? Math.min(seen, request.askedAt) : request.askedAt
      return doors.service.unlock({ ...request, askedAt }, sent.given('all') === null ? placeIn(sent) : null)
    }),
  )
}

interface Sent {
  readonly request: ReturnType<typeof requestOf>
}

const LONGEST_NAME = 200

function placeIn(sent: Form): PlaceAsked {
  const [app, environment] = [sent.given('app'), sent.given('environment')]
  const longest = Math.max(app?.length ?? 0, environment?.length ?? 0)
  if (longest > LONGEST_NAME) throw invalid('That is no name of an environment.', `${longest} characters`, `at most ${LONGEST_NAME}`)
  return { app, environment }
}

function lastsIn(sent: Form): number {
  const hours = SPANS.map(([one]) => one).find((one) => one === sent.text('hours'))
  if (hours !== undefined) return Number(hours) * HOUR
  throw invalid('A lock lasts one of these times.', sent.text('hours').slice(0, 20), SPANS.map(([, words]) => words).join(', '))
}

function reasonIn(sent: Form): string {
  const reason = sent.text('reason')
  if (reason !== '' && reason.length <= LONGEST_REASON) return reason
  const isMissing = reason === ''
  throw invalid(
    isMissing ? 'A lock needs a reason, so that others know what they wait for.' : 'The reason is too long.',
    isMissing ? 'none' : `${reason.length} characters`,
    `1 to ${LONGEST_REASON} characters`,
  )
}

const invalid = (sentence: string, found: string, wanted: string): RequestRefused =>
  new RequestRefused('REQUEST_INVALID', { sentence, found, wanted, next: 'Go back, and fill in the form again.' })
