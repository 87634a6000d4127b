/** Who belongs to an organisation and to its teams, called by an installation's token that may read members. */
import { authorize } from '../auth.ts'
import { notFound } from '../refusal.ts'
import * as show from '../render.ts'
import { teamMembers } from '../state.ts'
import type { Account, State } from '../state.ts'
import type { Context, OpenRoute } from './route.ts'

export const organisationRoutes: Readonly<Record<string, OpenRoute>> = {
  'GET /orgs/{org}/memberships/{username}': (context, request) => {
    const { organization, user } = asked(context, request)
    const role = context.seen.members.get(organization.id)?.get(user.id)
    if (role === undefined) throw notFound()
    return { status: 200, stated: { state: 'active', role, organization: { login: organization.login, id: organization.id }, user: show.user(user) } }
  },

  'GET /orgs/{org}/teams/{team_slug}/memberships/{username}': (context, request) => {
    const { organization, user } = asked(context, request)
    const name = `${organization.login}/${context.parameters['team_slug']}`
    if (!teamMembers(name, context.seen).includes(user.id)) throw notFound()
    return { status: 200, stated: { state: 'active', role: 'member', url: `https://api.github.com/teams/${context.parameters['team_slug']}` } }
  },
}

/** Another organisation's are nothing to whoever has the App on this one. */
function asked(context: Context, request: Request): { readonly organization: Account; readonly user: Account } {
  const { github, seen, parameters } = context
  const token = github.auth.token(request)
  authorize(token, github.state, null, ['members:read'])
  const organization = named(seen, parameters['org'])
  const user = named(seen, parameters['username'])
  const home = github.state.installations.get(token.installation)?.account
  if (organization?.type !== 'Organization' || organization.id !== home?.id || user === undefined) throw notFound()
  return { organization, user }
}

const named = (state: State, login = ''): Account | undefined => state.accounts.find((one) => one.login.toLowerCase() === login.toLowerCase())
