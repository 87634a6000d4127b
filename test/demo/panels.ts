import type { CheckRun, Deployment } from '../world/github/state.ts'
import { html } from '../../src/runtime/setup-pages.ts'
import { icon } from './icons.ts'
import { render } from './markdown.ts'
import type { Region } from './thread.ts'
import type { Served, Town } from './town.ts'
import { troubles } from './troubles.ts'

/** What stands beside the thread: labels, sites, check runs, deployments, trouble. */
export async function panels(town: Town): Promise<Region[]> {
  const served = await town.served()
  return [
    { id: 'labels', html: labels(town) },
    { id: 'bot', html: botState(town) },
    ...served.flatMap((site) => [
      { id: `site-${site.environment}`, html: siteHead(site) },
      { id: `frame-${site.environment}`, html: siteFrame(site) },
    ]),
    { id: 'checks', html: checks(town) },
    { id: 'deployments', html: deployments(town) },
    { id: 'troubles', html: troubleList(town) },
    { id: 'backstage', html: backstage(town) },
  ]
}

function labels({ pull }: Town): string {
  const all = [...pull.labels].map((name) => html`<span class="label">${icon('label')} ${name}</span>`.html).join(' ')
  return html`<span id="labels">${{ html: all }}</span>`.html
}

const botState = ({ isBotDown }: Town): string =>
  html`<span id="bot" class="bot-state ${isBotDown ? 'is-down' : 'is-up'}">${isBotDown ? 'the bot is down' : 'the bot is running'}</span>`.html

function siteHead({ environment, url, digest, isAway, tags }: Served): string {
  const version = digest === null ? 'nothing deployed yet' : html`<strong>:${tags[0] ?? 'untagged'}</strong> <code>${digest.slice(0, 19)}</code>`
  const open = digest === null ? '' : html`<a href="${url.href}" target="_blank" rel="noopener noreferrer">Open ${icon('open')}</a>`
  return html`<div class="site-head" id="site-${environment}">
    <h3>${environment}</h3>
    <span class="version">${isAway ? 'away: the bot itself serves it' : version}</span>${open}
  </div>`.html
}

/** A region of its own: the frame loads again only when another version is served. */
function siteFrame({ environment, url, digest }: Served): string {
  const src = `${url.href}?${digest ?? ''}`
  const frame = html`<iframe src="${src}" title="What ${environment} serves" sandbox="" referrerpolicy="no-referrer"></iframe>`
  return html`<div class="site-frame" id="frame-${environment}">${digest === null ? '' : frame}</div>`.html
}

const MOST = 3

function checks({ github }: Town): string {
  const all = github.repository.checks.slice(-MOST).toReversed()
  const list =
    all.length === 0
      ? html`<p class="soft">None yet.</p>`
      : html`<ul>
          ${{ html: all.map(check).join('') }}
        </ul>`
  return html`<div id="checks">${list}</div>`.html
}

function check({ id, name, status, conclusion, headSha, output, actions }: CheckRun): string {
  const state = conclusion ?? status.replace('_', ' ')
  const buttons = actions.map(
    ({ label, description }) =>
      html`<button id="press-${String(id)}-${label}" name="button" value="${label}" title="${description}">${label}</button>`.html,
  )
  return html`<li>
    ${icon(CHECK_MARKS[conclusion ?? status] ?? 'unknown')}
    <details data-key="${String(id)}">
      <summary><strong>${name}</strong> <span class="state">${state}</span> <span class="soft">on ${headSha.slice(0, 7)}</span></summary>
      <div class="prose small">${{ html: render([output?.summary, output?.text].filter(Boolean).join('\n\n')) }}</div>
    </details>
    ${
      actions.length === 0
        ? ''
        : html`<form class="presses" method="post" action="/press" aria-label="Buttons of ${name}">
            <input type="hidden" name="check" value="${String(id)}" />${{ html: buttons.join('') }}
          </form>`
    }
  </li>`.html
}

const CHECK_MARKS: Readonly<Record<string, string>> = {
  queued: 'waiting',
  in_progress: 'running',
  success: 'done',
  failure: 'failed',
  action_required: 'refused',
  neutral: 'skipped',
  skipped: 'skipped',
  cancelled: 'skipped',
}

function deployments({ github }: Town): string {
  const all = github.repository.deployments.slice(-MOST).toReversed()
  const list =
    all.length === 0
      ? html`<p class="soft">None yet.</p>`
      : html`<ul>
          ${{ html: all.map(deployment).join('') }}
        </ul>`
  return html`<div id="deployments">${list}</div>`.html
}

function deployment({ environment, sha, statuses }: Deployment): string {
  const states = ['created', ...statuses.map(({ state }) => state.replace('_', ' '))]
  const last = statuses.at(-1)
  const url = last?.state === 'success' ? last.environmentUrl : ''
  return html`<li>
    ${icon(DEPLOYMENT_MARKS[last?.state ?? 'queued'] ?? 'unknown')}
    <div>
      <strong>${environment}</strong> <span class="state">${states.at(-1) ?? ''}</span> <span class="soft">of ${sha.slice(0, 7)}</span>
      ${url === '' ? '' : html`<a href="${url}" target="_blank" rel="noopener noreferrer">View ${icon('open')}</a>`}
      <p class="trail soft">${states.join(' → ')}</p>
    </div>
  </li>`.html
}

const DEPLOYMENT_MARKS: Readonly<Record<string, string>> = {
  queued: 'waiting',
  pending: 'waiting',
  in_progress: 'running',
  success: 'done',
  failure: 'failed',
  error: 'failed',
  inactive: 'skipped',
}

function troubleList(town: Town): string {
  const all = troubles.map(({ name, words, hint, isOn }) => {
    const on = isOn(town)
    return html`<li>
      <form method="post" action="/trouble">
        <button id="trouble-${name}" name="name" value="${name}" aria-pressed="${String(on)}" aria-describedby="hint-${name}">
          <span>${words(town)}</span>
          <small id="hint-${name}">${hint}</small>
        </button>
      </form>
    </li>`.html
  })
  return html`<ul id="troubles">
    ${{ html: all.join('') }}
  </ul>`.html
}

const LINES = 14

function backstage({ github, registry }: Town): string {
  const { calls, webhooks } = github
  const lines = calls
    .slice(-LINES)
    .map(({ method, path, fields, status }) => `${method} ${path} ${fields.join(' ')}`.trimEnd() + ` → ${status || '…'}`)
  const summary = `${counted(webhooks.log.length, 'webhook')}, ${counted(calls.length, 'call')} to GitHub, ${counted(registry.oci.requests.length, 'request')} to the registry`
  return html`<details id="backstage">
    <summary>Behind the scenes: ${summary}</summary>
    <pre tabindex="0" aria-label="The last calls to GitHub">${lines.join('\n')}</pre>
  </details>`.html
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`
