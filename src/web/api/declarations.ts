import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import type { ShownDeclaration } from '../../deploy/administration.ts'
import type { DeclarationName } from '../../deploy/declaration.ts'
import { personIn } from '../../deploy/deployment.ts'
import type { Code } from '../../errors.ts'
import { CREDENTIAL, PULLED, PUT_CREDENTIAL, PUT_TARGET, REACHED, TARGET } from '../account-examples.ts'
import { answered, DECLARATION_NAME, DECLARATION_NAME_WORDS, declarationFor, MOST_IMAGES } from '../declared.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, closed, json, PROBLEMS, type Api, type Asking } from '../endpoint.ts'
import { etag, expectedIn } from '../expected.ts'
import { trialBody, trialSchema } from '../trials.ts'

/** Credentials and targets of an account: the same routes for both. */

export const accountParameter = z.object({
  account: z
    .string()
    .regex(/^[\w-]{1,100}$/, 'the login of an organisation or a person')
    .openapi({ example: 'acme', description: 'The login of an organisation or a person with the App on it.' }),
})
const parameters = accountParameter.extend({
  name: z.string().regex(DECLARATION_NAME, DECLARATION_NAME_WORDS).openapi({ example: 'ghcr', description: 'As the account calls it.' }),
})

const declarationShape = {
  kind: z.enum(['credential', 'target']).describe('What it is.'),
  name: z.string().describe('As the account calls it.'),
  fingerprint: z.string().describe('Tells one value from another and nothing of either; in quotes it is the ETag.'),
  declared: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('As it was sent, with `{ "kept": true }` for each secret; null where it cannot be read.'),
  unused: z.string().nullable().describe('Why nobody uses it; null where it is used.'),
}
const declarationSchema = z.object(declarationShape).openapi('Declaration', { example: CREDENTIAL })
const trials = z.array(trialSchema).describe('What was tried; nothing where it is kept untested.')
const keptSchema = z.object({ ...declarationShape, trials }).openapi('KeptDeclaration', { example: { ...CREDENTIAL, trials: [PULLED] } })
const trialsSchema = z
  .object({ works: z.boolean().describe('Whether all of it does.'), trials })
  .openapi('Trials', { example: { works: true, trials: [PULLED] } })
export const etagHeader = z.object({ etag: z.string().openapi({ description: 'For `If-Match`.', example: '"8e545159:9e28c9d71f4a"' }) })

const matching = z.string().optional().describe('ETags, or `*`: only where one of them, or anything, is there.')
const conditions = z.object({
  'if-match': matching,
  'if-none-match': z.string().optional().describe('`*`: only where there is none of that name yet.'),
})
const untested = z.enum(['true', 'false']).default('false').openapi({ example: 'true', description: 'Keeps it without trying it.' })
const image = z.string().min(1).max(500)
const images = z
  .union([image, z.array(image).max(MOST_IMAGES)])
  .optional()
  .describe(`An image that is to be pulled with it; at most ${MOST_IMAGES} times.`)

/** What any of them may be refused with, and what changes something. */
const OF_ACCOUNTS: readonly Code[] = ['ACCOUNT_UNKNOWN', 'VAULT_RECORD_BROKEN']
const CHANGING: readonly Code[] = [...OF_ACCOUNTS, 'DECLARATION_CHANGED', 'VAULT_KEY_MISSING']

interface Trying {
  readonly untested: 'true' | 'false'
  readonly image?: string | readonly string[]
}

interface Kind {
  readonly kind: DeclarationName['kind']
  /** Its values are those of `Trying`. */
  readonly query: z.ZodObject
  readonly test: z.ZodType<{ readonly images?: readonly string[] | undefined }>
  readonly body: object
  readonly shown: typeof CREDENTIAL | typeof TARGET
  readonly tried: typeof PULLED | typeof REACHED
}

const KINDS: readonly Kind[] = [
  {
    kind: 'credential',
    query: closed({ image: images, untested }),
    test: closed({ images: z.array(image).min(1).max(MOST_IMAGES).describe('What is to be pulled with it.') }).openapi('TestCredential', {
      example: { images: ['ghcr.io/acme/shop:1.2'] },
    }),
    ...{ body: PUT_CREDENTIAL, shown: CREDENTIAL, tried: PULLED },
  },
  {
    kind: 'target',
    query: closed({ untested }),
    test: closed({}).openapi('TestTarget', { example: {} }),
    ...{ body: PUT_TARGET, shown: TARGET, tried: REACHED },
  },
]

export function declarations(api: Api, doors: Asking): void {
  for (const one of KINDS) {
    list(one, api, doors)
    show(one, api, doors)
    put(one, api, doors)
    remove(one, api, doors)
    test(one, api, doors)
  }
}

const idOf = (verb: string, { kind }: Kind): string => `${verb}${kind === 'credential' ? 'Credential' : 'Target'}`
const pathOf = ({ kind }: Kind, more = ''): string => `/config/{account}/${kind}s${more}`

function list(one: Kind, api: Api, doors: Asking): void {
  const { kind } = one
  const example = { [`${kind}s`]: [one.shown] }
  const shown = z
    .object({ [`${kind}s`]: z.array(declarationSchema).describe('By name.') })
    .openapi(kind === 'credential' ? 'Credentials' : 'Targets', { example })
  const route = createRoute({
    ...{ method: 'get', path: pathOf(one), summary: `The ${kind}s of an account`, security: BEARER, request: { params: accountParameter } },
    ...{ operationId: `${idOf('list', one)}s`, tags: ['Accounts'], ...mayBeRefused(...OF_ACCOUNTS) },
    responses: { 200: json(shown, 'By name.'), ...PROBLEMS },
  })
  api.openapi(route, async (c) => {
    const { id: account } = await doors.administrators.account(c.req.valid('param').account, c.get('caller'), 'look', 'programs')
    const found = await doors.administration.list(account, kind)
    return c.json({ [`${kind}s`]: found.map(declarationBody) }, 200)
  })
}

function show(one: Kind, api: Api, doors: Asking): void {
  const { kind } = one
  const answer = { ...json(declarationSchema, 'As it is kept.', one.shown), headers: etagHeader }
  const route = createRoute({
    ...{ operationId: idOf('show', one), tags: ['Accounts'], ...mayBeRefused(...OF_ACCOUNTS, 'DECLARATION_UNKNOWN') },
    ...{ method: 'get', path: pathOf(one, '/{name}'), summary: `One ${kind} of an account`, security: BEARER, request: { params: parameters } },
    responses: { 200: answer, ...PROBLEMS },
  })
  api.openapi(route, async (c) => {
    const { account: login, name } = c.req.valid('param')
    const { id: account } = await doors.administrators.account(login, c.get('caller'), 'look', 'programs')
    const found = await declarationFor({ account, kind, name }, doors)
    return c.json(declarationBody(found), 200, { etag: etag(found.fingerprint) })
  })
}

function put(one: Kind, api: Api, doors: Asking): void {
  const { kind, query } = one
  const body = z.record(z.string(), z.unknown()).openapi(kind === 'credential' ? 'PutCredential' : 'PutTarget', {
    description: `What stands below the name of a ${kind} in gantry.yml (configuration.md), with \`{ "value": TEXT }\` for each secret, or \`{ "kept": true }\` for one that stays as it is.`,
    example: one.body,
  })
  const answer = { ...json(keptSchema, 'It is kept, and used from now on.', { ...one.shown, trials: [one.tried] }), headers: etagHeader }
  const route = createRoute({
    ...{ operationId: idOf('put', one), tags: ['Accounts'], ...mayBeRefused(...CHANGING, 'DECLARATION_UNPROVED', 'MACHINE_REQUIRED') },
    ...{ method: 'put', path: pathOf(one, '/{name}'), summary: `Keeps a ${kind} of an account`, security: BEARER },
    description:
      'Only once it was seen to work: a credential with each image, a target by being reached. It is used at once; what has begun goes on.',
    request: { params: parameters, query, headers: conditions, body: { required: true, content: { 'application/json': { schema: body } } } },
    responses: { 200: answer, 201: answer, ...PROBLEMS },
  })
  api.openapi(route, async (c) => {
    const { account: login, name } = c.req.valid('param')
    const asked = c.req.valid('query') as unknown as Trying
    const expected = expectedIn(c)
    const caller = c.get('caller')
    const { id: account } = await doors.administrators.account(login, caller, 'change', 'programs')
    const wish = { by: personIn(caller.actor), expected, images: asked.untested === 'true' ? null : [asked.image ?? []].flat() }
    const { shown, isNew, trials } = answered(await doors.administration.keep({ account, kind, name }, c.req.valid('json'), wish))
    return c.json({ ...declarationBody(shown), trials: trials.map(trialBody) }, isNew ? 201 : 200, { etag: etag(shown.fingerprint) })
  })
}

function remove(one: Kind, api: Api, doors: Asking): void {
  const { kind } = one
  const route = createRoute({
    ...{ method: 'delete', path: pathOf(one, '/{name}'), summary: `Forgets a ${kind} of an account`, security: BEARER },
    description: 'Nothing uses it from then on, but what has begun with it.',
    ...{ operationId: idOf('remove', one), tags: ['Accounts'], ...mayBeRefused(...CHANGING, 'DECLARATION_UNKNOWN', 'DECLARATION_USED') },
    request: { params: parameters, headers: z.object({ 'if-match': matching }) },
    responses: { 200: json(declarationSchema, 'As it was.', one.shown), ...PROBLEMS },
  })
  api.openapi(route, async (c) => {
    const { account: login, name } = c.req.valid('param')
    const expected = expectedIn(c)
    const caller = c.get('caller')
    const { id: account } = await doors.administrators.account(login, caller, 'change', 'programs')
    const { before } = answered(await doors.administration.remove({ account, kind, name }, { by: personIn(caller.actor), expected }))
    return c.json(declarationBody(before), 200)
  })
}

function test(one: Kind, api: Api, doors: Asking): void {
  const { kind } = one
  const route = createRoute({
    ...{ method: 'post', path: pathOf(one, '/{name}/test'), summary: `Whether a ${kind} of an account works`, security: BEARER },
    description: 'A credential with images, a target by being reached. Nothing is changed.',
    ...{ operationId: idOf('test', one), tags: ['Accounts'], ...mayBeRefused(...OF_ACCOUNTS, 'DECLARATION_UNKNOWN', 'DECLARATION_UNPROVED') },
    request: { params: parameters, body: { required: true, content: { 'application/json': { schema: one.test } } } },
    responses: { 200: json(trialsSchema, 'What was tried.', { works: true, trials: [one.tried] }), ...PROBLEMS },
  })
  api.openapi(route, async (c) => {
    const { account: login, name } = c.req.valid('param')
    const { id: account } = await doors.administrators.account(login, c.get('caller'), 'change', 'programs')
    const { trials } = answered(await doors.administration.test({ account, kind, name }, c.req.valid('json').images ?? []))
    return c.json({ works: trials.every(({ works }) => works), trials: trials.map(trialBody) }, 200)
  })
}

const declarationBody = ({ kind, name, fingerprint, declared, unused }: ShownDeclaration): z.input<typeof declarationSchema> => ({
  ...{ kind, name, fingerprint, declared, unused },
})
