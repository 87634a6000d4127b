import { html } from 'hono/html'
import type { Repository } from '../../../deploy/deployment.ts'
import type { Commits } from '../../../deploy/directory.ts'
import { maskFor } from '../../../deploy/mask.ts'
import { Failure } from '../../../errors.ts'
import { homeOf, outside } from '../../look/links.ts'
import { agoWords, commitOf, type Markup } from '../../look/parts.ts'
import type { Visiting } from '../../visit.ts'

/** What lies between the commit that runs and the one that would. */
export type Between =
  | { readonly kind: 'same' | 'unrelated' | 'not known' }
  | { readonly kind: 'between'; readonly forth: Commits; /** What would be taken back. */ readonly back: Commits | null }

const WHOLE = /^[0-9a-f]{40,64}$/

/** Null where nothing ran before. GitHub's trouble is no reason not to show the rest. */
export async function commitsBetween(repository: Repository, from: string | null, to: string, { directory }: Visiting): Promise<Between | null> {
  if (from === null || !WHOLE.test(from) || !WHOLE.test(to)) return null
  if (from === to) return { kind: 'same' }
  try {
    const forth = await directory.commits(repository, from, to)
    if (forth === null) return { kind: 'unrelated' }
    if (forth.status === 'identical') return { kind: 'same' }
    const back = forth.status === 'ahead' ? null : await directory.commits(repository, to, from)
    return { kind: 'between', forth, back }
  } catch (error) {
    if (error instanceof Failure) return { kind: 'not known' }
    throw error
  }
}

/** The list, and GitHub's own page of it. */
export function commitList(between: Between, repository: Repository, from: string, to: string, doors: Visiting): Markup {
  const compare = outside(`${homeOf(repository, doors)}/compare/${from}...${to}`, 'Compare on GitHub')
  return html`<section aria-labelledby="commits-title">
    <h2 id="commits-title">Commits</h2>
    ${between.kind === 'between' ? listsOf(between, repository, doors) : html`<p>${SENTENCES[between.kind]}</p>`}
    ${between.kind === 'same' ? '' : html`<p>${compare}</p>`}
  </section>`
}

const SENTENCES = {
  same: 'It is the commit that runs already.',
  unrelated: 'The two commits have nothing in common, or GitHub does not know one of them.',
  'not known': 'GitHub does not say at the moment which commits lie between the two.',
}

function listsOf({ forth, back }: Extract<Between, { kind: 'between' }>, repository: Repository, doors: Visiting): Markup {
  const comes =
    forth.total > 0
      ? html`<p>${counted(forth.total)} more than what runs.</p>
          ${list(forth, repository, doors)}`
      : ''
  const goes =
    back !== null && back.total > 0
      ? html`<p class="wait"><b>${counted(back.total)} of what runs would be taken back.</b></p>
          ${list(back, repository, doors)}`
      : ''
  return html`${comes}${goes}`
}

const counted = (total: number): string => (total === 1 ? '1 commit' : `${total} commits`)

function list({ commits, total }: Commits, repository: Repository, doors: Visiting): Markup {
  const now = doors.clock.now()
  const mask = maskFor(doors.mask, repository)
  return html`<ol class="commits">
    ${commits.map(
      ({ sha, title, author, at }) =>
        html`<li>
          ${commitOf(sha, homeOf(repository, doors))} <span class="message">${mask(title)}</span>
          <span class="soft">${author ?? 'somebody'}${at === 0 ? '' : `, ${agoWords(now - at)}`}</span>
        </li>`,
    )}
    ${total > commits.length ? html`<li class="soft">and ${total - commits.length} more</li>` : ''}
  </ol>`
}
