import { html } from 'hono/html'
import type { Expected, ShownDeclaration, Trial } from '../../../deploy/administration.ts'
import { CODES, Failure, problem, type Problem } from '../../../errors.ts'
import type { Form } from '../../visit.ts'
import { problemPanel } from '../../look/problem.ts'
import type { Markup } from '../../look/parts.ts'
import { RequestRefused } from '../../problems.ts'
import { hidden } from './field.ts'
import { trialList } from './trial.ts'

/** A form says what it was made from: what somebody else has changed meanwhile is not written over. */

const EXPECTED = 'expected'

/** `before`: what the form shows; null where it makes something new. */
export const expectedField = (before: Pick<ShownDeclaration, 'fingerprint'> | null): Markup => hidden(EXPECTED, before?.fingerprint ?? 'nothing')

export function expectedIn(form: Form): Expected {
  const expected = form.text(EXPECTED)
  return expected === 'nothing' ? 'nothing' : [expected]
}

/** Nothing was kept: why, and what was tried. */
export interface NotKept {
  readonly problem: Problem
  readonly trials: readonly Trial[]
}

/** The words for whoever has a form before them. Everything else stays as the API says it. */
export function inWordsOfForms(
  { problem: found, trials = [] }: { readonly problem: Problem; readonly trials?: readonly Trial[] },
  form: Form,
): NotKept {
  return { problem: formProblem(found, form.text(EXPECTED)), trials }
}

function formProblem(found: Problem, expected: string): Problem {
  if (found.code === 'REQUEST_INVALID')
    return { ...found, next: found.next.startsWith('Correct it: ') ? 'Correct it in the form, and send it again.' : found.next }
  if (found.code !== 'DECLARATION_CHANGED') return found
  const isNew = expected === 'nothing'
  return problem('DECLARATION_CHANGED', {
    sentence: isNew
      ? 'There is one of this name already. Nothing was changed.'
      : 'Somebody has changed it since you opened the form. Nothing was changed.',
    ...(found.found !== undefined && { found: found.found }),
    wanted: isNew ? 'none of this name' : expected,
    next: isNew ? 'Choose another name, or replace the one that is there.' : 'Look at it as it is now. Send the form again if you still want it so.',
  })
}

/** Above the form, which comes again. */
export function notKept({ problem: why, trials }: NotKept, docs: string | null): Markup {
  // The rows say it better.
  const isSaid = why.code === 'DECLARATION_UNPROVED' && trials.some(({ rows }) => rows.length > 0)
  return html`<div class="outcome" role="alert">
    ${isSaid ? html`<p class="problem"><b>It does not work, so nothing was kept.</b> The rows say what is wrong, and who can put it right.</p>` : problemPanel(why, docs)}
    ${trialList(trials, docs)}
  </div>`
}

/** What is declared at the moment, for whoever has been overtaken. */
export function asItIs(now: ShownDeclaration | null, { problem: { code } }: NotKept): Markup {
  if (code !== 'DECLARATION_CHANGED') return html``
  if (now === null) return html`<p class="notice">It is not there any more.</p>`
  return html`<details class="more" open>
    <summary>As it is now: <code>${now.fingerprint}</code></summary>
    <pre class="declared">${JSON.stringify(now.declared, null, 2)}</pre>
  </details>`
}

/** Throws what is no refusal: what the world outside failed at, and our own mistakes. */
export async function refusalOf<T>(work: () => Promise<T>): Promise<T | { readonly problem: Problem }> {
  try {
    return await work()
  } catch (error) {
    const isRefused = error instanceof RequestRefused || (error instanceof Failure && CODES[error.problem.code].status < 500)
    if (isRefused) return { problem: error.problem }
    throw error
  }
}
