import { html } from 'hono/html'
import type { Json } from '../../../deploy/target.ts'
import { ownRepository } from '../../asking.ts'
import type { Form } from '../../visit.ts'
import type { Markup } from '../../look/parts.ts'
import { RequestRefused } from '../../problems.ts'
import type { Visiting } from '../../visit.ts'
import { typedFrom, valueAt, type Declared } from './declared-fields.ts'
import { area, field, namesIn, type Typed } from './field.ts'
import type { AccountVisit } from './frame.ts'

/** Which repositories may use a credential or a target: one row each, and some more for those to come. */

export type Rows = 'users' | 'bounds'

const EMPTY_ROWS = 2
const REPOSITORIES = 'repositories'

interface Row {
  readonly repository: string
  readonly environments: string
  readonly images: string
  readonly settings: string
}

export function allowRows(rows: readonly Row[], of: Rows, { visitor, account }: AccountVisit): Markup {
  const known = visitor.session.repositories.filter((one) => one.account === account.id)
  const all = [...rows, ...Array.from({ length: EMPTY_ROWS }, () => NO_ROW)]
  return html`<datalist id="${REPOSITORIES}">${known.map(({ owner, name }) => html`<option value="${owner}/${name}"></option>`)}</datalist>
    ${all.map((row, index) => oneRow(row, index, index >= rows.length, of))}`
}

const NO_ROW: Row = { repository: '', environments: '', images: '', settings: '' }

function oneRow({ repository, environments, images, settings }: Row, index: number, isNew: boolean, of: Rows): Markup {
  const named = (name: keyof Row): string => `allow.${index}.${name}`
  return html`<fieldset class="allow">
    <legend>${isNew ? 'Another repository' : repository}</legend>
    <div class="pair">
      <div>
        ${field({ name: named('repository'), label: 'Repository', hint: 'owner/name. Empty: this row is left out.', value: repository, list: REPOSITORIES, isUsual: true })}
      </div>
      <div>
        ${field({ name: named('environments'), label: 'Environments', hint: 'Names or patterns: production, preview-*', value: environments, isUsual: true })}
      </div>
    </div>
    ${
      of === 'users'
        ? ''
        : html`<div class="pair">
            <div>
              ${area({ name: named('images'), label: 'Images', hint: 'Patterns with their host: ghcr.io/acme/*', value: images, isUsual: true })}
            </div>
            <div>
              ${area({ name: named('settings'), label: 'Settings', hint: 'One a line: namespace = prod. What does not stand here is free.', value: settings })}
            </div>
          </div>`
    }
  </fieldset>`
}

/** As they are declared now. */
export function rowsFrom(declared: Declared | null): readonly Row[] {
  const allow = valueAt(declared, 'allow')
  if (!Array.isArray(allow)) return []
  return (allow as readonly Declared[]).map((one) => ({
    repository: typedFrom(one)('repository'),
    environments: words(one['environments']),
    images: words(one['images'], '\n'),
    settings: Object.keys((one['settings'] ?? {}) as Declared)
      .map((name) => `${name} = ${typedFrom(one)(`settings.${name}`)}`)
      .join('\n'),
  }))
}

export const words = (list: Json | undefined, between = ', '): string => (Array.isArray(list) ? list.join(between) : '')

const MOST_ROWS = 200

/** As they were typed. */
export function rowsTyped(form: Form): readonly Row[] {
  const typed: Typed = (name) => form.text(name)
  const count = form.names.filter((name) => /^allow\.\d{1,3}\.repository$/.test(name)).length
  const rows = Array.from({ length: Math.min(count, MOST_ROWS) }, (_, index) => ({
    repository: typed(`allow.${index}.repository`),
    environments: typed(`allow.${index}.environments`),
    images: typed(`allow.${index}.images`),
    settings: typed(`allow.${index}.settings`),
  }))
  return rows.filter((row) => Object.values(row).some((value) => value !== ''))
}

/**
 * The same as a declaration has them. A repository is one by GitHub's id, which is looked up where it does not stand there yet.
 * Throws REPOSITORY_UNKNOWN, REQUEST_INVALID.
 */
export async function allowIn(
  form: Form,
  kept: Declared | null,
  of: Rows,
  { account, visitor }: AccountVisit,
  doors: Visiting,
): Promise<readonly Json[]> {
  const before = valueAt(kept, 'allow')
  const known = new Map((Array.isArray(before) ? (before as readonly Declared[]) : []).map((one) => [one['repository'], one['id']]))
  const found: Json[] = []
  for (const { repository, environments, images, settings } of rowsTyped(form)) {
    if (repository === '') throw incomplete()
    const id = known.get(repository) ?? (await ownRepository(repository, account.id, visitor.caller, doors)).id
    const where = { repository, id, environments: namesIn(environments) }
    if (of === 'users') found.push({ ...where, environments: where.environments.length === 0 ? ['**'] : where.environments })
    else found.push({ ...where, images: namesIn(images), ...(settings !== '' && { settings: settingsIn(settings) }) })
  }
  return found
}

function settingsIn(text: string): Json {
  const pairs = text.split('\n').filter((line) => line.trim() !== '')
  return Object.fromEntries(
    pairs.map((line) => {
      const [name = '', ...pattern] = line.split('=')
      if (name.trim() === '' || pattern.length === 0) throw noPair(line.trim())
      return [name.trim(), pattern.join('=').trim()]
    }),
  )
}

const incomplete = (): RequestRefused =>
  new RequestRefused('REQUEST_INVALID', {
    sentence: 'A row names no repository.',
    wanted: 'owner/name in every row that is not empty',
    next: 'Name the repository, or empty the row.',
  })

const noPair = (found: string): RequestRefused =>
  new RequestRefused('REQUEST_INVALID', {
    ...{
      sentence: 'A line of the settings is no pair.',
      found: found.slice(0, 80),
      wanted: 'name = pattern',
      next: 'Write the name of the setting, = and a pattern.',
    },
  })
