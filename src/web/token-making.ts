import '@hono/zod-openapi'
import * as z from 'zod'
import { ACTIONS, type ApiToken, type ApiTokens } from '../deploy/api-token.ts'
import type { Account } from '../deploy/directory.ts'
import { MAKE_TOKEN } from './account-examples.ts'
import { ownRepository } from './asking.ts'
import type { Caller } from './caller.ts'
import { closed, repositoryName, type Asking } from './endpoint.ts'
import { RequestRefused } from './problems.ts'

/** API tokens of an account, behind the API and behind the pages. */

const DAY = 86_400_000
/** Days. */
export const LONGEST = 366

export const tokenName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'at most 63 small letters, digits and "-"')
  .describe('What the rules call it: `token:NAME`.')
  .openapi({ example: 'ci' })

export const wantedToken = closed({
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

type WantedToken = z.infer<typeof wantedToken>

/** Whoever keeps a target says which repositories and environments it is for. Throws REQUEST_INVALID where that is to be for less than the account. */
export function narrowed(wanted: WantedToken): WantedToken {
  const { repositories, environments, actions } = wanted
  if (actions.includes('configure') && (repositories !== 'all' || !environments.includes('*'))) throw tooNarrow()
  return wanted
}

/** For whoever administers the account. Throws REPOSITORY_UNKNOWN, TOKEN_EXISTS. */
export async function makeToken(
  { name, repositories, environments, actions, days }: WantedToken,
  { id: account }: Pick<Account, 'id'>,
  caller: Caller,
  doors: Asking,
): Promise<NonNullable<Awaited<ReturnType<ApiTokens['make']>>>> {
  const now = doors.clock.now()
  const its = repositories === 'all' ? null : await Promise.all(repositories.map((one) => named(one, account, caller, doors)))
  const { id, login } = caller.actor
  const scope = { account, name, repositories: its, environments, actions: [...new Set(actions)] }
  const made = await doors.tokens.make({ ...scope, madeBy: { id, login }, expiresAt: now + days * DAY }, now)
  if (made === null) throw taken(name)
  return made
}

/** As it was. Throws TOKEN_UNKNOWN. */
export async function revokeToken(name: string, { id }: Pick<Account, 'id'>, { actor }: Caller, doors: Asking): Promise<ApiToken> {
  const found = await tokenNamed(name, { id }, doors)
  if (!(await doors.tokens.revoke(id, name, actor, doors.clock.now()))) throw unknown(name)
  return found
}

/** Throws TOKEN_UNKNOWN. */
export async function tokenNamed(name: string, { id }: Pick<Account, 'id'>, { tokens }: Asking): Promise<ApiToken> {
  const found = (await tokens.list(id)).find((one) => one.name === name)
  if (found === undefined) throw unknown(name)
  return found
}

async function named(wanted: string, account: number, caller: Caller, doors: Asking): Promise<{ readonly id: number; readonly name: string }> {
  const { id, owner, name } = await ownRepository(wanted, account, caller, doors)
  return { id, name: `${owner}/${name}` }
}

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
