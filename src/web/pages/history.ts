import { html } from 'hono/html'
import type { Repository, State } from '../../deploy/deployment.ts'
import { maskedDeployment } from '../../deploy/mask.ts'
import type { EnvironmentRecord } from '../../deploy/overview.ts'
import { placeIn } from '../places.ts'
import { repositoryFor } from '../asking.ts'
import { frame } from '../look/frame.ts'
import { faring, rows } from '../look/history.ts'
import { crumbs, nameOf } from '../look/links.ts'
import { STATES, type Markup } from '../look/parts.ts'
import { REPOSITORY, repositoryIn } from '../place.ts'
import { visitorOf, type Page, type Visiting } from '../visit.ts'

const ON_A_PAGE = 30

interface Filter {
  readonly environment: string | null
  readonly state: State | null
}

/** What was ever deployed in a repository, page by page, and how one environment fares. */
export const history: Page = (site, doors) => {
  site.get(`${REPOSITORY}/history`, async (c) => {
    const visitor = visitorOf(c)
    const repository = await repositoryFor(repositoryIn(c), visitor.caller, doors)
    const { environment, state, before } = c.req.query()
    const filter = { environment: environment?.slice(0, 100) || null, state: FILTERS.find((one) => one === state) ?? null }
    const main = html`${crumbs(repository, ['History'])}
      <h1>History</h1>
      ${await whole(repository, filter, before, doors)}`
    return c.html(frame({ title: `History of ${nameOf(repository)}`, place: 'environments', main, refresh: 60 }, c, doors))
  })
}

async function whole(repository: Repository, filter: Filter, before: string | undefined, doors: Visiting): Promise<Markup> {
  const { overview, history: kept, mask, clock } = doors
  const known = await overview.environments(repository.id)
  const page = kept.page({ repository: repository.id, ...filter, before: placeIn(before) }, ON_A_PAGE)
  const fitting = known.filter(({ environment }) => filter.environment === null || environment === filter.environment)
  const meant = fitting.find(({ last }) => last !== null) ?? fitting[0]
  const all = page.deployments.map((one) => maskedDeployment(one, mask))
  return html`${meant === undefined ? '' : faring(meant, new Set(known.map(({ app }) => app)).size === 1, doors)}
    ${filters(repository, filter, known)}
    <div id="history" data-live>${rows(all, clock.now())}${pager(repository, filter, before ?? null, page.next)}</div>`
}

/** Those that one looks for. */
const FILTERS: readonly State[] = ['success', 'failure', 'refused', 'cancelled', 'superseded', 'unknown', 'waiting', 'queued', 'applying']

function filters(repository: Repository, filter: Filter, known: readonly EnvironmentRecord[]): Markup {
  const environments = [...new Set([...known.map(({ environment }) => environment), ...(filter.environment === null ? [] : [filter.environment])])]
  const option = (value: string, words: string, chosen: string | null): Markup =>
    html`<option value="${value}" ${value === chosen ? html` selected` : ''}>${words}</option>`
  return html`<form class="filters" method="get" action="/r/${nameOf(repository)}/history">
    <label
      >Environment
      <select name="environment">
        ${option('', 'All', null)} ${environments.map((name) => option(name, name, filter.environment))}
      </select></label
    >
    <label
      >State
      <select name="state">
        ${option('', 'All', null)} ${FILTERS.map((state) => option(state, STATES[state].word, filter.state))}
      </select></label
    >
    <button>Show</button>
  </form>`
}

function pager(repository: Repository, { environment, state }: Filter, before: string | null, next: number | null): Markup {
  if (before === null && next === null) return html``
  const to = (place: string | null): string => {
    const said = Object.entries({ environment, state, before: place }).filter((one): one is [string, string] => one[1] !== null)
    return `/r/${nameOf(repository)}/history?${new URLSearchParams(said).toString()}`
  }
  return html`<nav class="pager" aria-label="Pages">
    ${before === null ? '' : html`<a href="${to(null)}">Newest</a>`} ${next === null ? '' : html`<a href="${to(next.toString(36))}">Older</a>`}
  </nav>`
}
