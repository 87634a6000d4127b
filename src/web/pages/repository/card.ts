import { html } from 'hono/html'
import type { Deployment } from '../../../deploy/deployment.ts'
import type { EnvironmentStanding } from '../../../deploy/standings.ts'
import { shortImages } from '../../../deploy/words.ts'
import { conditionOf } from '../../look/condition.ts'
import { lockWords } from '../../look/environment.ts'
import { whatOf } from '../../look/history.ts'
import { homeOf, outside } from '../../look/links.ts'
import { ago, commitOf, digestOf, pill, placeId, statePill, type Markup } from '../../look/parts.ts'
import { codeLink } from '../../look/problem.ts'
import { rulesOf } from '../../look/rules.ts'
import { lockForm, unlockForm } from './locks.ts'
import { pressFor } from './press.ts'
import { isUnseen, type Around, type PlaceStanding } from './standing.ts'

/**
 * One environment: what runs, who holds it, and the button. The script replaces what has `data-live`, so nothing that somebody
 * types in stands in it.
 */
export function card(standing: PlaceStanding, around: Around): Markup {
  const { app, rules } = standing
  const { tone, word } = conditionIn(standing)
  const key = placeId(app.name, rules.name)
  return html`<li class="place card" id="place-${key}">
    <div class="standing ${tone}" id="now-${key}" data-live>
      <header>
        <h2>${rules.name}${around.isOnlyApp ? '' : html` <span class="soft">${app.name}</span>`}</h2>
        ${pill(tone, word)}
      </header>
      ${facts(standing, around)}
    </div>
    ${pressFor(standing, around)}
    <div class="asides">
      <details id="rules-${key}">
        <summary>Rules</summary>
        ${rulesOf(rules)}
      </details>
      ${isUnseen(standing) ? '' : lockForm(standing, around)}
    </div>
  </li>`
}

function facts(standing: EnvironmentStanding, around: Around): Markup {
  const { status } = standing
  const { visitor, repository, doors } = around
  const now = doors.clock.now()
  const { last, occupant, queue, waiting, locks, drift, url } = status
  const work = [...(occupant === null ? [] : [occupant]), ...queue, ...waiting]
  return html`${lastWords(last, around, now)} ${observedWords(standing, doors.docs)} ${url === null ? '' : html`<p>${outside(url, url)}</p>`}
  ${drift === null ? '' : html`<p class="held">Nobody asked Gantry for what runs: <code>${drift.seen.slice(0, 80)}</code>, seen ${ago(drift.at, now)}.</p>`}
  ${locks.map(
    (lock) =>
      html`<div class="held">
        <p>${lockWords(lock, now)}</p>
        ${isUnseen(standing) ? '' : unlockForm(lock, standing, repository, visitor)}
      </div>`,
  )}
  ${workWords(work, now)}`
}

/** More are in the history. */
const MOST_AT_WORK = 5

const workWords = (work: readonly Deployment[], now: number): Markup =>
  html`${
    work.length === 0
      ? ''
      : html`<ul class="work">
          ${work.slice(0, MOST_AT_WORK).map(
            (one) =>
              html`<li>
                ${statePill(one)} <a href="/d/${one.id}">${whatOf(one)}</a>
                <span class="soft">by ${one.request.actor.login} ${ago(one.createdAt, now)}</span>
              </li>`,
          )}
          ${work.length > MOST_AT_WORK ? html`<li class="soft">and ${work.length - MOST_AT_WORK} more</li>` : ''}
        </ul>`
  }`

function lastWords(last: Deployment | null, { repository, doors }: Around, now: number): Markup {
  if (last?.plan == null) return html`<p class="soft">Nothing has succeeded here yet.</p>`
  const { plan, request, endedAt, createdAt, id } = last
  return html`<p class="runs">
      <a href="/d/${id}"><b>${shortImages(plan)}</b></a> ${plan.artifacts.length === 1 ? digestOf(plan.artifacts[0]?.digest ?? null) : ''}
    </p>
    <p class="soft">since ${ago(endedAt ?? createdAt, now)} by ${request.actor.login}, commit ${commitOf(plan.commit, homeOf(repository, doors))}</p>`
}

/** What the target itself says now. */
function observedWords(standing: EnvironmentStanding, docs: string | null): Markup {
  const { observed, last } = standing.status
  if ('problem' in observed)
    return html`<p class="held">It is not known what runs: ${observed.problem.sentence} ${codeLink(observed.problem, docs)}</p>`
  if (observed.length === 0) return html`<p class="soft">What runs there is shown to those who may deploy there.</p>`
  const known = new Set(last?.plan?.artifacts.map(({ digest }) => digest))
  return html`<ul class="observed">
    ${observed.map(({ workload, digest, healthy }) => html`<li><code>${workload}</code> ${workloadWords(digest, healthy, known)}</li>`)}
  </ul>`
}

function workloadWords(digest: string | null, healthy: boolean, known: ReadonlySet<string | null>): Markup {
  if (digest === null) return html`<span class="soft">runs nothing of ours</span>`
  return html`runs ${known.has(digest) ? 'it' : digestOf(digest)} ${healthy ? pill('good', 'Healthy') : pill('bad', 'Not healthy')}`
}

function conditionIn({ status, newest }: PlaceStanding): ReturnType<typeof conditionOf> {
  const { occupant, drift, locks, observed, last, queue, waiting } = status
  const isUnhealthy = 'problem' in observed ? null : observed.some(({ digest, healthy }) => digest !== null && !healthy)
  return conditionOf({
    ...{ occupant, last, isDrifted: drift !== null, isLocked: locks.length > 0, awaited: queue.length + waiting.length },
    ...{ newest, observed: isUnhealthy === null ? 'unknown' : isUnhealthy ? 'unhealthy' : 'healthy' },
  })
}
