import { html } from 'hono/html'
import type { Markup } from '../../look/parts.ts'
import type { Form } from '../../visit.ts'

/** Fields of forms, each with its label, and with what it is for. */

export interface Field {
  readonly name: string
  readonly label: string
  readonly hint?: Markup | string
  readonly value?: string
  readonly isRequired?: boolean
  /** It may be left empty, and mostly is not: nothing says that it may. */
  readonly isUsual?: boolean
  readonly type?: 'text' | 'date' | 'number'
  /** The id of a `datalist`. */
  readonly list?: string
}

/** What stands in a field: what was typed before, or what is kept. */
export type Typed = (name: string) => string

export const typedIn =
  (form: Form): Typed =>
  (name) =>
    form.text(name)

export const field = (one: Field): Markup =>
  html`${labelOf(one)}<input
      ${attributes(one)}
      type="${one.type ?? 'text'}"
      value="${one.value ?? ''}"
      ${one.list === undefined ? '' : html` list="${one.list}"`}
      autocomplete="off"
      autocapitalize="none"
      spellcheck="false"
    />`

export const area = (one: Field): Markup =>
  html`${labelOf(one)}<textarea ${attributes(one)} class="short" autocapitalize="none" spellcheck="false">${one.value ?? ''}</textarea>`

/** Nothing that was typed or is kept is ever shown in it. `isSet`: one is kept, and stays where this is left empty. */
export function secretField(one: Omit<Field, 'value'> & { readonly isSet: boolean; readonly hasLines?: boolean }): Markup {
  const { isSet, hasLines = false, hint = '', isRequired } = one
  const words = isSet ? html`<b class="set">Set.</b> ${hint} Leave it empty to keep it.` : hint
  const shown = { ...one, hint: words, isRequired: isRequired === true && !isSet, isUsual: isSet }
  return hasLines
    ? html`${labelOf(shown)}<textarea ${attributes(shown)} class="short secret" autocomplete="off" spellcheck="false"></textarea>`
    : html`${labelOf(shown)}<input ${attributes(shown)} type="password" autocomplete="new-password" />`
}

export const check = ({ name, label, hint = '' }: Field, isChecked: boolean, value = 'on'): Markup =>
  html`<label class="check"
    ><input type="checkbox" name="${name}" value="${value}" ${isChecked ? 'checked' : ''} /><span
      >${label}${hint === '' ? '' : html` <span class="soft">${hint}</span>`}</span
    ></label
  >`

export const choice = (one: Field, options: readonly (readonly [value: string, words: string])[]): Markup =>
  html`${labelOf(one)}<select ${attributes(one)}>
      ${options.map(([value, words]) => html`<option value="${value}" ${value === (one.value ?? '') ? 'selected' : ''}>${words}</option>`)}
    </select>`

export const hidden = (name: string, value: string): Markup => html`<input type="hidden" name="${name}" value="${value}" />`

const idOf = (name: string): string => `f-${name.replaceAll('.', '-')}`

function labelOf({ name, label, hint, isRequired, isUsual }: Field): Markup {
  const id = idOf(name)
  return html`<label for="${id}">${label}${isRequired === true || isUsual === true ? '' : html` <span class="optional">optional</span>`}</label>${
      hint === undefined || hint === '' ? '' : html`<span class="hint" id="${id}-hint">${hint}</span>`
    }`
}

function attributes({ name, hint, isRequired }: Field): Markup {
  const id = idOf(name)
  return html`id="${id}" name="${name}" ${hint === undefined || hint === '' ? '' : html` aria-describedby="${id}-hint"`}
  ${isRequired === true ? 'required' : ''}`
}

/** `a, b c`: as people list names. */
export const namesIn = (text: string): readonly string[] => text.split(/[\s,]+/).filter((name) => name !== '')
