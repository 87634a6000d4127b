import { html } from 'hono/html'
import type { RegistryFamily, ShownDeclaration } from '../../../deploy/administration.ts'
import type { Json } from '../../../deploy/target.ts'
import { MOST_IMAGES } from '../../declared.ts'
import type { Form } from '../../visit.ts'
import { form as formOf } from '../../look/frame.ts'
import type { Markup } from '../../look/parts.ts'
import type { Visiting } from '../../visit.ts'
import { allowIn, allowRows, rowsFrom, rowsTyped, words } from './allow.ts'
import { expectedField } from './changing.ts'
import { declaredFields, declaredIn, isKept, secretIn, valueAt, type Declared } from './declared-fields.ts'
import { area, check, field, hidden, namesIn, secretField, type Typed } from './field.ts'
import type { AccountVisit } from './frame.ts'

/** The form of a credential, for whatever family of registries it is, and what it declares. */

/** What it holds: what the family's own exchange takes, a user name and a password, or a token that is exchanged. */
export type Way = 'exchange' | 'login' | 'identity'

export interface CredentialDraft {
  readonly family: RegistryFamily
  readonly way: Way
  /** Null where there is none yet. */
  readonly before: ShownDeclaration | null
  /** Null: what is declared, or nothing. */
  readonly typed: Form | null
}

export const waysOf = ({ exchange }: RegistryFamily): readonly Way[] =>
  exchange === null ? ['login', 'identity'] : ['exchange', 'login', 'identity']

/** Which one is declared. */
export function wayOf({ exchange }: RegistryFamily, declared: Declared | null): Way {
  if (declared?.['identity_token'] !== undefined) return 'identity'
  return exchange !== null && (declared === null || declared[exchange.key] !== undefined) ? 'exchange' : 'login'
}

/** The family's own host, where it has exactly one. */
const hostOf = ({ hosts }: RegistryFamily): string => (hosts.length === 1 && hosts[0]?.includes('*') === false ? hosts[0] : '')

export function credentialForm(action: string, draft: CredentialDraft, visit: AccountVisit, docs: string | null): Markup {
  const { family, way, before, typed } = draft
  const declared = before?.declared ?? null
  const kept = declared === null ? null : ownOf(draft, declared)
  const value: Typed = (name) => typed?.text(name) ?? fromDeclared(declared, family, name)
  const rows = typed === null ? rowsFrom(declared) : rowsTyped(typed)
  const guide = docs === null ? '' : html` <a href="/docs/registries#${anchorOf(family)}">More on it</a>.`
  return formOf(
    action,
    visit.visitor.session,
    html`${hidden('family', family.name)} ${hidden('way', way)} ${expectedField(before)}
      <div class="step">
        <h2>What to make there</h2>
        <p>${family.make}${guide}</p>
      </div>
      <div class="step">
        <h2>What Gantry is to keep</h2>
        ${before === null ? field({ name: 'name', label: 'Name', hint: 'Your own word for it. Targets name it by that.', value: value('name'), isRequired: true }) : ''}
        ${field({ name: 'registry', label: 'Registry', hint: hostHint(family), value: value('registry'), isRequired: true })}
        ${holding(draft, value, kept)}
      </div>
      <div class="step">
        <h2>An image to try it with</h2>
        ${field({
          name: 'image',
          label: 'Image',
          hint: `As a deployment would name it, such as ${hostOf(family) || 'registry.example.com'}/acme/shop:1.2. Up to ${MOST_IMAGES}, with spaces between.`,
          isUsual: true,
          value: value('image'),
        })}
        ${check({ name: 'untested', label: 'Keep it without trying it.', hint: 'Then the first deployment finds out.' }, value('untested') !== '')}
      </div>
      <details class="step" ${rows.length > 0 || value('repositories') !== '' || value('expires') !== '' ? 'open' : ''}>
        <summary><h2>What it is for, and until when</h2></summary>
        ${area({ name: 'repositories', label: 'Images', hint: 'Patterns without the host: acme/*. Empty: every image of this registry.', value: value('repositories') })}
        ${way === 'exchange' ? '' : field({ name: 'expires', label: 'Ends on', hint: 'The last day of the token. Gantry says so fourteen days before.', value: value('expires'), type: 'date' })}
        <p class="hint rows">Who may use it. Without a row: every repository that may use a target.</p>
        ${allowRows(rows, 'users', visit)}
      </details>
      <p class="actions"><button class="primary" data-busy="Trying it…">Try it, and keep it</button></p>`,
  )
}

const anchorOf = ({ title, name }: RegistryFamily): string =>
  name === 'generic' ? 'which-form-of-credential' : title.toLowerCase().replaceAll(' ', '-')

const hostHint = ({ hosts, title }: RegistryFamily): string =>
  hosts.length === 0
    ? `The host that your ${title === 'Any other registry' ? 'registry' : title} has: registry.example.com.`
    : `The host: ${hosts.join(', ')}.`

/** Where the secrets of this way stand. */
const ownOf = ({ family: { exchange }, way }: CredentialDraft, declared: Declared): Declared | null =>
  way === 'exchange' && exchange !== null ? ((valueAt(declared, exchange.key) ?? null) as Declared | null) : declared

function holding({ family: { exchange }, way }: CredentialDraft, value: Typed, kept: Declared | null): Markup {
  if (way === 'exchange' && exchange !== null) return declaredFields(exchange.fields, value, kept)
  const isSet = (name: string): boolean => isKept(kept, name)
  if (way === 'identity')
    return secretField({
      name: 'identity_token',
      label: 'Identity token',
      hint: 'It is exchanged for others.',
      isRequired: true,
      isSet: isSet('identity_token'),
    })
  return html`${field({ name: 'username', label: 'User name', value: value('username'), isRequired: true })}
  ${secretField({ name: 'password', label: 'Token or password', hint: 'Kept encrypted, and never shown again.', isRequired: true, isSet: isSet('password') })}`
}

function fromDeclared(declared: Declared | null, family: RegistryFamily, name: string): string {
  if (declared === null) return name === 'registry' ? hostOf(family) : name === 'name' && hostOf(family) !== '' ? family.name : ''
  if (name === 'repositories') return words(declared['repositories']) === '**' ? '' : words(declared['repositories'])
  const own = family.exchange === null ? undefined : valueAt(declared, `${family.exchange.key}.${name}`)
  const found = own ?? declared[name]
  return typeof found === 'string' ? found : ''
}

/** What is sent to be kept. Throws as `allowIn` does. */
export async function credentialIn(form: Form, draft: CredentialDraft, visit: AccountVisit, doors: Visiting): Promise<Declared> {
  const { family, way, before } = draft
  const declared = before?.declared ?? null
  const registry = form.text('registry')
  const [repositories, allow] = [namesIn(form.text('repositories')), await allowIn(form, declared, 'users', visit, doors)]
  return {
    registry,
    ...(repositories.length > 0 && { repositories: [...repositories] }),
    ...(!family.serves(registry) && { family: family.name }),
    ...(form.given('expires') !== null && { expires: form.text('expires') }),
    ...(allow.length > 0 && { allow: [...allow] }),
    ...held(form, way, family, declared === null ? null : ownOf(draft, declared)),
  }
}

function held(form: Form, way: Way, { exchange }: RegistryFamily, kept: Declared | null): Declared {
  if (way === 'exchange' && exchange !== null) return { [exchange.key]: declaredIn(exchange.fields, form, kept) }
  const secret = (name: string): Record<string, Json> => {
    const given = secretIn(form, name, kept)
    return given === null ? {} : { [name]: given }
  }
  if (way === 'identity') return secret('identity_token')
  return { ...(form.given('username') !== null && { username: form.text('username') }), ...secret('password') }
}
