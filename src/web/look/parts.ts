import { html } from 'hono/html'
import type { Deployment, State } from '../../deploy/deployment.ts'
import { shortCommit, shortDigest, utc } from '../../deploy/wording.ts'
import { duration, type Mark, type Word } from '../../deploy/words.ts'

/** The pieces that every page is made of. Whatever stands between `${}` is escaped by `html`. */
export type Markup = ReturnType<typeof html>

/** What a mark looks like, and what a screen reader says for it. */
const MARKS: Record<Mark, { readonly icon: string; readonly word: string }> = {
  running: { icon: 'M8 2a6 6 0 1 1-6 6', word: 'in progress' },
  waiting: { icon: 'M4 2h8M4 14h8M5 2c0 4 6 4 6 6s-6 2-6 6M11 2c0 4-6 4-6 6s6 2 6 6', word: 'waiting' },
  done: { icon: 'M3 8.5l3.5 3.5L13 4.5', word: 'done' },
  failed: { icon: 'M4 4l8 8M12 4l-8 8', word: 'failed' },
  refused: { icon: 'M8 2a6 6 0 1 0 .01 0M4 12l8-8', word: 'refused' },
  skipped: { icon: 'M3 4l5 4-5 4M9 4l5 4-5 4', word: 'skipped' },
  unknown: { icon: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.8v.2', word: 'unknown' },
}

/** `isSaid`: where no word beside it says the same. */
export function markOf(mark: Mark, isSaid = false): Markup {
  const { icon, word } = MARKS[mark]
  return html`<span class="mark ${mark}"
    ><svg viewBox="0 0 16 16" aria-hidden="true" focusable="false"><path d="${icon}" /></svg
    >${isSaid ? html`<span class="unseen">${word}</span>` : ''}</span
  >`
}

export type Tone = 'calm' | 'busy' | 'wait' | 'good' | 'bad' | 'doubt'

export const pill = (tone: Tone, words: string): Markup => html`<span class="pill ${tone}">${words}</span>`

/** How a state looks: one tone each, and one word. */
export const STATES: Record<State, { readonly tone: Tone; readonly word: string }> = {
  requested: { tone: 'busy', word: 'Beginning' },
  gating: { tone: 'busy', word: 'Checking' },
  resolving: { tone: 'busy', word: 'Checking' },
  verifying: { tone: 'busy', word: 'Checking' },
  waiting: { tone: 'wait', word: 'Waiting' },
  queued: { tone: 'wait', word: 'In the queue' },
  applying: { tone: 'busy', word: 'Deploying' },
  observing: { tone: 'busy', word: 'Deploying' },
  restoring: { tone: 'bad', word: 'Putting back' },
  success: { tone: 'good', word: 'Deployed' },
  refused: { tone: 'bad', word: 'Refused' },
  failure: { tone: 'bad', word: 'Failed' },
  cancelled: { tone: 'calm', word: 'Cancelled' },
  superseded: { tone: 'calm', word: 'Superseded' },
  unknown: { tone: 'doubt', word: 'Not known' },
}
export const statePill = ({ state }: Pick<Deployment, 'state'>): Markup => pill(STATES[state].tone, STATES[state].word)

/** `12 min ago`, with the time itself for whoever wants it. The script keeps it true. */
export function ago(at: number, now: number): Markup {
  return html`<time datetime="${new Date(at).toISOString()}" title="${utc(at)}" data-ago>${agoWords(now - at)}</time>`
}

export function agoWords(ms: number): string {
  if (ms < 0) return `in ${span(-ms)}`
  return ms < 10_000 ? 'just now' : `${span(ms)} ago`
}

/** The one unit that says enough: `40 s`, `12 min`, `5 h`, `3 days`. */
function span(ms: number): string {
  const [seconds, minutes, hours, days] = [ms / 1000, ms / 60_000, ms / 3_600_000, ms / 86_400_000].map(Math.round) as [
    number,
    number,
    number,
    number,
  ]
  if (seconds < 60) return `${seconds} s`
  if (minutes < 60) return `${minutes} min`
  return hours < 48 ? `${hours} h` : `${days} days`
}

export const until = (at: number): Markup => html`<time datetime="${new Date(at).toISOString()}">${utc(at)}</time>`

/** How long it took; while it runs, how long it has taken. */
export function took({ createdAt, endedAt }: Pick<Deployment, 'createdAt' | 'endedAt'>, now: number): string {
  return duration(Math.max(0, (endedAt ?? now) - createdAt))
}

export const digestOf = (digest: string | null): Markup =>
  digest === null ? html`<span class="soft">not found yet</span>` : html`<code title="${digest}">${shortDigest(digest)}</code>`

/** `home`: GitHub's page of the repository. */
export const commitOf = (commit: string, home: string): Markup =>
  html`<a href="${home}/commit/${commit}" rel="noreferrer"><code>${shortCommit(commit)}</code></a>`

/** The configuration's own word: nothing but an address of the web is a link. */
export const isWeb = (url: string): boolean => /^https?:\/\//i.test(url)

/** The words of `deploy/words.ts` for a page: nobody is notified here. */
export const inMarkup = (words: readonly Word[]): Markup =>
  html`${words.map((word) => {
    if (typeof word === 'string') return word
    if ('person' in word) return html`<b>${word.person}</b>`
    if ('mention' in word) return html`<b>${word.mention}</b>`
    if ('place' in word) return html`<b class="place">${word.place}</b>`
    return 'name' in word ? html`<code>${word.name}</code>` : word.prose
  })}`

/** Names of apps and environments have no colon, so that no two places share it. Wherever it is an `id`, something stands before it. */
export const placeId = (app: string, environment: string): string => `${app}:${environment}`

/** A list of what is said in two words: what it is, and it. */
export const facts = (all: readonly (readonly [name: string, value: Markup | string] | null)[]): Markup =>
  html`<dl class="facts">
    ${all
      .filter((one) => one !== null)
      .map(
        ([name, value]) =>
          html`<div>
            <dt>${name}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
  </dl>`

/** An empty place says what would be there, and how it comes there. */
export const empty = (sentence: string, next: Markup | string = ''): Markup => html`<p class="empty">${sentence} ${next}</p>`
