import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { all, elementsOf, type Node } from '../world/elements.ts'
import type { Person } from '../world/github/people.ts'
import { give } from '../world/github/population.ts'
import { Grounds, eventually } from '../world/grounds.ts'
import type { Stage } from '../world/stage.ts'
import { asks, fateOf, comesToRest } from './asked.ts'
import { Checks, type Finding } from './scenario.ts'

/** Black-box visitors of the pages: what a browser would keep and send, without its protection, so that what holds is Gantry's own. */

type Headed = Readonly<Record<string, string>>

export interface Seen {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** As it was asked for. */
  readonly path: string
}

export interface FormSeen {
  readonly method: string
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
  /** The names of those that a secret is typed into. */
  readonly secrets: readonly string[]
}

const textOf = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise)

export const linksIn = (html: string): readonly string[] =>
  elementsOf(html)
    .filter(({ tagName }) => tagName === 'a')
    .map(({ properties }) => textOf(properties?.['href']))

export const formsIn = ({ text, path }: Pick<Seen, 'text' | 'path'>): readonly FormSeen[] =>
  elementsOf(text)
    .filter(({ tagName }) => tagName === 'form')
    .map((one) => {
      const { method, action } = one.properties ?? {}
      const fields = all(one).flatMap(({ tagName, properties, children }) => {
        const { name, value } = properties ?? {}
        if (typeof name !== 'string' || tagName === undefined) return []
        const chosen = tagName === 'select' ? (children ?? []).find((option) => option.tagName === 'option')?.properties?.['value'] : value
        return [[name, textOf(chosen)] as const]
      })
      const isSecret = ({ tagName, properties }: Node): boolean =>
        properties?.['type'] === 'password' || (tagName === 'textarea' && [properties?.['className']].flat().includes('secret'))
      const secrets = all(one).flatMap((field) => (isSecret(field) ? [textOf(field.properties?.['name'])] : []))
      return { secrets, method: textOf(method, 'get').toLowerCase(), action: textOf(action, path), fields: Object.fromEntries(fields) }
    })

/** Every page that can be reached by links from these, by its path; `most` at most; with these headers. */
export async function crawl(
  visitor: Visitor,
  from: readonly string[] = ['/', '/approvals', '/a'],
  most = 200,
  headers: Headed = {},
): Promise<ReadonlyMap<string, Seen>> {
  const seen = new Map<string, Seen>()
  const left = [...from]
  for (let path = left.shift(); path !== undefined && seen.size < most; path = left.shift()) {
    if (seen.has(path) || path.startsWith('/docs')) continue
    const page = await visitor.gets(path, headers)
    seen.set(path, page)
    const to = page.headers.get('location')
    for (const link of [...linksIn(page.text), ...(to === null ? [] : [to])]) {
      const url = URL.parse(link, `${ORIGIN}${path}`)
      if (url?.origin === ORIGIN) left.push(url.pathname + url.search)
    }
    // What a person would choose: a form that is sent by GET is a link, too.
    for (const { method, action, fields } of formsIn(page))
      if (method === 'get') left.push(`${action.split('?')[0]}?${new URLSearchParams(fields).toString()}`)
  }
  return seen
}

/** Somebody's cookies, and what is sent with them. */
export class Visitor {
  readonly cookies = new Map<string, string>()
  readonly #at: Pick<Stage, 'url' | 'github'>

  /** `at`: the process may be another one after a while, elsewhere. */
  constructor(at: Pick<Stage, 'url' | 'github'>) {
    this.#at = at
  }

  get cookie(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  }

  async asks(method: string, path: string, headers: Headed = {}, body?: string): Promise<Seen> {
    const { cookie } = this
    const init = {
      method,
      redirect: 'manual' as const,
      headers: { ...(cookie !== '' && { cookie }), ...headers },
      ...(body !== undefined && { body }),
    }
    const answer = await fetch(new URL(path, this.#at.url), init)
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) this.cookies.delete(name)
      else this.cookies.set(name, value)
    }
    return { status: answer.status, headers: answer.headers, text: await answer.text(), path }
  }

  gets(path: string, headers: Headed = {}): Promise<Seen> {
    return this.asks('GET', path, headers)
  }

  /** As our own page sends it, but for `headers`. */
  posts(path: string, fields: Headed, headers: Headed = {}): Promise<Seen> {
    const own = { origin: ORIGIN, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' }
    return this.asks('POST', path, { ...own, ...headers }, new URLSearchParams(fields).toString())
  }

  /** Where GitHub's own page is, once signing in has begun here. */
  async begins(to = '/'): Promise<URL> {
    const { headers } = await this.gets(`/login?to=${encodeURIComponent(to)}`)
    return new URL(headers.get('location') ?? 'about:blank')
  }

  /** What GitHub sends the browser of that person back to, as a path. */
  agrees(person: Person, url: URL, how: 'agrees' | 'cancels' = 'agrees'): string {
    const back = new URL(this.#at.github.auth.authorizes(person.account, { url: url.href }, how))
    return back.pathname + back.search
  }

  async signsIn(person: Person): Promise<this> {
    const came = await this.gets(this.agrees(person, await this.begins()))
    if (came.status !== 303) throw new Error(`${person.account.login} cannot sign in: ${came.status} ${came.text.slice(0, 300)}`)
    return this
  }

  async formToken(path = '/'): Promise<string> {
    return formsIn(await this.gets(path)).find(({ fields }) => fields['form_token'] !== undefined)?.fields['form_token'] ?? ''
  }
}

export const ORIGIN = 'https://gantry.example'
export const SESSION = '__Host-gantry'
export const SIGNING_IN = '__Host-gantry-sign-in'

/** The process with pages, and a repository in which everything has happened that pages have a form for. */
export class Site {
  readonly grounds: Grounds
  readonly checks = new Checks()

  constructor(grounds: Grounds) {
    this.grounds = grounds
  }

  newVisitor(): Visitor {
    return new Visitor(this.grounds)
  }

  signsIn(person: Person = this.grounds.github.people.ada): Promise<Visitor> {
    return this.newVisitor().signsIn(person)
  }

  /** Somebody else who may do everything: what one person asks for is counted together. */
  owner(login: string): Person {
    const { github } = this.grounds
    const person = github.joins(login)
    give(github.repository, person.account, 'admin')
    github.member(person.account, 'admin')
    return person
  }

  /** One that has succeeded, one that has failed, and one that waits for a second person; their ids. */
  async isLivedIn(): Promise<{ readonly success: string; readonly failure: string; readonly waiting: string }> {
    const { grounds } = this
    const { ada } = grounds.github.people
    await asks(grounds, ada, '/deploy')
    await asks(grounds, ada, '/deploy staging :9.9')
    grounds.asksForApproval(true)
    const comment = ada.comments(grounds.pull, '/deploy')
    await grounds.delivers()
    await eventually(() => fateOf(grounds, comment).some(({ state }) => state === 'waiting'))
    await comesToRest(grounds)
    await this.settles()
    const [success, failure, waiting] = ['success', 'failure', 'waiting'].map((state) =>
      textOf(grounds.rows('select id from deployment where state = ?', state)[0]?.['id']),
    ) as [string, string, string]
    if ([success, failure, waiting].includes('')) throw new Error(`it is not lived in: ${JSON.stringify([success, failure, waiting])}`)
    return { success, failure, waiting }
  }

  /** Everything that is written down, but for what counts and what the bot asks GitHub by itself. */
  written(): string {
    const tables = this.grounds.rows(`select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name`)
    const kept = tables.map(({ name }) => String(name)).filter((name) => !ASIDE.has(name))
    return JSON.stringify(
      kept.map((name) => [name, this.grounds.rows(`select * from "${name}"`)]),
      (_, value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value),
    )
  }

  /** Nothing has been written for a second: GitHub has been told of everything. */
  async settles(): Promise<void> {
    let [last, since] = ['', 0]
    await eventually(() => {
      const now = this.written()
      if (now !== last) [last, since] = [now, Date.now()]
      return Date.now() - since > 1_000
    })
  }

  crawls(visitor: Visitor): Promise<ReadonlyMap<string, Seen>> {
    return crawl(visitor)
  }
}

/** Where two of `written` first differ. */
export const changeIn = (before: string, after: string): string => {
  let at = 0
  while (at < after.length && after[at] === before[at]) at += 1
  return `${before.slice(at - 200, at + 80)} → ${after.slice(at, at + 80)}`
}

const ASIDE = new Set(['rate_limit', 'caught_up', 'github_window', 'renewal', 'github_creation', 'said', 'announcement'])

/** `variables`: of the process, beside those that the pages need; `url`: where browsers find it, if a real one is to. */
export const withSite =
  (work: (site: Site) => Promise<string>, { variables = {} }: { readonly variables?: Headed } = {}) =>
  async (): Promise<Finding> => {
    const grounds = await Grounds.open((on) => ({ ...on.apiVariables, GANTRY_URL: ORIGIN, ...variables }))
    try {
      const site = new Site(grounds)
      const seen = await work(site)
      await site.checks.isAlive(grounds)
      grounds.github.referee.verdict()
      return site.checks.finding(seen)
    } finally {
      await grounds.closes()
    }
  }

/** One that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
