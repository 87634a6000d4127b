import { CODES, type Code } from '../errors.ts'
import type { Api } from './endpoint.ts'

type Document = ReturnType<Api['getOpenAPI31Document']>
type Item = NonNullable<Document['paths']>[string]
type Operation = NonNullable<Item['get']>
type Answers = NonNullable<Operation['responses']>
/** As routes say them. */
type Answer = Extract<NonNullable<Answers[string]>, { description: string }>

/** Where the description of the HTTP API is. */
export const DOCUMENT = '/openapi.json'

/** The groups that routes stand in, in the order of the documentation. Each route names one of them. */
export const TAGS = [
  { name: 'Deploy', description: 'Begin a deployment, or ask what one would come to.' },
  { name: 'Follow', description: 'What becomes of a deployment: its state, what happens while it happens, its log.' },
  { name: 'Decide', description: 'A word on a deployment that is there: the commands of the same names.' },
  { name: 'Lists', description: 'What has been deployed.' },
  { name: 'Accounts', description: 'What belongs to an account, for its administrators: credentials, targets, API tokens, the audit log, backups.' },
]

/** What any request may be refused with, and any that has a body. */
const ANY: readonly Code[] = [
  ...(['REQUEST_MALFORMED', 'AUTHENTICATION_REQUIRED', 'PERMISSION_REQUIRED', 'REQUEST_INVALID', 'TOO_MANY_REQUESTS', 'INTERNAL'] as const),
  ...(['GITHUB_REFUSED', 'GITHUB_UNAVAILABLE', 'GITHUB_RATE_LIMITED'] as const),
]
const WITH_BODY: readonly Code[] = ['REQUEST_TOO_LARGE', 'CONTENT_TYPE_UNSUPPORTED']

const SECONDS = { type: 'integer', minimum: 0 } as const
const HEADERS = {
  'X-Request-Id': { description: 'Names the request, also in the log.', required: true, schema: { type: 'string' }, example: 'cd3d4eb485-6' },
  'Retry-After': { description: 'Seconds after which asking again makes sense.', schema: SECONDS, example: 42 },
  RateLimit: {
    description: 'How many are left (`r`), and in how many seconds all of them are there (`t`).',
    schema: { type: 'string' },
    example: '"look";r=599;t=1',
  },
  'RateLimit-Policy': {
    description: 'How many there are (`q`) within how many seconds (`w`).',
    schema: { type: 'string' },
    example: '"look";q=600;w=60',
  },
  'WWW-Authenticate': { description: 'RFC 6750.', required: true, schema: { type: 'string' }, example: 'Bearer realm="Gantry"' },
} as const
const header = (name: keyof typeof HEADERS) => ({ [name]: { $ref: `#/components/headers/${name}` } })
const LEFT = { ...header('RateLimit'), ...header('RateLimit-Policy') }
const MORE: Readonly<Record<number, ReturnType<typeof header>>> = {
  401: header('WWW-Authenticate'),
  429: { ...header('Retry-After'), ...LEFT },
  503: header('Retry-After'),
}

/** What a route may be refused with, besides what any may: becomes its statuses. Where the gates say more, `default` has the same form. */
export const mayBeRefused = (...codes: readonly Code[]) => ({ 'x-codes': codes })

/** The document with what belongs to every operation of it: the groups, the headers of every answer, the statuses of problems. */
export function completed(document: Document): Document {
  for (const item of Object.values(document.paths ?? {})) {
    for (const operation of [item.get, item.put, item.post, item.patch, item.delete])
      if (operation !== undefined) operation.responses = answersOf(operation)
  }
  const responses = Object.fromEntries(byStatus([...ANY, ...WITH_BODY]).map(([status, codes]) => [`Problem${status}`, problemAnswer(status, codes)]))
  return { ...document, tags: TAGS, components: { ...document.components, headers: HEADERS, responses } }
}

const byStatus = (codes: readonly Code[]) => [...Map.groupBy(codes, (code) => CODES[code].status)]

function answersOf({ requestBody, responses = {}, 'x-codes': said = [] }: Operation): Answers {
  const own = said as readonly Code[]
  const problems = byStatus([...ANY, ...(requestBody === undefined ? [] : WITH_BODY), ...own]).map(([status, codes]) => [
    status,
    codes.some((code) => own.includes(code)) ? problemAnswer(status, codes) : { $ref: `#/components/responses/Problem${status}` },
  ])
  const answers = Object.entries<Answer>(responses as Record<string, Answer>).map(([status, answer]) => [
    status,
    { ...answer, headers: { ...header('X-Request-Id'), ...LEFT, ...answer.headers } },
  ])
  return Object.fromEntries([...problems, ...answers]) as Answers
}

const problemAnswer = (status: number, codes: readonly Code[]) => ({
  description: codes.map((code) => `\`${code}\``).join(', '),
  headers: { ...header('X-Request-Id'), ...MORE[status] },
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDetails' } } },
})
