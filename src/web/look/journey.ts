import { html } from 'hono/html'
import { hasEnded, type Deployment } from '../../deploy/deployment.ts'
import type { Estimate } from '../../deploy/estimate.ts'
import { capital } from '../../deploy/wording.ts'
import { duration, steps as stepWords } from '../../deploy/words.ts'
import { ago, markOf, type Markup } from './parts.ts'

/** How a deployment goes: how far it is, its steps, its log. */

/**
 * Nothing is promised that earlier deployments do not bear out: with fewer than three the bar moves by steps alone, and what takes longer than
 * nine in ten did is said to. `stepsDone`: the share of them, 0 to 1. `data-…`: from which the script lets the bar go on between two steps.
 */
export function progress(deployment: Deployment, { done, expected, left, spread, isLate }: Estimate, stepsDone: number): Markup {
  const running = deployment.steps.find(({ outcome }) => outcome === 'running')
  const usual = spread === null ? 'There are too few earlier deployments to say how long it takes.' : `It usually takes ${range(spread)}.`
  const isWaiting = deployment.state === 'waiting' || deployment.state === 'queued'
  const remaining = left === null ? '' : html`<span data-left="${left}">About ${duration(left)} left.</span> `
  return html`<div class="progress">
    <progress
      max="1"
      value="${(expected === null ? stepsDone : done).toFixed(3)}"
      aria-label="Progress"
      ${expected === null || running === undefined || isWaiting ? '' : html`data-expected="${expected}"`}
    ></progress>
    <p class="soft">
      ${isWaiting ? 'The time that it waits does not count.' : html`${isLate ? 'It takes longer than nine in ten did. ' : remaining}${usual}`}
    </p>
  </div>`
}

function range([low, high]: readonly [number, number]): string {
  const [from, to] = [duration(low), duration(high)]
  return from === to ? from : `${from} to ${to}`
}

/** The same steps, words and times as in the comment. */
export function steps(deployment: Deployment, now: number): Markup {
  const all = stepWords(deployment)
  const lines = all.map(({ mark, word, note, took }, index) => {
    const { startedAt, endedAt } = deployment.steps[index] ?? { startedAt: now, endedAt: null }
    const isRunning = endedAt === null && !hasEnded(deployment.state)
    const time = took ?? duration(now - startedAt)
    return html`<li class="${mark}" ${isRunning ? html` aria-current="step"` : ''}>
      ${markOf(mark, mark !== 'waiting')}
      <span class="word">${word}</span>
      ${note === null || note === '' ? '' : html`<span class="note">${note}</span>`}
      <span class="took" ${isRunning ? html` data-since="${startedAt}"` : ''}>${time}</span>
    </li>`
  })
  return html`<ol class="steps">
    ${lines}
  </ol>`
}

/** What every gate said, for whoever wants to know why. */
export function gates({ verdicts }: Pick<Deployment, 'verdicts'>): Markup {
  if (verdicts.length === 0) return html``
  return html`<details id="rules">
    <summary>What each of the ${verdicts.length} rules said</summary>
    ${gateList(verdicts)}
  </details>`
}

const GATE_MARKS = { passed: 'done', waits: 'waiting', refused: 'refused', skipped: 'skipped' } as const

export const gateList = (verdicts: Deployment['verdicts']): Markup =>
  html`<ul class="gates">
    ${verdicts.map(({ gate, outcome, sentence }) => html`<li>${markOf(GATE_MARKS[outcome], true)} <b>${capital(gate)}</b> <span>${sentence}</span></li>`)}
  </ul>`

/** Lines are added by the script as they come; whoever reads further up is left there. */
export function log({ log: lines, state }: Deployment): Markup {
  const text = lines.length === 0 ? '' : `${lines.join('\n')}\n`
  return html`<section class="log" aria-labelledby="log-title">
    <h2 id="log-title">Log</h2>
    <pre id="log" tabindex="0" role="log" aria-label="Log of the deployment" data-empty="${hasEnded(state) ? 'It said nothing.' : 'Nothing yet.'}">
${text}</pre>
  </section>`
}

/** Everybody's words on it. */
export function approvals({ approvals: all }: Deployment, now: number): Markup {
  if (all.length === 0) return html``
  return html`<ul class="words">
    ${all.map(
      ({ by, isApproval, reason, at }) =>
        html`<li>
          ${markOf(isApproval ? 'done' : 'refused')} <b>${by.login}</b> ${isApproval ? 'approved' : 'rejected'}
          ${ago(at, now)}${reason === null ? '' : html`: <bdi>${reason}</bdi>`}
        </li>`,
    )}
  </ul>`
}
