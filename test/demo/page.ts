import { html } from '../../src/runtime/setup-pages.ts'
import { ENVIRONMENTS } from './configuration.ts'
import { icon, sprite } from './icons.ts'
import type { Region } from './thread.ts'
import { BRANCH } from './town.ts'
import type { Town } from './town.ts'

/** Beside this file. */
export const STYLES = ['/page.css', '/thread.css', '/aside.css', '/narrow.css']

/** The whole document; `regions` are what changes while one looks at it. */
export function pageOf(town: Town, regions: readonly Region[]): string {
  const { pull, github } = town
  const region = (id: string) => ({ html: regions.find((one) => one.id === id)?.html ?? '' })
  const items = { html: regions.flatMap(({ into, html }) => (into === 'timeline' ? [html] : [])).join('') }
  const repository = `${github.repository.owner.login}/${github.repository.name}`
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${pull.title} · Gantry demo</title>
        <link rel="icon" href="/crane.svg" type="image/svg+xml" />
        ${{ html: STYLES.map((name) => html`<link rel="stylesheet" href="${name}" />`.html).join('') }}
        <script src="/page.js" type="module"></script>
      </head>
      <body>
        ${{ html: sprite() }}
        <a class="skip" href="#text">Skip to the comment box</a>
        <header class="top">
          <span class="brand">${icon('crane')} Gantry <span class="chip">demo</span></span>
          <span class="note">The real bot, a registry that wants a login, and a GitHub that is simulated on this machine</span>
          <a class="pages" href="${town.page}" target="_blank" rel="noopener">Gantry's own pages ${icon('open')}</a>
          ${region('bot')}
        </header>
        <div class="title">
          <p class="soft">${icon('lock')} ${repository}</p>
          <h1>${pull.title} <span class="soft">#${String(pull.number)}</span></h1>
          <p>
            <span class="pill">${icon('branch')} Open</span>
            <span><strong>ada</strong> wants to merge <code>${BRANCH}</code> into <code>main</code></span>
            ${region('labels')}
          </p>
        </div>
        <div class="columns">
          <main aria-label="Conversation">
            ${welcome}
            <ol id="timeline" aria-label="Timeline">
              ${items}
            </ol>
            ${composer}
          </main>
          <aside aria-label="What came of it">${sites(region)} ${work(region)} ${trouble(region)} ${region('backstage')}</aside>
        </div>
        <div id="said" class="unseen" role="status"></div>
      </body>
    </html> `.html
}

const welcome = html`<section class="card welcome" aria-labelledby="welcome">
  <h2 id="welcome">Deploy something</h2>
  <p>
    Comment <code>/deploy staging</code> as <strong>ada</strong>, who may, and watch one comment, one check run, one deployment and the site itself
    change. Then try it as <strong>mallory</strong>, name <code>production</code> or the tags <code>:1.2</code> and <code>:broken</code>, mistype
    something, or make trouble.
  </p>
</section>`

const PHRASES = ['/deploy staging', '/deploy staging :1.1', '/deploy stagign', '/status', '/deploy help']

const composer = html`<form id="composer" class="card composer" method="post" action="/comment" aria-label="Add a comment">
  <fieldset class="who">
    <legend class="unseen">Comment as</legend>
    <label
      ><input type="radio" name="as" value="ada" checked /><span class="avatar ada" aria-hidden="true">A</span> ada <small>may deploy</small></label
    >
    <label
      ><input type="radio" name="as" value="mallory" /><span class="avatar mallory" aria-hidden="true">M</span> mallory
      <small>may only read</small></label
    >
  </fieldset>
  <button formaction="/label" formnovalidate name="label" value="deploy" class="quiet">${icon('label')} Add the label <code>deploy</code></button>
  <div class="phrases" role="group" aria-label="Fill in">
    ${{ html: PHRASES.map((text) => html`<button type="button" data-text="${text}">${text}</button>`.html).join('') }}
  </div>
  <label class="unseen" for="text">Comment</label>
  <textarea
    id="text"
    name="text"
    rows="2"
    required
    maxlength="4000"
    spellcheck="false"
    placeholder="/deploy staging"
    aria-describedby="complaint"
  ></textarea>
  <button class="primary">Comment</button>
  <p id="complaint" role="alert"></p>
</form>`

type Of = (id: string) => { readonly html: string }

const sites = (region: Of) =>
  html`<section class="card" aria-labelledby="sites">
    <h2 id="sites">What is served</h2>
    ${{ html: ENVIRONMENTS.map((name) => region(`site-${name}`).html + region(`frame-${name}`).html).join('') }}
  </section>`

const work = (region: Of) =>
  html`<section class="card" aria-labelledby="work">
    <h2 id="work">What GitHub shows</h2>
    <h3>Check runs</h3>
    ${region('checks')}
    <h3>Deployments</h3>
    ${region('deployments')}
  </section>`

const trouble = (region: Of) =>
  html`<section class="card" aria-labelledby="h-trouble">
    <h2 id="h-trouble">Make trouble</h2>
    ${region('troubles')}
  </section>`
