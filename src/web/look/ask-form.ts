import { html } from 'hono/html'
import type { EnvironmentRules, ImageRule, Parameter } from '../../deploy/environment.ts'
import { placeId, type Markup } from './parts.ts'

/** What is asked before a deployment: which image, and whatever else may be said. */

/** Before the name of a parameter, in an address and in a form. */
export const PARAMETER = 'p.'

export interface Askable {
  /** `owner/name` */
  readonly repository: string
  readonly app: string
  /** Then nobody has to say which one, and nothing says it. */
  readonly isOnlyApp: boolean
  readonly rules: EnvironmentRules
  readonly images: readonly ImageRule[]
  /** Without one there is nothing that could be deployed. */
  readonly needsImage: boolean
}

/** What was typed before; null where nothing was. */
export interface Typed {
  readonly image: string | null
  readonly ref: string | null
  readonly parameters: Readonly<Record<string, string>>
}

export const NOTHING_TYPED: Typed = { image: null, ref: null, parameters: {} }

/** Nothing is changed by it: it leads to the page that shows what would happen. `press`: its button. */
export function askForm(place: Askable, typed: Typed, press: Markup): Markup {
  const { repository, app, isOnlyApp, rules, needsImage } = place
  const prefix = placeId(app, rules.name)
  const field = `image-${prefix}`
  const isOpen = typed.ref !== null || Object.keys(typed.parameters).length > 0
  return html`<form class="ask" method="get" action="/r/${repository}/deploy">
    ${isOnlyApp ? '' : html`<input type="hidden" name="app" value="${app}" />`}<input type="hidden" name="environment" value="${rules.name}" />
    <label for="${field}">Image <span class="hint">${hintOf(place)}</span></label>
    <input
      id="${field}"
      name="image"
      value="${typed.image ?? ''}"
      placeholder="${placeholderOf(place)}"
      maxlength="500"
      autocomplete="off"
      autocapitalize="off"
      spellcheck="false"
      ${needsImage ? html` required` : ''}
    />
    <details id="more-${prefix}" ${isOpen ? html` open` : ''}>
      <summary>Another branch${Object.keys(rules.parameters).length === 0 ? '' : ', and parameters'}</summary>
      <label for="ref-${prefix}">Branch, tag or whole commit <span class="hint">Empty: the default branch.</span></label>
      <input id="ref-${prefix}" name="ref" value="${typed.ref ?? ''}" maxlength="500" autocomplete="off" autocapitalize="off" spellcheck="false" />
      ${Object.entries(rules.parameters).map(([name, parameter]) => parameterField(name, parameter, typed.parameters[name] ?? null, prefix))}
    </details>
    ${press}
  </form>`
}

const placeholderOf = ({ images }: Askable): string => (images.length === 1 ? ':1.2' : `${images[0]?.repository ?? 'host/name'}:1.2`)

/** What comes where nothing is named. */
function hintOf({ images, needsImage }: Askable): Markup | string {
  const [only, ...others] = images
  if (only === undefined || needsImage) return others.length === 0 ? 'A tag or a digest.' : 'With its tag or digest.'
  if (others.length > 0) return 'Empty: each by the tag that the configuration gives it.'
  return only.tag === null ? 'A tag or a digest.' : html`Empty: the tag <code>${only.tag}</code>`
}

function parameterField(name: string, { type, of, default: usual }: Parameter, typed: string | null, prefix: string): Markup {
  const [id, value] = [`p-${prefix}:${name}`, typed ?? usual]
  const label = html`<label for="${id}">${name}${usual === null ? html` <span class="hint">It has to be said.</span>` : ''}</label>`
  const choices = type === 'boolean' ? ['true', 'false'] : type === 'enum' ? of : null
  if (choices === null)
    return html`${label}<input
        id="${id}"
        name="${PARAMETER}${name}"
        value="${value ?? ''}"
        maxlength="200"
        autocomplete="off"
        ${type === 'number' ? html` inputmode="decimal"` : ''}
        ${usual === null ? html` required` : ''}
      />`
  return html`${label}<select id="${id}" name="${PARAMETER}${name}">
      ${choices.map((choice) => html`<option value="${choice}" ${choice === value ? html` selected` : ''}>${choice}</option>`)}
    </select>`
}
