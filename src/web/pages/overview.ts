import { html } from 'hono/html'
import type { Repository } from '../../deploy/deployment.ts'
import type { EnvironmentRecord } from '../../deploy/overview.ts'
import { frame, type Shown } from '../look/frame.ts'
import { environmentCard } from '../look/environment.ts'
import { empty, type Markup } from '../look/parts.ts'
import type { Page, Visiting, Visitor } from '../visit.ts'

/** So many repositories are on one page; each costs a question about the visitor's role, once a minute. */
const ON_A_PAGE = 20

/** What runs in the repositories that I may see, from our own records alone: nobody is asked but GitHub, and that only whether I may. */
export const overview: Page = (site, doors) => {
  site.get('/', async (c) => {
    const visitor = c.get('visitor')
    const page = Math.min(50, Math.max(1, Math.trunc(Number(c.req.query('page') ?? '1')) || 1))
    const shown = visitor === null ? welcome(doors) : await environments(visitor, page, doors)
    return c.html(frame(shown, c, doors))
  })
}

function welcome({ origin }: Visiting): Shown {
  const main = html`<div class="narrow welcome">
    <h1>Deploy by asking, and see what runs</h1>
    <p>
      Gantry deploys container images when people ask for it on GitHub: with <code>/deploy production</code> in a comment, a label, a button on a
      check run, or here. It proves that the image can be pulled before anything changes, and tells you who can fix what when it cannot.
    </p>
    ${
      origin === null
        ? html`<p class="problem">Nobody can sign in yet: whoever runs this Gantry has to set <code>GANTRY_URL</code>.</p>`
        : html`<p><a class="button primary" href="/login">Sign in with GitHub</a></p>
            <p class="soft">You see here what you may see on GitHub. Gantry keeps no token of yours.</p>`
    }
  </div>`
  return { title: 'Welcome', main }
}

async function environments(visitor: Visitor, page: number, doors: Visiting): Promise<Shown> {
  const { repositories } = visitor.session
  const byId = new Map(repositories.map((one) => [one.id, one]))
  const active = await doors.overview.active(repositories)
  const from = (page - 1) * ON_A_PAGE
  const candidates = active.slice(from, from + ON_A_PAGE).flatMap((id) => byId.get(id) ?? [])
  const seen = await recordedOf(await seenOf(candidates, visitor), doors)
  const quiet = repositories.filter(({ id }) => !active.includes(id))
  const main = html`<h1>Environments</h1>
    <div id="environments" data-live>
      ${seen.length === 0 ? empty('Nothing has been deployed yet in a repository that you may see.') : seen.map((one) => section(one, doors))}
    </div>
    ${pager(page, active.length > from + ON_A_PAGE)} ${others(quiet)}
    <p class="soft">
      These are the repositories that you and the App could see when you signed in. <a href="/login">Look again</a> after you have installed it on
      others.
    </p>`
  return { title: 'Environments', main, place: 'environments', refresh: 10 }
}

/** Rights end while somebody is signed in. Where GitHub cannot be asked about one, it is not shown. */
async function seenOf(repositories: readonly Repository[], { caller }: Visitor): Promise<readonly Repository[]> {
  const answers = await Promise.all(repositories.map(async (one) => ((await Promise.resolve(caller.sees(one)).catch(() => false)) ? one : null)))
  return answers.filter((one) => one !== null)
}

interface Recorded {
  readonly repository: Repository
  readonly records: readonly EnvironmentRecord[]
}

const recordedOf = (repositories: readonly Repository[], { overview }: Visiting): Promise<readonly Recorded[]> =>
  Promise.all(repositories.map(async (repository) => ({ repository, records: await overview.environments(repository.id) })))

function section({ repository, records }: Recorded, doors: Visiting): Markup {
  const name = `${repository.owner}/${repository.name}`
  const cards = records.map((record) => environmentCard(record, name, doors))
  return html`<section class="repository" aria-labelledby="r${repository.id}">
    <h2 id="r${repository.id}"><a href="/r/${name}">${name}</a></h2>
    <ul class="cards">
      ${cards}
    </ul>
  </section>`
}

const MOST_QUIET = 30

function others(quiet: readonly Repository[]): Markup {
  if (quiet.length === 0) return html``
  const links = quiet.slice(0, MOST_QUIET).map(({ owner, name }) => html`<li><a href="/r/${owner}/${name}">${owner}/${name}</a></li>`)
  const more = quiet.length > MOST_QUIET ? html`<li class="soft">and ${quiet.length - MOST_QUIET} more: open /r/OWNER/NAME</li>` : ''
  return html`<section aria-labelledby="quiet">
    <h2 id="quiet">Nothing deployed yet</h2>
    <ul class="plain">
      ${links} ${more}
    </ul>
  </section>`
}

function pager(page: number, hasMore: boolean): Markup {
  if (page === 1 && !hasMore) return html``
  return html`<nav class="pager" aria-label="Pages">
    ${page > 1 ? html`<a href="/?page=${page - 1}">Newer</a>` : ''} ${hasMore ? html`<a href="/?page=${page + 1}">Older</a>` : ''}
  </nav>`
}
