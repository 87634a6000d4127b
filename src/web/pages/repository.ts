import { html } from 'hono/html'
import type { Repository } from '../../deploy/deployment.ts'
import { maskedDeployment } from '../../deploy/mask.ts'
import type { Problem } from '../../errors.ts'
import { formKey, repositoryFor, repositoryToChange, requestOf } from '../asking.ts'
import { environmentCard } from '../look/environment.ts'
import { form, frame, type Shown } from '../look/frame.ts'
import { faring, rows } from '../look/history.ts'
import { crumbs, homeOf, nameOf, outside } from '../look/links.ts'
import { empty, type Markup } from '../look/parts.ts'
import { problemPanel } from '../look/problem.ts'
import { REPOSITORY, repositoryIn } from '../place.ts'
import { visitorOf, type Page, type Visiting, type Visitor } from '../visit.ts'
import { card } from './repository/card.ts'
import { locks } from './repository/locks.ts'
import { LOOK } from './repository/press.ts'
import { createStandings, type Around, type Stood } from './repository/standing.ts'

/** Seconds. Whoever watches something at work sees it go on; everybody else costs GitHub little. */
const REFRESH = { atWork: 5, atRest: 30 } as const

/** Every environment of a repository with its button, for whoever looks, and what was deployed there. */
export const repository: Page = (site, doors) => {
  const standings = createStandings(doors)
  site.get(REPOSITORY, async (c) => {
    const visitor = visitorOf(c)
    const found = await repositoryFor(repositoryIn(c), visitor.caller, doors)
    const stood = await standings.of(found, visitor)
    return c.html(frame(shown(found, stood, visitor, doors), c, doors))
  })
  site.post(`${REPOSITORY}/look`, async (c) => {
    const { caller } = visitorOf(c)
    const found = await repositoryToChange(repositoryIn(c), caller, doors)
    const key = await formKey(caller, found, 'look', null, doors)
    await doors.service.standings(requestOf({ caller, repository: found, key, door: 'page' }, doors), { settles: true })
    standings.changed(found.id)
    return c.redirect(`/r/${nameOf(found)}`, 303)
  })
  locks(site, doors, REPOSITORY, repositoryIn, standings.changed)
}

function shown(found: Repository, { places, records, former, isAtWork }: Stood, visitor: Visitor, doors: Visiting): Shown {
  const name = nameOf(found)
  const apps = 'problem' in places ? 1 : new Set(places.map(({ app }) => app.name)).size
  const around = { repository: found, visitor, doors, records, isOnlyApp: apps === 1 }
  const main = html`${crumbs(found)}
    <div class="title">
      <h1>${name}</h1>
      ${outside(homeOf(found, doors), 'On GitHub')}
    </div>
    ${
      'problem' in places
        ? html`<div id="configuration" data-live>${unconfigured(places.problem, found, doors)}</div>`
        : html`<ul class="cards places">
            ${places.map((standing) => card(standing, around))}
          </ul>`
    }
    ${
      former.length === 0
        ? ''
        : html`<section aria-labelledby="former-title">
            <h2 id="former-title">${'problem' in places ? 'On record' : 'No longer in the configuration'}</h2>
            <ul class="cards" id="former" data-live>
              ${former.map((record) => environmentCard(record, name, doors))}
            </ul>
          </section>`
    }
    ${form(`/r/${name}/look`, visitor.session, html``, html`id="${LOOK}"`)} ${past(around)}`
  return { title: name, place: 'environments', refresh: isAtWork ? REFRESH.atWork : REFRESH.atRest, main }
}

/** The check run of a pull request says the same of the file, line by line. */
function unconfigured(problem: Problem, found: Repository, doors: Visiting): Markup {
  const [, line, column] = /^(\d+):(\d+)/.exec(problem.found ?? '') ?? []
  const file = `${homeOf(found, doors)}/blob/HEAD/.github/deploy.yml`
  const isFile = problem.code.startsWith('CONFIGURATION_')
  const place =
    line === undefined ? '' : html`<p>${outside(`${file}#L${line}`, html`Line ${line}, column ${column} of <code>.github/deploy.yml</code>`)}</p>`
  const start =
    doors.docs === null || problem.code !== 'CONFIGURATION_MISSING' ? '' : html`<p><a href="/docs/configuration">One to start from</a></p>`
  return problemPanel(problem, doors.docs, html`${isFile ? place : ''}${start}`)
}

const RECENT = 10

function past({ repository: found, doors, records, isOnlyApp }: Around): Markup {
  const { history, mask, clock } = doors
  const { deployments, next } = history.page({ repository: found.id, environment: null, state: null, before: null }, RECENT)
  // One in which something has succeeded has more to tell.
  const newest = records.find(({ last }) => last !== null) ?? records[0]
  const all = deployments.map((one) => maskedDeployment(one, mask))
  return html`${newest === undefined ? '' : faring(newest, isOnlyApp, doors)}
    <section id="history" data-live aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      ${all.length === 0 ? empty('Nothing has been deployed here yet.') : rows(all, clock.now())}
      ${all.length === 0 ? '' : html`<p class="pager"><a href="/r/${nameOf(found)}/history">${next === null ? 'Filter it' : 'All deployments'}</a></p>`}
    </section>`
}
