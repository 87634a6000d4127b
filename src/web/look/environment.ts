import { html } from 'hono/html'
import type { Deployment, Lock } from '../../deploy/deployment.ts'
import { maskedDeployment, type Mask } from '../../deploy/mask.ts'
import type { EnvironmentRecord } from '../../deploy/overview.ts'
import { shortImages } from '../../deploy/words.ts'
import type { Visiting } from '../visit.ts'
import { conditionOf } from './condition.ts'
import { outside } from './links.ts'
import { ago, digestOf, pill, placeId, statePill, until, type Markup } from './parts.ts'

/** What our records say of one environment: what runs, since when, by whom, who holds it, who waits, and how it is. */
export function environmentCard(kept: EnvironmentRecord, repository: string, doors: Visiting): Markup {
  const record = maskedRecord(kept, doors.mask)
  const { app, environment, last, occupant, queue, waiting, newest, held } = record
  const { locks, drift } = held
  const now = doors.clock.now()
  const work = occupant ?? queue[0] ?? waiting[0] ?? null
  const { tone, word } = conditionOf({
    ...{ occupant, last, isDrifted: drift !== null, isLocked: locks.length > 0, awaited: queue.length + waiting.length },
    ...{ newest, observed: null },
  })
  return html`<li class="card ${tone}" id="e-${record.repository}-${placeId(app, environment)}">
    <header>
      <h3>
        <a href="/r/${repository}#place-${placeId(app, environment)}">${environment}</a
        >${app === repository.split('/')[1] ? '' : html` <span class="soft">${app}</span>`}
      </h3>
      ${pill(tone, word)}
    </header>
    ${running(last, now)}
    ${work === null ? '' : html`<p>${statePill(work)} <a href="/d/${work.id}">${nameOf(work)}</a> ${ago(work.createdAt, now)}</p>`}
    ${locks.map((lock) => html`<p class="held">${lockWords(lock, now)}</p>`)}
    ${drift === null ? '' : html`<p class="held">Nobody asked Gantry for what runs: <code>${drift.seen.slice(0, 80)}</code>, seen ${ago(drift.at, now)}.</p>`}
    ${queue.length + waiting.length < 2 ? '' : html`<p class="soft">${queue.length + waiting.length} wait.</p>`}
    ${newest.id === last?.id || newest.id === work?.id ? '' : html`<p>${statePill(newest)} <a href="/d/${newest.id}">${nameOf(newest)}</a> ${ago(newest.endedAt ?? newest.createdAt, now)}</p>`}
  </li>`
}

/** What was written down may be older than a secret. */
function maskedRecord(record: EnvironmentRecord, mask: Mask): EnvironmentRecord {
  const masked = (one: Deployment): Deployment => maskedDeployment(one, mask)
  const orNone = (one: Deployment | null): Deployment | null => one && masked(one)
  const { newest, last, occupant, queue, waiting } = record
  return { ...record, newest: masked(newest), last: orNone(last), occupant: orNone(occupant), queue: queue.map(masked), waiting: waiting.map(masked) }
}

function running(last: Deployment | null, now: number): Markup {
  if (last?.plan == null) return html`<p class="soft">Nothing has succeeded here yet.</p>`
  const { plan, request, endedAt, createdAt, id } = last
  return html`<p class="runs">
      <a href="/d/${id}"><b>${shortImages(plan)}</b></a> ${plan.artifacts.length === 1 ? digestOf(plan.artifacts[0]?.digest ?? null) : ''}
    </p>
    <p class="soft">since ${ago(endedAt ?? createdAt, now)} by ${request.actor.login}</p>`
}

const nameOf = ({ plan, request }: Deployment): string => (plan === null ? (request.asks.image ?? 'an image') : shortImages(plan))

export const lockWords = ({ owner, reason, since, until: end, url, environment }: Lock, now: number): Markup =>
  html`${environment === '*' ? 'The whole repository is locked' : 'Locked'} by
    <b>${owner?.login ?? 'Gantry'}</b> ${ago(since, now)}${end === null ? '' : html`, until ${until(end)}`}:
    <bdi>${reason}</bdi>${url === null ? '' : html` (${outside(url, 'asked here')})`}`
