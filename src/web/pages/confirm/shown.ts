import { html } from 'hono/html'
import { expectedPlan } from '../../../deploy/plan.ts'
import type { PreflightReport } from '../../../deploy/images.ts'
import { rowMark, rowWords, verdict } from '../../../deploy/preflight-words.ts'
import type { Rehearsal } from '../../../deploy/rehearsal.ts'
import { shortImages } from '../../../deploy/words.ts'
import type { Repository } from '../../../deploy/deployment.ts'
import { BUTTONS, buttonOf } from '../../button.ts'
import { NONCE } from '../../form.ts'
import { form } from '../../look/frame.ts'
import { gateList } from '../../look/journey.ts'
import { confirmPath, homeOf, nameOf } from '../../look/links.ts'
import { commitOf, digestOf, markOf, until, type Markup } from '../../look/parts.ts'
import { codeLink, problemPanel } from '../../look/problem.ts'
import type { Visiting, Visitor } from '../../visit.ts'
import { commitList, type Between } from './commits.ts'
import { fieldsOf, hiddenFields, type Wanted } from './wanted.ts'

export interface Rehearsed {
  readonly repository: Repository
  readonly wanted: Wanted
  /** Masked. */
  readonly rehearsal: Rehearsal
  readonly between: Between | null
}

/** The commit that the page showed, as the form says it again. */
export const COMMIT = 'commit'

/** `Roll production back to shop:1.1`, `Promote shop:1.2 from staging to production`. */
export function headingOf({ wanted, rehearsal: { plan } }: Pick<Rehearsed, 'wanted' | 'rehearsal'>): string {
  const { origin } = wanted.asks
  const image = shortImages(plan)
  if (origin?.kind === 'rollback') return `Roll ${plan.environment} back to ${image}`
  return origin?.kind === 'promote' ? `Promote ${image} from ${origin.from} to ${plan.environment}` : `Deploy ${image} to ${plan.environment}`
}

/** What would happen, all of it, and the button that does it. */
export function whole(found: Rehearsed, visitor: Visitor, doors: Visiting): Markup {
  const { repository, rehearsal, between } = found
  const { plan, former, settings, verdicts, reports, changes } = rehearsal
  return html`<h1>${headingOf(found)}</h1>
    ${isThereAlready(rehearsal) ? html`<p class="notice">Exactly this runs there already: nothing would have to change.</p>` : ''}
    ${change(found, doors)}
    ${settings.length === 0 ? '' : html`<p class="settings">Settings that change: ${settings.map((name) => html`<code>${name}</code> `)}</p>`}
    ${'problem' in changes ? html`<p class="held">It is not known what runs: ${changes.problem.sentence} <code>${changes.problem.code}</code></p>` : ''}
    <section class="decision" id="decision" aria-label="Decision">${decision(found, visitor, doors)}</section>
    <div class="columns even">
      <div>
        ${between === null || former === null ? '' : commitList(between, repository, former.commit, plan.commit, doors)}
        ${reports.map((report, index) => preflight(report, index, doors.docs))}
      </div>
      <section aria-labelledby="gates-title">
        <h2 id="gates-title">Rules</h2>
        ${gateList(verdicts)}
      </section>
    </div>`
}

export function isThereAlready({ changes, settings, former }: Rehearsal): boolean {
  const isSame = !('problem' in changes) && changes.length > 0 && changes.every(({ from, to }) => from !== null && from === to)
  return isSame && former !== null && settings.length === 0
}

function change({ repository, rehearsal }: Rehearsed, doors: Visiting): Markup {
  const { plan, former, changes } = rehearsal
  const home = homeOf(repository, doors)
  const runs =
    'problem' in changes
      ? ''
      : changes.map(
          ({ workload, from }) =>
            html`<li><code>${workload}</code> ${from === null ? html`<span class="soft">nothing of ours</span>` : digestOf(from)}</li>`,
        )
  return html`<div class="change">
    <div>
      <h2>Runs now</h2>
      <p>${former === null ? html`<span class="soft">Nothing has succeeded there yet.</span>` : html`<b>${shortImages(former)}</b>`}</p>
      <ul>
        ${runs}
      </ul>
      ${former === null ? '' : html`<p class="soft">Commit ${commitOf(former.commit, home)}</p>`}
    </div>
    <div class="arrow" aria-hidden="true">→</div>
    <div>
      <h2>Will run</h2>
      ${plan.artifacts.map(
        ({ repository: image, tag, digest }) =>
          html`<p><b>${image.split('/').at(-1)}${tag === null ? '' : `:${tag}`}</b> ${digestOf(digest)} <span class="soft image">${image}</span></p>`,
      )}
      <p class="soft">Commit ${commitOf(plan.commit, home)}</p>
      ${parametersOf(plan.parameters)}
    </div>
  </div>`
}

function parametersOf(parameters: Rehearsal['plan']['parameters']): Markup {
  const all = Object.entries(parameters ?? {})
  return all.length === 0 ? html`` : html`<p class="soft">${all.map(([name, value]) => html`<code>${name}=${value}</code> `)}</p>`
}

/** The button as it stands: pressed, exactly what is shown is deployed, or nothing. */
function decision(found: Rehearsed, visitor: Visitor, doors: Visiting): Markup {
  const { repository, wanted, rehearsal } = found
  const { plan, planHash, problem, wait } = rehearsal
  const { state, caption, reason } = buttonOf({ of: 'rehearsal', problem, wait })
  const back = html`<a class="button" href="/r/${nameOf(repository)}">Back</a>`
  if (state !== 'confirm' || problem !== null) {
    const green = problem?.code === 'CHECKS_PENDING' && !wanted.asks.whenGreen ? greenLink(found) : ''
    return html`<div class="actions"><button disabled>${caption}</button>${green}${back}</div>
      ${problem === null ? '' : problemPanel(problem, doors.docs)}`
  }
  const inner = html`${hiddenFields(wanted)}<input type="hidden" name="${NONCE}" value="${doors.random()}" />
    <input type="hidden" name="expect" value="${planHash === null ? plan.commit : expectedPlan(planHash)}" />
    <input type="hidden" name="${COMMIT}" value="${plan.commit}" />
    <button class="button primary" data-busy="${BUTTONS.confirm.busy}">${headingOf(found)}</button>`
  return html`${wait === null ? '' : html`<p class="wait"><b>${reason}</b> It would be given up at ${until(wait.until)}.</p>`}
    <div class="actions">${form(`/r/${nameOf(repository)}/deploy`, visitor.session, inner)}${back}</div>
    <p class="soft">
      ${planHash === null ? 'The image is not there yet: this commit is deployed, or nothing.' : 'Exactly what is shown here is deployed, or nothing.'}
    </p>`
}

const greenLink = ({ repository, wanted }: Rehearsed): Markup =>
  html`<a class="button primary" href="${confirmPath(repository, { ...fieldsOf(wanted), green: '1' })}" data-busy="${BUTTONS.idle.busy}"
    >Once they are green</a
  >`

/** Row by row, with the fix of each that fails. Folded where there is nothing to fix. */
function preflight(report: PreflightReport, index: number, docs: string | null): Markup {
  const { image, rows, isPullable } = report
  return html`<section class="preflight" aria-labelledby="image-${index}">
    <h2 id="image-${index}"><code>${image}</code> ${verdict(report)}</h2>
    <details ${isPullable ? '' : html` open`}>
      <summary>What was looked at</summary>
      <ol class="steps">
        ${rows.map((row) => rowOf(row, docs))}
      </ol>
    </details>
  </section>`
}

function rowOf(row: PreflightReport['rows'][number], docs: string | null): Markup {
  const { note, problem } = row
  const fix = problem === null ? '' : html`<p class="fix"><b>Next:</b> ${problem.next} ${codeLink(problem, docs)}</p>`
  return html`<li class="${rowMark(row)}">
    ${markOf(rowMark(row), true)} <span class="word">${rowWords(row)}</span>
    ${note === '' ? '' : html`<span class="note">${note}</span>`} ${fix}
  </li>`
}
