import { createRoute, z } from '@hono/zod-openapi'
import type { Refused, ShownDeclaration } from '../../deploy/administration.ts'
import type { DeclarationName } from '../../deploy/declaration.ts'
import { BEARER, closed, json, PROBLEMS, type Api, type Asking } from '../endpoint.ts'
import { etag, expectedIn } from '../expected.ts'
import { RequestRefused } from '../problems.ts'
import { trialBody, trialSchema } from '../trials.ts'

/** Credentials and targets of an account: the same routes for both. */

const MOST_IMAGES = 5

export const accountParameter = z.object({
  account: z
    .string()
    .regex(/^[\w-]{1,100}$/, 'the login of an organisation or a person')
    .openapi({ example: 'acme' }),
})
const parameters = accountParameter.extend({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'at most 63 letters, digits, ".", "_" and "-"')
    .openapi({ example: 'ghcr' }),
})

const declarationSchema = z
  .object({
    kind: z.enum(['credential', 'target']),
    name: z.string(),
    fingerprint: z.string().openapi({ description: 'Tells one value from another and nothing of either; in quotes it is the ETag.' }),
    declared: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({ description: 'As it was sent, with `{ "kept": true }` for each secret; null where it cannot be read.' }),
    unused: z.string().nullable().openapi({ description: 'Why nobody uses it; null where it is used.' }),
  })
  .openapi('Declaration')
const keptSchema = declarationSchema.extend({ trials: z.array(trialSchema) }).openapi('KeptDeclaration')
const trialsSchema = z.object({ works: z.boolean(), trials: z.array(trialSchema) }).openapi('Trials')

const conditions = z.object({
  'if-match': z.string().optional().openapi({ description: 'ETags, or `*`: only where one of them, or anything, is there.' }),
  'if-none-match': z.string().optional().openapi({ description: '`*`: only where there is none of that name yet.' }),
})
const untested = z.enum(['true', 'false']).default('false').openapi({ description: 'Keeps it without trying it.' })
const image = z.string().min(1).max(500)
const images = z
  .union([image, z.array(image).max(MOST_IMAGES)])
  .optional()
  .openapi({ description: `An image that is to be pulled with it; at most ${MOST_IMAGES} times.` })

interface Trying {
  readonly untested: 'true' | 'false'
  readonly image?: string | readonly string[]
}

interface Kind {
  readonly kind: DeclarationName['kind']
  /** Its values are those of `Trying`. */
  readonly query: z.ZodObject
  readonly test: z.ZodType<{ readonly images?: readonly string[] | undefined }>
  readonly example: object
}

const KINDS: readonly Kind[] = [
  {
    kind: 'credential',
    query: closed({ image: images, untested }),
    test: closed({ images: z.array(image).min(1).max(MOST_IMAGES) }).openapi('TestCredential'),
    example: { registry: 'ghcr.io', repositories: ['acme/*'], username: 'acme-bot', password: { value: 'a token with read:packages' } },
  },
  {
    kind: 'target',
    query: closed({ untested }),
    test: closed({}).openapi('TestTarget'),
    example: {
      ...{ kind: 'docker', host: 'tcp://engine.example.com:2376', tls: { ca: { value: '-----BEGIN CERTIFICATE-----\n…' } } },
      allow: [{ repository: 'acme/shop', id: 1296269, environments: ['*'], images: ['ghcr.io/acme/*'] }],
    },
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

const pathOf = ({ kind }: Kind, more = ''): string => `/config/{account}/${kind}s${more}`

function list(one: Kind, api: Api, doors: Asking): void {
  const { kind } = one
  const shown = z.object({ [`${kind}s`]: z.array(declarationSchema) }).openapi(kind === 'credential' ? 'Credentials' : 'Targets')
  const route = createRoute({
    ...{ method: 'get', path: pathOf(one), summary: `The ${kind}s of an account`, security: BEARER, request: { params: accountParameter } },
    responses: { 200: json(shown, 'By name.'), ...PROBLEMS },
  })
  api.openapi(route, async (c) => {
    const { id: account } = await doors.administrators.account(c.req.valid('param').account, c.get('caller'), 'look')
    const found = await doors.administration.list(account, kind)
    return c.json({ [`${kind}s`]: found.map(declarationBody) }, 200)
  })
}

function show(one: Kind, api: Api, doors: Asking): void {
  const { kind } = one
  const answer = { ...json(declarationSchema, 'As it is kept.'), headers: z.object({ etag: z.string() }) }
  const route = createRoute({
    ...{ method: 'get', path: pathOf(one, '/{name}'), summary: `One ${kind} of an account`, security: BEARER, request: { params: parameters } },
    responses: { 200: answer, ...PROBLEMS },
  })
  api.openapi(route, async (c) => {
    const { account: login, name } = c.req.valid('param')
    const { id: account } = await doors.administrators.account(login, c.get('caller'), 'look')
    const found = await doors.administration.find({ account, kind, name })
    if (found === null) throw unknown(kind, name)
    return c.json(declarationBody(found), 200, { etag: etag(found.fingerprint) })
  })
}

function put(one: Kind, api: Api, doors: Asking): void {
  const { kind, query, example } = one
  const body = z.record(z.string(), z.unknown()).openapi(kind === 'credential' ? 'PutCredential' : 'PutTarget', {
    description: `What stands below the name of a ${kind} in gantry.yml (configuration.md), with \`{ "value": TEXT }\` for each secret.`,
    example,
  })
  const answer = { ...json(keptSchema, 'It is kept, and used from now on.'), headers: z.object({ etag: z.string() }) }
  const route = createRoute({
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
    const { id: account } = await doors.administrators.account(login, caller, 'change')
    const wish = { by: caller.actor, expected, images: asked.untested === 'true' ? null : [asked.image ?? []].flat() }
    const { shown, isNew, trials } = answered(await doors.administration.keep({ account, kind, name }, c.req.valid('json'), wish))
    return c.json({ ...declarationBody(shown), trials: trials.map(trialBody) }, isNew ? 201 : 200, { etag: etag(shown.fingerprint) })
  })
}

function remove(one: Kind, api: Api, doors: Asking): void {
  const { kind } = one
  const route = createRoute({
    ...{ method: 'delete', path: pathOf(one, '/{name}'), summary: `Forgets a ${kind} of an account`, security: BEARER },
    description: 'Nothing uses it from then on, but what has begun with it.',
    request: { params: parameters, headers: conditions.pick({ 'if-match': true }) },
    responses: { 200: json(declarationSchema, 'As it was.'), ...PROBLEMS },
  })
  api.openapi(route, async (c) => {
    const { account: login, name } = c.req.valid('param')
    const expected = expectedIn(c)
    const caller = c.get('caller')
    const { id: account } = await doors.administrators.account(login, caller, 'change')
    const { before } = answered(await doors.administration.remove({ account, kind, name }, { by: caller.actor, expected }))
    return c.json(declarationBody(before), 200)
  })
}

function test(one: Kind, api: Api, doors: Asking): void {
  const { kind } = one
  const route = createRoute({
    ...{ method: 'post', path: pathOf(one, '/{name}/test'), summary: `Whether a ${kind} of an account works`, security: BEARER },
    request: { params: parameters, body: { required: true, content: { 'application/json': { schema: one.test } } } },
    responses: { 200: json(trialsSchema, 'What was tried; nothing is changed.'), ...PROBLEMS },
  })
  api.openapi(route, async (c) => {
    const { account: login, name } = c.req.valid('param')
    const { id: account } = await doors.administrators.account(login, c.get('caller'), 'change')
    const { trials } = answered(await doors.administration.test({ account, kind, name }, c.req.valid('json').images ?? []))
    return c.json({ works: trials.every(({ works }) => works), trials: trials.map(trialBody) }, 200)
  })
}

function answered<T extends object>(result: T | Refused): T {
  if (!('problem' in result)) return result
  const { problem, trials } = result
  throw new RequestRefused(problem.code, problem, {}, trials === undefined ? {} : { trials: trials.map(trialBody) })
}

const declarationBody = ({ kind, name, fingerprint, declared, unused }: ShownDeclaration): z.input<typeof declarationSchema> => ({
  ...{ kind, name, fingerprint, declared, unused },
})

const unknown = (kind: Kind['kind'], name: string): RequestRefused =>
  new RequestRefused('DECLARATION_UNKNOWN', {
    sentence: `The account keeps no ${kind} of that name.`,
    found: name,
    next: `Ask for the list of its ${kind}s.`,
  })
