import { expect, test } from 'vitest'
import { createApi } from '../../src/web/api.ts'
import type { ApiDoors } from '../../src/web/endpoint.ts'
import { Time } from '../world/time.ts'

// `docs/api.md` is what `/openapi.json` says, for people.

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly string[]
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
  readonly default?: unknown
  readonly anyOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
}
interface Operation {
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly {
    readonly name: string
    readonly in: string
    readonly required?: boolean
    readonly description?: string
    readonly schema: Schema
  }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> }
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>
  >
}
interface Document {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

async function documentOf(): Promise<Document> {
  const clock = new Time(async () => {})
  const doors = {
    directory: {},
    service: { onChange: () => {} },
    clock,
    random: () => '0'.repeat(32),
    mask: (text: string) => text,
    docs: null,
  } as unknown as ApiDoors
  const answer = await createApi(doors).fetch(new Request('https://gantry.example/openapi.json'))
  return (await answer.json()) as Document
}

const INTRODUCTION = `# The HTTP API

Whatever \`/deploy\` does in a comment, a program can ask for in somebody's name: the same service, the same [gates](gates.md), the same words and
[codes](troubleshooting.md). It is there where the App's \`GITHUB_CLIENT_ID\` and \`GITHUB_CLIENT_SECRET\` are set, because only with them GitHub says whose
a token is. This page is made from what \`GET /openapi.json\` answers (OpenAPI 3.1), and a test keeps the two together.

## Who calls

Every call carries a [user token of this GitHub App](https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-user-access-token-for-a-github-app)
in the header \`Authorization: Bearer ghu_…\`. What its owner may do is what they may do in a comment: their role on the repository is read anew at each
deployment. Whose a token is and what they may see is what GitHub says; it is asked for at most once a minute. A repository or a deployment that they may not see is answered as
one that is not there. Within a minute one caller may look 600 times, change something 60 times, and have 60 repositories
looked up.

\`\`\`sh
curl -sS https://gantry.example.com/deploy \\
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -H "Idempotency-Key: $(uuidgen)" \\
  -d '{ "repository": "acme/shop", "environment": "staging", "image": ":1.2" }'
\`\`\`

It answers \`202\` once the deployment is written down; \`Location\` is where its state is read. The same \`Idempotency-Key\` with the same body is the same
deployment, once, for good; with another body it is refused. On a pull request (\`issue\`) the body has to name its head as \`expect\`: nothing proves here which
commit a caller has looked at.

## What does not work

Every problem is \`application/problem+json\` (RFC 9457) with \`code\`, \`detail\`, \`found\`, \`wanted\`, \`who\` can put it right, \`fix\` (the next step), \`retryable\`,
\`retryAfter\` in seconds and \`requestId\`, which the log has, too, where the status is 500 or more (of 60 within a minute). What becomes of a deployment after
its \`202\` stands in its \`problem\`, in the same form.
Bodies are JSON of at most 64 KiB (a backup that comes back 4 MiB), and a key that is not known is refused.

What belongs to an account (its credentials, targets, audit log and backups) is for its administrators
([configuration.md](configuration.md#accounts-that-keep-their-own)).

Not there yet: tokens of Gantry's own, and GitHub Actions' OIDC.
`

const nameOf = ({ $ref = '' }: Schema): string => $ref.split('/').at(-1) ?? ''
const cell = (text: string): string => text.replaceAll('|', '\\|')

function typeOf(schema: Schema): string {
  if (schema.$ref !== undefined) return `[${nameOf(schema)}](#${nameOf(schema).toLowerCase()})`
  const any = schema.anyOf ?? schema.oneOf
  if (any !== undefined) return any.map(typeOf).join(' or ')
  if (schema.enum !== undefined) return schema.enum.length > 12 ? 'one of many texts' : schema.enum.map((one) => `\`${one}\``).join(', ')
  const types = [schema.type ?? 'anything'].flat()
  return types.map((type) => (type === 'array' ? `list of ${typeOf(schema.items ?? {})}` : type)).join(' or ')
}

const rows = (schema: Schema, place = ''): string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, its]) => {
    const inner = its.items?.properties === undefined ? its : its.items
    const isOptional = schema.required?.includes(name) !== true
    const notes = [
      its.description ?? '',
      ...(its.default === undefined ? (isOptional ? ['may be left out'] : []) : [`\`${JSON.stringify(its.default)}\` where it is left out`]),
    ]
    const row = `| \`${place}${name}\` | ${cell(typeOf(its))} | ${cell(notes.filter((note) => note !== '').join('; '))} |`
    return [row, ...(inner.properties === undefined ? [] : rows(inner, `${place}${name}.`))]
  })

const table = (lines: readonly string[]): string => (lines.length === 0 ? '' : `| | | |\n| --- | --- | --- |\n${lines.join('\n')}`)

function section(path: string, method: string, { summary, description, parameters = [], requestBody, responses }: Operation): string {
  const asked = parameters.map(
    ({ name, in: where, required, schema, description: what = '' }) =>
      `| \`${name}\` | ${where}, ${cell(typeOf(schema))} | ${cell([what, ...(required === true ? [] : ['may be left out'])].filter((part) => part !== '').join('; '))} |`,
  )
  const body = requestBody?.content['application/json']?.schema
  const answers = Object.entries(responses).map(([status, { description: what, content = {} }]) => {
    const [type = ''] = Object.keys(content)
    const schema = content[type]?.schema ?? {}
    return `- ${status === 'default' ? 'Otherwise' : `\`${status}\``}: ${what} ${schema.$ref === undefined ? type : typeOf(schema)}`.trimEnd()
  })
  const parts = [`### ${method.toUpperCase()} ${path}`, `${summary}.${description === undefined ? '' : ` ${description}`}`, table(asked)]
  return [...parts, body === undefined ? '' : `Body: ${typeOf(body)}`, answers.join('\n')].filter((part) => part !== '').join('\n\n')
}

test('docs/api.md says what /openapi.json says', async () => {
  const document = await documentOf()
  expect(document.openapi).toBe('3.1.0')
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(path, method, operation)),
  )
  const schemas = Object.entries(document.components.schemas).map(([name, schema]) =>
    [`### ${name}`, schema.properties === undefined ? 'Nothing: `{}`.' : table(rows(schema))].join('\n\n'),
  )
  const page = [INTRODUCTION, '## What can be asked', ...operations, '## Bodies', ...schemas].map((part) => part.trimEnd()).join('\n\n')
  await expect(`${page}\n`).toMatchFileSnapshot('../../docs/api.md')
})
