import { html } from 'hono/html'
import type { DeclaredKind, ShownDeclaration } from '../../../deploy/administration.ts'
import type { Form } from '../../visit.ts'
import { form as formOf } from '../../look/frame.ts'
import type { Markup } from '../../look/parts.ts'
import type { Visiting } from '../../visit.ts'
import { allowIn, allowRows, rowsFrom, rowsTyped } from './allow.ts'
import { expectedField } from './changing.ts'
import { declaredFields, declaredIn, typedFrom, type Declared } from './declared-fields.ts'
import { check, choice, field, hidden } from './field.ts'
import { typedIn, type Typed } from './field.ts'
import type { AccountVisit } from './frame.ts'

/** The form of a target: its kind's own fields, how it pulls, and whom it admits. */

export interface TargetDraft {
  readonly kind: DeclaredKind
  /** Null where there is none yet. */
  readonly before: ShownDeclaration | null
  /** Null: what is declared, or nothing. */
  readonly typed: Form | null
  /** Names of the account's. */
  readonly credentials: readonly string[]
}

const PULLS = [
  ['credential', 'with a credential of the account'],
  ['ambient', 'with rights that its machines have'],
  ['none', 'without a login: public images'],
] as const

export function targetForm(action: string, { kind, before, typed, credentials }: TargetDraft, visit: AccountVisit): Markup {
  const declared = before?.declared ?? null
  const value: Typed = typed === null ? typedFrom(declared) : typedIn(typed)
  const rows = typed === null ? rowsFrom(declared) : rowsTyped(typed)
  const named = [['', 'the one that fits the image'] as const, ...credentials.map((name) => [name, name] as const)]
  return formOf(
    action,
    visit.visitor.session,
    html`${hidden('kind', kind.kind)} ${expectedField(before)}
      <div class="step">
        <h2>Where it is</h2>
        ${before === null ? field({ name: 'name', label: 'Name', hint: 'Repositories name it by that in .github/deploy.yml.', value: value('name'), isRequired: true }) : ''}
        ${declaredFields(kind.fields, value, declared)}
      </div>
      <div class="step">
        <h2>How it pulls</h2>
        ${choice({ name: 'pulls', label: 'It pulls', value: value('pulls') || 'credential', isRequired: true }, PULLS)}
        ${choice({ name: 'credential', label: 'Credential', value: value('credential') }, named)}
      </div>
      <div class="step">
        <h2>Whom it admits</h2>
        <p class="hint rows">Only what stands here may be deployed there. A setting that stands here must fit its pattern.</p>
        ${allowRows(rows, 'bounds', visit)}
      </div>
      <div class="step">
        ${check({ name: 'untested', label: 'Keep it without reaching it.', hint: 'Then the first deployment finds out.' }, value('untested') !== '')}
      </div>
      <p class="actions"><button class="primary" data-busy="Reaching it…">Reach it, and keep it</button></p>`,
  )
}

/** What is sent to be kept. Throws as `allowIn` does. */
export async function targetIn(form: Form, { kind, before }: TargetDraft, visit: AccountVisit, doors: Visiting): Promise<Declared> {
  const declared = before?.declared ?? null
  return {
    kind: kind.kind,
    ...declaredIn(kind.fields, form, declared),
    pulls: form.text('pulls'),
    ...(form.given('credential') !== null && { credential: form.text('credential') }),
    allow: [...(await allowIn(form, declared, 'bounds', visit, doors))],
  }
}
