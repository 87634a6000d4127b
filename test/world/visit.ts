import { all, treeOf, type Node } from './elements.ts'
import type { Person } from './github/people.ts'
import type { World } from './world.ts'

/** Where the pages of a story are; the world has to be started with it (`WorldOptions.url`). */
export const GANTRY = 'https://gantry.example'

interface Button {
  readonly caption: string
  readonly isDisabled: boolean
  /** Null where it is a link that looks like a button, or stands in no form. */
  readonly form: Form | null
}

interface Form {
  readonly method: string
  readonly action: string
  readonly fields: ReadonlyMap<string, string>
}

/** A page as somebody sees it who has no script. */
export class Page {
  readonly status: number
  readonly headers: Headers
  /** With its query. */
  readonly path: string
  readonly html: string
  readonly #root: Node

  constructor(status: number, headers: Headers, path: string, html: string) {
    this.status = status
    this.headers = headers
    this.path = path
    this.html = html
    this.#root = treeOf(html)
  }

  /** What it says: `selector` is the name of an element or `#id`. */
  says(selector = 'main'): string {
    const found = this.#find(selector)[0]
    if (found === undefined) throw new Error(`there is no ${selector} on ${this.path}`)
    return textOf(found)
  }

  has(selector: string): boolean {
    return this.#find(selector).length > 0
  }

  /** That every form of it carries. */
  get formToken(): string {
    return this.#find('form').flatMap((one) => formOf(one).fields.get('form_token') ?? [])[0] ?? ''
  }

  get links(): readonly { readonly words: string; readonly to: string }[] {
    return this.#find('a').map((one) => ({ words: textOf(one), to: String(one.properties?.['href'] ?? '') }))
  }

  get buttons(): readonly Button[] {
    const forms = this.#find('form')
    const owner = (form: Node, of: string | null): Node => forms.find((one) => of !== null && one.properties?.['id'] === of) ?? form
    const inForms = forms.flatMap((form) => buttonsIn(form).map((button) => ({ ...button, form: formOf(owner(form, button.of)) })))
    const alone = buttonsIn(withoutForms(this.#root))
    return [...inForms, ...alone.map((button) => ({ ...button, form: null }))]
  }

  #find(selector: string): Node[] {
    const isMeant = selector.startsWith('#') ? (one: Node) => one.properties?.['id'] === selector.slice(1) : (one: Node) => one.tagName === selector
    return all(this.#root).filter(isMeant)
  }
}

const BLOCKS = new Set([
  'p',
  'li',
  'h1',
  'h2',
  'h3',
  'section',
  'div',
  'dt',
  'tr',
  'summary',
  'form',
  'button',
  'pre',
  'nav',
  'header',
  'aside',
  'legend',
  'label',
])
const SILENT = new Set(['script', 'style', 'head', 'svg'])

/** As it is read: a line for each block, white space as a browser shows it. */
function textOf(node: Node): string {
  const walk = (one: Node, isKept = false): string => {
    if (one.type === 'text') return isKept ? (one.value ?? '') : (one.value ?? '').replaceAll(/\s+/g, ' ')
    if (one.tagName !== undefined && SILENT.has(one.tagName)) return ''
    const inner = (one.children ?? []).map((child) => walk(child, isKept || one.tagName === 'pre')).join('')
    if (one.tagName === 'dd' || one.tagName === 'td' || one.tagName === 'th') return ` ${inner} `
    return one.tagName !== undefined && BLOCKS.has(one.tagName) ? `\n${inner}\n` : inner
  }
  return walk(node)
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
    .join('\n')
}

const withoutForms = (node: Node): Node => ({
  ...node,
  children: (node.children ?? []).filter(({ tagName }) => tagName !== 'form').map(withoutForms),
})

/** `of`: the id of another form that it belongs to, by its attribute `form`. */
const buttonsIn = (node: Node): { readonly caption: string; readonly isDisabled: boolean; readonly of: string | null }[] =>
  all(node)
    .filter(({ tagName }) => tagName === 'button')
    .map((one) => ({
      caption: textOf(one),
      isDisabled: one.properties?.['disabled'] === true,
      of: typeof one.properties?.['form'] === 'string' ? one.properties['form'] : null,
    }))

function formOf(form: Node): Form {
  const fields = new Map<string, string>()
  for (const one of all(form)) {
    const { name, value, type, checked } = one.properties ?? {}
    if (typeof name !== 'string') continue
    if (one.tagName === 'input' && ((type !== 'checkbox' && type !== 'radio') || checked === true))
      fields.set(name, String(value ?? (type === 'checkbox' ? 'on' : '')))
    if (one.tagName === 'textarea') fields.set(name, (one.children ?? []).map(({ value: text }) => text ?? '').join(''))
    if (one.tagName === 'select') fields.set(name, chosenIn(one))
  }
  return { method: String(form.properties?.['method'] ?? 'get'), action: String(form.properties?.['action'] ?? ''), fields }
}

function chosenIn(select: Node): string {
  const options = all(select).filter(({ tagName }) => tagName === 'option')
  const chosen = options.find(({ properties }) => properties?.['selected'] === true) ?? options[0]
  return chosen === undefined ? '' : String(chosen.properties?.['value'] ?? textOf(chosen))
}

/** Somebody's browser: its cookies, and the page that it shows. */
export class Browser {
  readonly cookies = new Map<string, string>()
  page: Page | null = null
  readonly #world: World
  readonly #person: Person

  constructor(world: World, person: Person) {
    this.#world = world
    this.#person = person
  }

  async signsIn(to = '/'): Promise<Page> {
    const began = await this.asks('GET', `/login?to=${encodeURIComponent(to)}`)
    const back = this.#world.github.auth.authorizes(this.#person.account, { url: began.headers.get('location') ?? '' })
    return this.opens(back.slice(GANTRY.length))
  }

  async opens(path: string): Promise<Page> {
    return (this.page = await this.#follows(await this.asks('GET', path)))
  }

  /** Presses the button or follows the link of that caption on the page that is shown; `fields`: what is typed before. */
  async presses(caption: string, fields: Readonly<Record<string, string>> = {}): Promise<Page> {
    const { page } = this
    if (page === null) throw new Error('no page is open')
    const link = page.links.find(({ words }) => words === caption)
    const button = page.buttons.find((one) => one.caption === caption && one.form !== null)
    if (button?.isDisabled === true) throw new Error(`the button ${caption} is disabled`)
    if (button?.form == null) {
      if (link === undefined)
        throw new Error(
          `there is nothing called ${caption} on ${page.path}; there is ${[...page.buttons.map((one) => one.caption), ...page.links.map(({ words }) => words)].join(' · ')}`,
        )
      return this.opens(new URL(link.to, `${GANTRY}${page.path}`).href.slice(GANTRY.length))
    }
    return this.sends(button.form, fields)
  }

  async sends({ method, action, fields }: Form, typed: Readonly<Record<string, string>> = {}): Promise<Page> {
    const body = new URLSearchParams({ ...Object.fromEntries(fields), ...typed }).toString()
    const path = action === '' ? (this.page?.path ?? '/') : action
    if (method === 'get') return this.opens(`${path.split('?')[0]}?${body}`)
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: GANTRY, 'sec-fetch-site': 'same-origin' }
    return (this.page = await this.#follows(await this.asks('POST', path, body, headers)))
  }

  /** One request as the browser sends it, and what came. Where the process dies meanwhile, it is sent again. */
  async asks(method: string, path: string, body?: string, headers: Readonly<Record<string, string>> = {}): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const sent = { method, headers: { ...(cookie !== '' && { cookie }), ...headers }, ...(body !== undefined && { body }) }
    const answer = await this.#world.asks(`${GANTRY}${path}`, sent)
    for (const line of answer.headers.getSetCookie()) this.#keeps(line)
    const page = new Page(answer.status, answer.headers, path, await answer.text())
    await this.#world.settle()
    return page
  }

  #keeps(line: string): void {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/max-age=0/i.test(line)) this.cookies.delete(name)
    else this.cookies.set(name, value)
  }

  async #follows(page: Page): Promise<Page> {
    const to = page.headers.get('location')
    if (to === null || page.status < 300 || page.status > 399) return page
    const { origin, pathname, search } = new URL(to, `${GANTRY}${page.path}`)
    return origin === GANTRY ? this.#follows(await this.asks('GET', pathname + search)) : page
  }
}
