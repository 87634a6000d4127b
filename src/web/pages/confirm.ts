import { html } from 'hono/html'
import type { DeployRequest, Repository, Subject } from '../../deploy/deployment.ts'
import { deep, maskedProblem, maskFor } from '../../deploy/mask.ts'
import type { Code, Problem } from '../../errors.ts'
import { begin, formKey, repositoryToChange, requestOf, isSame, reused } from '../asking.ts'
import { BUTTONS } from '../button.ts'
import { NONCE } from '../form.ts'
import { askForm } from '../look/ask-form.ts'
import { frame } from '../look/frame.ts'
import { crumbs, nameOf } from '../look/links.ts'
import { problemPanel } from '../look/problem.ts'
import { REPOSITORY, repositoryIn } from '../place.ts'
import { refusedWith } from '../problems.ts'
import { visitorOf, type Page, type Visit, type Visiting, type Visitor } from '../visit.ts'
import { commitsBetween } from './confirm/commits.ts'
import { COMMIT, headingOf, whole } from './confirm/shown.ts'
import { invalid, threadOf, wantedIn, type Wanted } from './confirm/wanted.ts'

const DEPLOY = `${REPOSITORY}/deploy`

/** What a deployment would come to, by a dry run, and the button that has it done: what was shown is what is deployed. */
export const confirm: Page = (site, doors) => {
  site.get(DEPLOY, async (c) => {
    const visitor = visitorOf(c)
    const query = new URL(c.req.url).searchParams
    const wanted = wantedIn((name) => query.get(name)?.trim() || null, [...new Set(query.keys())])
    const repository = await repositoryToChange(repositoryIn(c), visitor.caller, doors)
    const asked = await askedBy(visitor, repository, wanted, doors)
    const found = await doors.service.rehearse(asked, { showsHead: true })
    if (!('plan' in found)) return corrected(c, asked, found.problem, wanted, doors)
    const rehearsal = deep(found, maskFor(doors.mask, repository))
    const between = await commitsBetween(repository, found.former?.commit ?? null, found.plan.commit, doors)
    const it = { repository, wanted, rehearsal, between }
    const main = html`${crumbs(repository, [rehearsal.plan.environment])} ${whole(it, visitor, doors)}`
    return c.html(frame({ title: headingOf(it), place: 'environments', main }, c, doors))
  })
  site.post(DEPLOY, async (c) => {
    const { caller } = visitorOf(c)
    const sent = c.get('form')
    const wanted = wantedIn(sent.given, sent.names)
    const repository = await repositoryToChange(repositoryIn(c), caller, doors)
    if (wanted.asks.expect === null)
      throw invalid('Nobody has seen yet what would be deployed.', 'a form without what it showed', 'what the page showed')
    const subject = await threadOf(wanted, repository, doors)
    const key = await formKey(caller, repository, 'deploy', sent.given(NONCE), doors)
    const headSeen = seenOn(subject, wanted) ? commitIn(sent.given(COMMIT)) : null
    const request = requestOf({ caller, repository, key, subject, asks: wanted.asks, headSeen, door: 'page' }, doors)
    const deployment = begin(request, doors)
    if (!isSame(deployment.request, request)) throw reused()
    return c.redirect(`/d/${deployment.id}`, 303)
  })
}

function commitIn(text: string | null): string | null {
  if (text === null || /^[0-9a-f]{40,64}$/.test(text)) return text
  throw invalid('That is no commit.', text.slice(0, 40), 'the commit that the page showed')
}

/** On a pull request its head is meant, and the page shows which one that is. */
const seenOn = (subject: Subject | null, { asks }: Wanted): boolean => subject?.isPull === true && asks.ref === null && asks.origin === null

async function askedBy({ caller }: Visitor, repository: Repository, wanted: Wanted, doors: Visiting): Promise<DeployRequest> {
  const subject = await threadOf(wanted, repository, doors)
  const key = `w:${repository.id}:${caller.key}:${doors.random()}`
  return requestOf({ caller, repository, key, subject, asks: wanted.asks, door: 'page' }, doors)
}

/** Of what was typed: it can be typed again. */
const TYPED: ReadonlySet<Code> = new Set<Code>(['IMAGE_REQUIRED', 'IMAGE_NOT_DECLARED', 'REFERENCE_INVALID', 'REF_NOT_FOUND', 'PARAMETER_INVALID'])

/** What was typed does not fit: the form once more, with it, and above it what is wrong. Everything else is a problem's own page. */
async function corrected(c: Visit, request: DeployRequest, found: Problem, { asks }: Wanted, doors: Visiting): Promise<Response> {
  const { repository } = request
  const mask = maskFor(doors.mask, repository)
  const problem = maskedProblem(found, mask)
  if (!TYPED.has(found.code) || asks.origin !== null) throw refusedWith(problem)
  const place = await doors.service.place(request, { app: asks.app, environment: asks.environment })
  if ('problem' in place) throw refusedWith(problem)
  const images = [...place.app.images.values()].map((image) => deep(image, mask))
  const askable = { repository: nameOf(repository), app: place.app.name, isOnlyApp: asks.app === null, rules: deep(place.rules, mask), images }
  const press = html`<div class="actions"><button class="button primary" data-busy="${BUTTONS.idle.busy}">${BUTTONS.idle.caption}</button></div>`
  const main = html`${crumbs(repository, [place.rules.name])}
    <div class="narrow">
      <h1>Deploy to ${place.rules.name}</h1>
      ${problemPanel(problem, doors.docs)} ${askForm({ ...askable, needsImage: found.code === 'IMAGE_REQUIRED' }, asks, press)}
    </div>`
  return c.html(frame({ title: `Deploy to ${place.rules.name}`, place: 'environments', main }, c, doors), 422)
}
