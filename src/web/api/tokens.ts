import { createRoute } from '@hono/zod-openapi'
import * as z from 'zod'
import { ACTIONS, type ApiToken } from '../../deploy/api-token.ts'
import { MADE_TOKEN, TOKEN } from '../account-examples.ts'
import { mayBeRefused } from '../document.ts'
import { BEARER, json, PROBLEMS, type Api, type Asking, type Endpoint } from '../endpoint.ts'
import { makeToken, narrowed, revokeToken, tokenName, wantedToken } from '../token-making.ts'
import { stamp } from '../view.ts'
import { accountParameter } from './declarations.ts'

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
  request: { params: accountParameter, body: { required: true, content: { 'application/json': { schema: wantedToken } } } },
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
    return c.json({ tokens: (await doors.tokens.list(id)).map(tokenBody) }, 200)
  })
  make(api, doors)
  api.openapi(revokeRoute, async (c) => {
    const { account: login, name } = c.req.valid('param')
    const caller = c.get('caller')
    const account = await doors.administrators.account(login, caller, 'change')
    const found = await revokeToken(name, account, caller, doors)
    return c.json(tokenBody(found), 200)
  })
}

function make(api: Api, doors: Asking): void {
  api.openapi(makeRoute, async (c) => {
    const caller = c.get('caller')
    const wanted = narrowed(c.req.valid('json'))
    const account = await doors.administrators.account(c.req.valid('param').account, caller, 'change')
    const made = await makeToken(wanted, account, caller, doors)
    return c.json({ ...tokenBody(made.token), token: made.secret.reveal() }, 201)
  })
}

const tokenBody = ({ id, name, repositories, environments, actions, madeBy, ...times }: ApiToken): z.input<typeof tokenSchema> => ({
  ...{ id, name, repositories: repositories === null ? null : [...repositories], environments: [...environments], actions: [...actions], madeBy },
  ...{ madeAt: stamp(times.madeAt), expiresAt: stamp(times.expiresAt), lastUsedAt: times.lastUsedAt === null ? null : stamp(times.lastUsedAt) },
})
