import { html } from 'hono/html'
import type { Deployment } from '../../deploy/deployment.ts'
import { figuresOf } from '../../deploy/figures.ts'
import type { EnvironmentRecord } from '../../deploy/overview.ts'
import { shortImages } from '../../deploy/words.ts'
import type { Visiting } from '../visit.ts'
import { chart, figures } from './chart.ts'
import { ASKED } from './links.ts'
import { ago, empty, statePill, took, type Markup } from './parts.ts'
import { table } from './table.ts'

/** What was deployed, newest first; already masked. */
export function rows(all: readonly Deployment[], now: number): Markup {
  if (all.length === 0) return empty('There is no such deployment.')
  return table(
    'Deployments',
    ['State', 'What', 'Where', 'Who', 'When', 'Took'],
    all.map((one) => row(one, now)),
    'history',
  )
}

const ORIGINS = { rollback: 'rolled back to', promote: 'promoted', retry: 'once more' } as const

function row(deployment: Deployment, now: number): Markup {
  const { id, plan, request, createdAt } = deployment
  const { origin } = request.asks
  const app = plan?.app ?? request.asks.app
  const environment = plan?.environment ?? request.asks.environment ?? 'the default one'
  return html`<tr>
    <td>${statePill(deployment)}</td>
    <th scope="row">
      <a href="/d/${id}">${whatOf(deployment)}</a>${origin === null ? '' : html` <span class="soft">${ORIGINS[origin.kind]}</span>`}
    </th>
    <td>${environment}${app === null || app === request.repository.name ? '' : html` <span class="soft">${app}</span>`}</td>
    <td>${request.actor.login} <span class="soft">${ASKED[request.door]}</span></td>
    <td>${ago(createdAt, now)}</td>
    <td class="took">${took(deployment, now)}</td>
  </tr>`
}

export const whatOf = ({ plan, request }: Pick<Deployment, 'plan' | 'request'>): string =>
  plan === null ? (request.asks.image ?? 'an image') : shortImages(plan)

/** Enough for four weeks of a busy environment, and bounded. */
const MOST_COUNTED = 300

/** How one environment fares: the picture and the figures. */
export function faring({ key, app, environment }: EnvironmentRecord, isOnlyApp: boolean, { history, clock }: Visiting): Markup {
  const now = clock.now()
  const found = figuresOf(history.ended(key, MOST_COUNTED), now)
  return html`<section id="faring" class="faring" data-live aria-labelledby="faring-title">
    <h2 id="faring-title">How ${isOnlyApp ? environment : `${app}/${environment}`} fares</h2>
    ${
      found.series.length === 0
        ? empty('No deployment has ended here yet that changed something.')
        : html`<div class="faring-parts">${chart(found, now)} ${figures(found)}</div>`
    }
  </section>`
}
