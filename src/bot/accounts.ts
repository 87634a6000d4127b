import type { Probot } from 'probot'
import * as z from 'zod'
import type { Account, Directory, Standing } from '../deploy/directory.ts'
import type { Person } from '../deploy/deployment.ts'
import type { Party } from '../deploy/environment.ts'
import { unexpectedAnswer } from './github-failure.ts'
import { statusOf, type GitHub, type GitHubClient } from './github.ts'
import { orNothing, type OwnCall } from './own-calls.ts'
import { id, login } from './payload.ts'

interface Doors {
  readonly probot: Pick<Probot, 'auth'>
  readonly github: GitHub
}

/** Organisations and people with the App on them, and who administers them. `byKey`: calls in the App's own name. */
export const createAccounts = (byKey: OwnCall, doors: Doors): Pick<Directory, 'account' | 'standing'> => ({
  account: async (name) => (await find('GET /orgs/{org}/installation', { org: name }, byKey, doors)) ?? findUser(name, byKey, doors),
  standing: (person, account, administrators) => standing(person, account, administrators, doors.github),
})

const findUser = (username: string, ...doors: [OwnCall, Pick<Doors, 'probot'>]): Promise<Account | null> =>
  find('GET /users/{username}/installation', { username }, ...doors)

const installed = z.object({ id, suspended_at: z.string().nullish(), account: z.object({ id, login, type: z.string() }) })

async function find(
  route: string,
  params: Readonly<Record<string, string>>,
  call: OwnCall,
  { probot }: Pick<Doors, 'probot'>,
): Promise<Account | null> {
  const app = await probot.auth()
  const found = await call(route, (signal) => app.request(route, { ...params, request: { signal } })).then(
    ({ data }) => installed.safeParse(data),
    (failure: unknown) => {
      if (statusOf(failure) === 404) return null
      throw failure
    },
  )
  if (found === null) return null
  if (!found.success) throw unexpectedAnswer(route, found.error)
  const { id: installation, suspended_at: suspendedAt, account } = found.data
  if (suspendedAt != null) return null
  return { id: account.id, login: account.login, isOrganization: account.type === 'Organization', installation }
}

async function standing(person: Person, account: Account, administrators: readonly Party[], github: GitHub): Promise<Standing> {
  if (!account.isOrganization) return account.id === person.id || names(administrators, person) ? 'administrator' : 'stranger'
  const client = github.members(account.installation)
  const member = await orNothing(membership(client, person, 'GET /orgs/{org}/memberships/{username}', { org: account.login }))
  if (member?.role === 'admin' || names(administrators, person)) return 'administrator'
  // Nobody but a member is in a team.
  if (member === null) return 'stranger'
  for (const party of administrators) {
    if (party.kind !== 'team') continue
    const params = { org: account.login, team_slug: party.slug }
    if ((await membership(client, person, 'GET /orgs/{org}/teams/{team_slug}/memberships/{username}', params)) !== null) return 'administrator'
  }
  return 'member'
}

/** A login counts only for whoever has it now, and GitHub has said just now who that is. */
const names = (parties: readonly Party[], { login: own }: Person): boolean =>
  parties.some((party) => party.kind === 'user' && party.login.toLowerCase() === own.toLowerCase())

const membershipShape = z.object({ state: z.string(), role: z.string(), user: z.object({ id }).nullish() })

/** Null for whoever is none, or has not accepted it yet. */
async function membership(client: GitHubClient, { id: own, login: username }: Person, route: string, params: Readonly<Record<string, string>>) {
  const found = await client.rest(route, { ...params, username }, membershipShape, [404])
  // The answer for an organisation says who it is about; a login that somebody else has taken by now is not them.
  if (found === null || found.state !== 'active' || (found.user != null && found.user.id !== own)) return null
  return found
}
