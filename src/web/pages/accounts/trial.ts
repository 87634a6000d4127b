import { html } from 'hono/html'
import type { Trial } from '../../../deploy/administration.ts'
import { rowMark, rowWords } from '../../../deploy/preflight-words.ts'
import { WHO } from '../../../deploy/words.ts'
import type { Problem } from '../../../errors.ts'
import { codeLink, problemPanel } from '../../look/problem.ts'
import { markOf, pill, type Markup } from '../../look/parts.ts'

/** What was tried: row by row what is right and what is wrong, and with each row that failed who can put it right, and how. */
export function trialList(trials: readonly Trial[], docs: string | null): Markup {
  return html`${trials.map((trial) => shownTrial(trial, docs))}`
}

function shownTrial({ image, works, note, rows, problem }: Trial, docs: string | null): Markup {
  const isSaid = rows.some(({ problem: its }) => its !== null)
  return html`<section class="card trial ${works ? 'good' : 'bad'}">
    <header>
      <h2>${image === null ? 'The target' : html`<code>${image}</code>`}</h2>
      ${works ? pill('good', 'It works') : pill('bad', 'It does not work')}
    </header>
    ${note === '' ? '' : html`<p class="soft">${note.charAt(0).toUpperCase()}${note.slice(1)}${/[.!?]$/.test(note) ? '' : '.'}</p>`}
    ${
      rows.length === 0
        ? ''
        : html`<ol class="steps">
            ${rows.map(
              (row) =>
                html`<li class="${row.outcome}">
                  ${markOf(rowMark(row), true)}
                  <span class="word">${rowWords(row)}</span>
                  ${row.note === '' ? '' : html`<span class="note">${row.note}</span>`}
                  ${row.problem === null ? '' : fixOf(row.problem, row.note, docs)}
                </li>`,
            )}
          </ol>`
    }
    ${problem === null || isSaid ? '' : problemPanel(problem, docs)}
  </section>`
}

/** `note`: what the row says already. */
const fixOf = (problem: Problem, note: string, docs: string | null): Markup =>
  html`<div class="fix">
    <p>${problem.sentence}</p>
    ${problem.found === undefined || problem.found === note ? '' : html`<p class="soft">Found: <code>${problem.found}</code></p>`}
    <p><b>Fix:</b> ${problem.next}</p>
    <p class="soft">Who can put this right: ${WHO[problem.who]} · ${codeLink(problem, docs)}</p>
  </div>`
