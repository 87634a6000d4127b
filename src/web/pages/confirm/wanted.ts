import { html } from 'hono/html'
import { NOTHING_ASKED, type Asks, type Origin, type Subject } from '../../../deploy/deployment.ts'
import { subjectOf } from '../../api/deploy.ts'
import { PARAMETER } from '../../look/ask-form.ts'
import type { Markup } from '../../look/parts.ts'
import { RequestRefused } from '../../problems.ts'
import type { Visiting } from '../../visit.ts'
import type { Repository } from '../../../deploy/deployment.ts'

/** What is asked for on the page: the same fields in its address and in its form. */
export interface Wanted {
  readonly asks: Asks
  /** An issue or pull request to tell it on. */
  readonly issue: number | null
}

const FIELDS = ['app', 'environment', 'image', 'ref', 'from', 'rollback', 'to', 'issue', 'green'] as const
type Field = (typeof FIELDS)[number]

const LONGEST = 500
const MOST_PARAMETERS = 50

/** `get`: null where the field is not there or empty. Throws REQUEST_INVALID. */
export function wantedIn(get: (field: string) => string | null, names: readonly string[]): Wanted {
  const field = (name: Field | 'expect'): string | null => checked(name, get(name))
  const given = names.filter((name) => name.startsWith(PARAMETER) && get(name) !== null)
  if (given.length > MOST_PARAMETERS) throw invalid('There are too many parameters.', `${given.length}`, `at most ${MOST_PARAMETERS}`)
  const parameters = Object.fromEntries(given.map((name) => [name.slice(PARAMETER.length), checked(name, get(name)) ?? '']))
  const origin = originOf(field('rollback') !== null, field('to'), field('from'))
  const place = { app: field('app'), environment: field('environment'), origin, expect: field('expect'), whenGreen: field('green') !== null }
  // What another deployment's plan names is not named again.
  const what = origin === null ? { image: field('image'), ref: field('ref') } : {}
  return { asks: { ...NOTHING_ASKED, ...place, ...what, parameters: origin?.kind === 'rollback' ? {} : parameters }, issue: issueIn(field('issue')) }
}

function originOf(isRollback: boolean, to: string | null, from: string | null): Origin | null {
  if (isRollback) return { kind: 'rollback', to }
  return from === null ? null : { kind: 'promote', from }
}

function checked(name: string, text: string | null): string | null {
  if (text === null || (text.length <= LONGEST && name.length <= LONGEST)) return text
  throw invalid(`The field ${name.slice(0, 40)} is too long.`, `${text.length} characters`, `at most ${LONGEST}`)
}

function issueIn(text: string | null): number | null {
  if (text === null) return null
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw invalid('That is no number of an issue or a pull request.', text.slice(0, 40), 'a number such as 12')
}

/** As fields of the address, or hidden ones of the form; what is null is not there. */
export function fieldsOf({ asks, issue }: Wanted): Readonly<Record<string, string | null>> {
  const { app, environment, image, ref, origin, parameters, whenGreen } = asks
  const from = origin?.kind === 'promote' ? origin.from : null
  const [rollback, to] = origin?.kind === 'rollback' ? ['1', origin.to] : [null, null]
  const own: Record<Field, string | null> = {
    ...{ app, environment, image, ref, from, rollback, to },
    ...{ issue: issue === null ? null : String(issue), green: whenGreen ? '1' : null },
  }
  return { ...own, ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`${PARAMETER}${name}`, value])) }
}

export const hiddenFields = (wanted: Wanted): Markup =>
  html`${Object.entries(fieldsOf(wanted)).map(([name, value]) => (value === null ? '' : html`<input type="hidden" name="${name}" value="${value}" />`))}`

/** Throws REQUEST_INVALID where there is none of that number. */
export const threadOf = ({ issue }: Wanted, repository: Repository, doors: Visiting): Promise<Subject | null> =>
  subjectOf({ issue: issue ?? undefined }, repository, doors)

export const invalid = (sentence: string, found: string, wanted: string): RequestRefused =>
  new RequestRefused('REQUEST_INVALID', { sentence, found, wanted, next: 'Begin again at the repository’s page.' })
