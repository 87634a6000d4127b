import { html } from 'hono/html'
import type { DeclaredField } from '../../../deploy/administration.ts'
import type { Json } from '../../../deploy/target.ts'
import { capital } from '../../../deploy/wording.ts'
import type { Form } from '../../visit.ts'
import type { Markup } from '../../look/parts.ts'
import { check, field, secretField, type Typed } from './field.ts'

/** Fields that a registry's family or a kind of target says it has: shown, and read. */

export type Declared = { readonly [key: string]: Json }

const isObject = (value: Json | undefined): value is Declared => typeof value === 'object' && value !== null && !Array.isArray(value)

/** What stands at `tls.ca`. */
export const valueAt = (declared: Declared | null, name: string): Json | undefined =>
  name.split('.').reduce<Json | undefined>((inner, key) => (isObject(inner) ? inner[key] : undefined), declared ?? undefined)

export const isKept = (declared: Declared | null, name: string): boolean => {
  const value = valueAt(declared, name)
  return isObject(value) && value['kept'] === true
}

/** `tls.ca` → `TLS ca`; `access_key_id` → `Access key id`. */
const labelOf = (name: string): string => capital(name.replaceAll(/[_.]/g, ' ')).replace(/^Tls\b/, 'TLS')

/** `kept`: what is declared now. The optional ones are folded. */
export function declaredFields(fields: readonly DeclaredField[], typed: Typed, kept: Declared | null): Markup {
  const shown = (one: DeclaredField): Markup => shownField(one, typed, kept)
  const [needed, others] = [fields.filter(({ isOptional }) => !isOptional), fields.filter(({ isOptional }) => isOptional)]
  const isOpen = others.some(({ name }) => typed(name) !== '' || isKept(kept, name))
  return html`${needed.map(shown)}
  ${
    others.length === 0
      ? ''
      : html`<details class="more" ${isOpen ? 'open' : ''}>
          <summary>More of it</summary>
          ${others.map(shown)}
        </details>`
  }`
}

function shownField({ name, form, isOptional, hint }: DeclaredField, typed: Typed, kept: Declared | null): Markup {
  const one = { name, label: labelOf(name), isRequired: !isOptional, ...(hint !== null && { hint }) }
  if (form === 'flag') return check(one, typed(name) !== '')
  if (form === 'text') return field({ ...one, value: typed(name) })
  const isSet = isKept(kept, name)
  return html`${secretField({ ...one, isSet, hasLines: form === 'lines' })}
  ${isSet && isOptional ? check({ name: `forget.${name}`, label: `Forget the ${labelOf(name)} that is kept` }, false) : ''}`
}

/** What was typed, nested as it is declared. What is left out of a secret that is kept stays as it is. */
export function declaredIn(fields: readonly DeclaredField[], form: Form, kept: Declared | null): Declared {
  const found: Record<string, Json> = {}
  for (const { name, form: as } of fields) {
    const value = as === 'flag' ? (form.given(name) === null ? null : true) : as === 'text' ? form.given(name) : secretIn(form, name, kept)
    if (value !== null) put(found, name.split('.'), value)
  }
  return found
}

/** Null where there is none. A browser sends the lines of a text with CRLF. */
export function secretIn(form: Form, name: string, kept: Declared | null): Json | null {
  const typed = form.given(name)
  if (typed !== null) return { value: typed.replaceAll('\r\n', '\n') }
  return isKept(kept, name) && form.given(`forget.${name}`) === null ? { kept: true } : null
}

function put(into: Record<string, Json>, [key = '', ...rest]: readonly string[], value: Json): void {
  if (rest.length === 0) into[key] = value
  else put((into[key] ??= {}) as Record<string, Json>, rest, value)
}

/** What is declared, as the fields show it. */
export const typedFrom =
  (declared: Declared | null): Typed =>
  (name) => {
    const value = valueAt(declared, name)
    if (typeof value === 'string' || typeof value === 'number') return String(value)
    return value === true ? 'on' : ''
  }
