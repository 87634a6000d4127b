import { CODES, type Code } from '../../src/errors.ts'
import { WHO } from '../../src/deploy/words.ts'
import { anchor } from '../../src/runtime/docs-render.ts'
import { exampleOf, resolved, type Description, type Operation, type Parameter, type Schema } from '../world/api-fuzz/description.ts'
import { code, compact, fieldRows, meaningOf, nameOf, shownSchemas, table, typeOf } from './docs-api-words.ts'
import { routesOf, type Route } from './openapi.ts'

/** What docs/api.md has of the OpenAPI document, part by part; the rest of the page is written by hand. */

export const ORIGIN = 'https://gantry.example.com'

const headingOf = ({ method, path }: Route): string => `${code(method)} ${code(path)}`
const linkTo = (route: Route): string => `[${headingOf(route)}](#${anchor(headingOf(route).replaceAll('`', ''), new Map())})`
const codeLink = (name: string): string => `[${name}](troubleshooting.md#${name.toLowerCase()})`
const paragraphs = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n')
const fenced = (language: string, text: string): string => `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``

/** Routes by their group, in the groups' order; what names none comes last. */
function groupsOf(document: Description): { readonly name: string; readonly description: string; readonly routes: readonly Route[] }[] {
  const routes = routesOf(document)
  const named = document.tags.map((tag) => ({ ...tag, routes: routes.filter(({ operation }) => operation.tags?.[0] === tag.name) }))
  const others = routes.filter(({ operation }) => !document.tags.some(({ name }) => name === operation.tags?.[0]))
  return [...named, { name: 'Others', description: 'What belongs to no group.', routes: others }].filter((group) => group.routes.length > 0)
}

/** Every part by the name that its place in the page has. */
export function pageParts(document: Description): Readonly<Record<string, string>> {
  const groups = groupsOf(document)
  const lists = groups.map(({ name, description, routes }) =>
    paragraphs(`[**${name}**](#routes-${name.toLowerCase()}): ${description}`, table(['', ''], routes.map((one) => [linkTo(one), one.operation.summary]))),
  ) // prettier-ignore
  const sections = groups.map(({ name, description, routes }) =>
    paragraphs(`## Routes: ${name}`, description, ...routes.map((route) => section(route, document))),
  )
  return {
    routes: paragraphs(...lists),
    problems: problemsPart(document),
    reference: paragraphs(...sections, '## Bodies', ...shownSchemas(document).map((name) => schemaSection(name, document))),
    codes: codesPart(),
  }
}

function section(route: Route, document: Description): string {
  const { summary, description = '', parameters = [], requestBody } = route.operation
  const asked = parameters.map((one) => [
    code(one.in === 'header' ? headerName(one.name) : one.name),
    `${one.in}, ${typeOf(one.schema)}${one.required === true ? '' : ', optional'}`,
    meaningOf(one.schema, one.description),
  ])
  const body = requestBody?.content['application/json']?.schema
  return paragraphs(
    `### ${headingOf(route)}`,
    `**${summary}.** ${description}`.trimEnd(),
    table(['parameter', 'type', 'meaning'], asked),
    body === undefined ? '' : bodyPart(body, route, document),
    fenced('sh', curlOf(route, document)),
    examplePart(route.operation, document),
    answersPart(route.operation, document),
  )
}

function bodyPart(body: Schema, route: Route, document: Description): string {
  const rows = fieldRows(body, document, false)
  const first = routesOf(document).find(({ operation }) => operation.requestBody?.content['application/json']?.schema.$ref === body.$ref) ?? route
  if (nameOf(body) !== '' && first.operation !== route.operation && rows.length > 0) return `The body is that of ${linkTo(first)}.`
  return rows.length === 0 ? 'The body is `{}`.' : table(['field of the body', 'type', 'meaning'], rows)
}

/** `idempotency-key` as people write it. */
const headerName = (name: string): string => name.replaceAll(/\b[a-z]/g, (letter) => letter.toUpperCase()).replace(/-Id$/, '-ID')

/** As somebody would type it: what is optional only where the document has an example of it. */
export function curlOf({ method, path, operation }: Route, document: Description): string {
  const { parameters = [], responses, requestBody } = operation
  const shown = parameters.filter(({ required, schema }) => required === true || schema.example !== undefined)
  const placed = (where: string) => shown.filter((one) => one.in === where).map((one) => [one.name, valueOf(one)] as const)
  const inPath = new Map(placed('path'))
  const at = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath.get(name) ?? name)
  const query = placed('query').map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%2F', '/')}`)
  const body = exampleOf(document, requestBody?.content)
  const isStream = JSON.stringify(responses).includes('text/event-stream')
  const verb = method === (body === undefined ? 'GET' : 'POST') ? '' : ` -X ${method}`
  const lines = [
    `curl -sS --fail-with-body${isStream ? ' -N' : ''}${verb} "${ORIGIN}${at}${query.length === 0 ? '' : `?${query.join('&')}`}"`,
    ['-H "Authorization: Bearer $TOKEN"', ...placed('header').map(([name, value]) => `-H '${headerName(name)}: ${value}'`)].join(' '),
    ...(body === undefined ? [] : [`-H 'Content-Type: application/json'`, `-d '${compact(body, '', Infinity)}'`]),
  ]
  return lines.join(' \\\n  ')
}

/** The id of a deployment is the shell's: that of the example is nobody's. */
function valueOf({ name, in: where, schema }: Parameter): string {
  if (name === 'id' && where === 'path') return '$ID'
  return typeof schema.example === 'string' ? schema.example : JSON.stringify(schema.example ?? schema.default ?? name)
}

function answersPart({ responses }: Operation, document: Description): string {
  const rows = Object.entries(responses).flatMap(([status, answer]) => {
    if ('$ref' in answer || status === 'default') return []
    const { description, content = {}, headers = {} } = answer
    const [[type, { schema }] = ['', { schema: {} }]] = Object.entries(content)
    const own = Object.keys(headers).filter((name) => !(name in document.components.headers)).map((name) => code(headerName(name))) // prettier-ignore
    const body = schema.$ref === undefined ? (type === '' ? 'none' : code(type)) : typeOf(schema)
    return [[code(status), `${linkedCodes(description)}${own.length === 0 ? '' : `; ${own.join(', ')} in the headers`}`, body]]
  })
  return table(['status', 'answer', 'body'], rows)
}

const linkedCodes = (text: string): string =>
  text.replace(/\.$/, '').replaceAll(/`([A-Z_]+)`/g, (span, name: string) => (name in CODES ? codeLink(name) : span))

function examplePart({ responses }: Operation, document: Description): string {
  const [[status, answer] = ['', undefined]] = Object.entries(responses).filter(([status]) => status.startsWith('2'))
  const { content } = answer === undefined ? {} : resolved(document, answer)
  const example = exampleOf(document, content)
  if (example === undefined) return ''
  const shown = typeof example === 'string' ? fenced('text', example) : fenced('json', compact(example))
  return paragraphs(`It answers ${code(status)} with`, shown)
}

function schemaSection(name: string, document: Description): string {
  return paragraphs(`### ${name}`, table(['field', 'type', 'meaning'], fieldRows({ $ref: `#/components/schemas/${name}` }, document, true)))
}

/** What any request may be answered with, whatever its route. */
function problemsPart(document: Description): string {
  const { responses, headers } = document.components
  const rows = Object.entries(responses)
    .map(([name, { description }]) => [code(name.replace(/\D+/, '')), linkedCodes(description)])
    .toSorted()
  const example = document.components.schemas['ProblemDetails']?.example
  return paragraphs(
    table(['status', 'any request may be answered with'], rows),
    table(['header', 'meaning'], Object.entries(headers).map(([name, { description = '' }]) => [code(name), description])),
    fenced('json', compact(example)),
  ) // prettier-ignore
}

function codesPart(): string {
  const rows = (Object.keys(CODES) as Code[]).map((name) => {
    const { status, who, retryable } = CODES[name]
    return [codeLink(name), code(String(status)), WHO[who], retryable ? 'yes' : '']
  })
  return table(['code', 'status', 'who can put it right', 'retryable'], rows)
}

/** The page with its parts anew: each stands between `<!-- made: NAME -->` and `<!-- end -->`. */
export function refilled(page: string, parts: Readonly<Record<string, string>>): string {
  return page.replaceAll(
    /<!-- made: (\w+) -->\n[^]*?<!-- end -->/g,
    (_, name: string) => `<!-- made: ${name} -->\n\n${parts[name] ?? ''}\n\n<!-- end -->`,
  )
}
