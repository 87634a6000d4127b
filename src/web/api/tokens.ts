import { createRoute, z } from '@hono/zod-openapi'
import { ACTIONS, type ApiToken } from '../../deploy/api-token.ts'
import { repositoryFor, repositoryUnknown } from '../asking.ts'
import { MADE_TOKEN, MAKE_TOKEN, TOKEN } from '../account-examples.ts'
import type { Caller } from '../caller.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, closed, json, PROBLEMS, repositoryName, type Api, type Asking, type Endpoint } from '../endpoint.ts'
import { RequestRefused } from '../problems.ts'
import { stamp } from '../view.ts'
import { accountParameter } from './declarations.ts'

const DAY = 86_400_000
/** Days. */
const LONGEST = 366

const tokenName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'at most 63 small letters, digits and "-"')
  .describe('What the rules call it: `token:NAME`.')
  .openapi({ example: 'ci' })
const repositoryShape = z.object({ id: z.int().describe('GitHub’s id.'), name: z.string().describe('As it was called then.') })

const tokenSchema = z
  .object({
    id: z.string().describe('Of all tokens only this one has it.'),
    name: tokenName,
    repositories: z.array(repositoryShape).nullable().describe('Null: all of the account’s.'),
    environments: z.array(z.string()).describe('Patterns for the environments that it may deploy to.'),
    actions: z.array(z.enum(ACTIONS)).describe('What it may be asked for at all.'),
    madeBy: z.object({ id: z.int().describe('GitHub’s id.'), login: z.string().describe('As it was then.') }).describe('Who made it.'),
    madeAt: z.iso.datetime().describe('When it was made.'),
    expiresAt: z.iso.datetime().describe('When it ends.'),
    lastUsedAt: z.iso.datetime().nullable().describe('To the minute; null: never.'),
  })
  .openapi('Token', { example: TOKEN })
const madeSchema = tokenSchema
  .extend({ token: z.string().describe('The token itself: shown once, and kept nowhere.') })
  .openapi('MadeToken', { example: MADE_TOKEN })
const listSchema = z
  .object({ tokens: z.array(tokenSchema).describe('By name; those that are over, too.') })
  .openapi('Tokens', { example: { tokens: [TOKEN] } })

const wanted = closed({
  name: tokenName,
  repositories: z.union([z.literal('all'), z.array(repositoryName).min(1).max(50)]).describe('All of the account’s, or those.'),
  environments: z
    .array(z.string().regex(/^[A-Za-z0-9._*-]{1,100}$/, 'a pattern for names of environments, such as preview-*'))
    .min(1)
    .max(50)
    .describe('Patterns for the environments that it may deploy to.'),
  actions: z
    .array(z.enum(ACTIONS))
    .min(1)
    .max(ACTIONS.length)
    .describe('`read`; `deploy`, roll back, cancel; `configure`: keep credentials and targets, of the whole account.'),
  days: z.int().min(1).max(LONGEST).describe('For so long it is good.'),
}).openapi('MakeToken', { example: MAKE_TOKEN })

const common = { security: BEARER, tags: ['Accounts'] }

const listRoute = createRoute({
  ...{ method: 'get', path: '/config/{account}/tokens', operationId: 'listTokens', ...common, ...mayBeRefused('ACCOUNT_UNKNOWN') },
  summary: 'The API tokens of an account',
  request: { params: accountParameter },
  responses: { 200: json(listSchema, 'By name.'), ...PROBLEMS },
})

const makeRoute = createRoute({
  ...{ method: 'post', path: '/config/{account}/tokens', operationId: 'makeToken', ...common },
  ...mayBeRefused('ACCOUNT_UNKNOWN', 'REPOSITORY_UNKNOWN', 'TOKEN_EXISTS'),
  summary: 'Makes an API token for programs of an account',
  description: 'It may do what the rules of each environment let `token:NAME` do, within what it is made for.',
  request: { params: accountParameter, body: { required: true, content: { 'application/json': { schema: wanted } } } },
  responses: { 201: json(madeSchema, 'The only answer that has the token.'), ...PROBLEMS },
})

const revokeRoute = createRoute({
  ...{ method: 'delete', path: '/config/{account}/tokens/{name}', operationId: 'revokeToken', ...common },
  ...mayBeRefused('ACCOUNT_UNKNOWN', 'TOKEN_UNKNOWN'),
  summary: 'Revokes an API token',
  description: 'At once, also for what it has asked for and what still waits.',
  request: { params: accountParameter.extend({ name: tokenName }) },
  responses: { 200: json(tokenSchema, 'As it was.'), ...PROBLEMS },
})

export const tokens: Endpoint = (api, doors) => {
  api.openapi(listRoute, async (c) => {
    const { id } = await doors.administrators.account(c.req.valid('param').account, c.get('caller'), 'look')
    return c.json({ tokens: doors.tokens.list(id).map(tokenBody) }, 200)
  })
  make(api, doors)
  api.openapi(revokeRoute, async (c) => {
    const { account: login, name } = c.req.valid('param')
    const { caller, now } = { caller: c.get('caller'), now: doors.clock.now() }
    const { id } = await doors.administrators.account(login, caller, 'change')
    const found = doors.tokens.list(id).find((one) => one.name === name)
    if (found === undefined || !doors.tokens.revoke(id, name, caller.actor, now)) throw unknown(name)
    return c.json(tokenBody(found), 200)
  })
}

function make(api: Api, doors: Asking): void {
  api.openapi(makeRoute, async (c) => {
    const { name, repositories, environments, actions, days } = c.req.valid('json')
    if (actions.includes('configure') && (repositories !== 'all' || !environments.includes('*'))) throw tooNarrow()
    const { caller, now } = { caller: c.get('caller'), now: doors.clock.now() }
    const { id: account } = await doors.administrators.account(c.req.valid('param').account, caller, 'change')
    const its = repositories === 'all' ? null : await Promise.all(repositories.map((one) => ownRepository(one, account, caller, doors)))
    const { id, login } = caller.actor
    const scope = { account, name, repositories: its, environments, actions: [...new Set(actions)] }
    const made = await doors.tokens.make({ ...scope, madeBy: { id, login }, expiresAt: now + days * DAY }, now)
    if (made === null) throw taken(name)
    return c.json({ ...tokenBody(made.token), token: made.secret.reveal() }, 201)
  })
}

async function ownRepository(name: string, account: number, caller: Caller, doors: Asking): Promise<{ readonly id: number; readonly name: string }> {
  const found = await repositoryFor(name, caller, doors)
  if (found.account !== account) throw repositoryUnknown(name)
  return { id: found.id, name: `${found.owner}/${found.name}` }
}

const tokenBody = ({ id, name, repositories, environments, actions, madeBy, ...times }: ApiToken): z.input<typeof tokenSchema> => ({
  ...{ id, name, repositories: repositories === null ? null : [...repositories], environments: [...environments], actions: [...actions], madeBy },
  ...{ madeAt: stamp(times.madeAt), expiresAt: stamp(times.expiresAt), lastUsedAt: times.lastUsedAt === null ? null : stamp(times.lastUsedAt) },
})

/** Whoever keeps a target says which repositories and environments it is for. */
const tooNarrow = (): RequestRefused =>
  new RequestRefused('REQUEST_INVALID', {
    sentence: 'What keeps credentials and targets is for the whole account.',
    found: 'configure',
    wanted: 'all repositories and the environments "*" beside it',
    next: 'Make one token for configure and another one for the rest.',
  })

const taken = (name: string): RequestRefused =>
  new RequestRefused('TOKEN_EXISTS', {
    sentence: 'The account has a token of that name that is still good.',
    found: name,
    wanted: 'another name, or the end of that token',
    next: 'Take another name, or revoke the token first.',
  })

const unknown = (name: string): RequestRefused =>
  new RequestRefused('TOKEN_UNKNOWN', {
    sentence: 'The account has no token of that name.',
    found: name,
    next: 'Ask for the list of its tokens.',
  })
