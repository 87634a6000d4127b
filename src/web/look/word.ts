import { html } from 'hono/html'
import type { Deployment } from '../../deploy/deployment.ts'
import { Failure, problem, type Problem } from '../../errors.ts'
import { within } from '../../deploy/step.ts'
import { requestOf } from '../asking.ts'
import { NONCE } from '../form.ts'
import type { Visiting, Visitor } from '../visit.ts'
import { form } from './frame.ts'
import type { Markup } from './parts.ts'

/** Milliseconds: what the engine tries again for half a minute a page does not wait for. */
const PATIENCE = 5_000
const NOT_YET = problem('GITHUB_UNAVAILABLE', { sentence: 'GitHub has not said yet whether you may.', next: 'Load the page again in a minute.' })

/**
 * Why this visitor may not approve it, by the rules of then and of now, asked at this moment; null where they may. Where GitHub cannot be asked that is
 * the problem: the page is there all the same.
 */
export async function mayNotApprove({ id, request: { repository } }: Deployment, { caller }: Visitor, doors: Visiting): Promise<Problem | null> {
  const asked = requestOf({ caller, repository, key: `look:${doors.random()}`, door: 'page' }, doors)
  try {
    const found = await within(PATIENCE, async () => ({ problem: await doors.service.mayApprove(asked, id) }), doors.clock)
    return found === null ? NOT_YET : found.problem
  } catch (error) {
    if (error instanceof Failure) return error.problem
    throw error
  }
}

/** A second person's word. A rejection says why. */
export function wordForms({ id }: Deployment, { session }: Visitor, { random }: Visiting): Markup[] {
  const nonce = () => html`<input type="hidden" name="${NONCE}" value="${random()}" />`
  const field = `reason-${id}`
  return [
    form(`/d/${id}/approve`, session, html`${nonce()}<button class="button primary" data-busy="Approving…">Approve</button>`),
    html`<details class="reject" id="reject-${id}">
      <summary class="button">Reject…</summary>
      ${form(
        `/d/${id}/reject`,
        session,
        html`${nonce()}<label for="${field}">Why not <span class="hint">Whoever asked reads it.</span></label>
          <input id="${field}" name="reason" required maxlength="500" autocomplete="off" />
          <button class="button danger" data-busy="Rejecting…">Reject</button>`,
      )}
    </details>`,
  ]
}
