/** Called with the token of somebody who has signed in with the App: what both of them see. */
import { notFound } from '../refusal.ts'
import * as show from '../render.ts'
import type { Account, Installation, Repository, State } from '../state.ts'
import { installationJson } from './app.ts'
import { page } from './route.ts'
import type { OpenRoute } from './route.ts'

export const signedInRoutes: Readonly<Record<string, OpenRoute>> = {
  'GET /user/installations': (context, request) => {
    const account = context.github.auth.asUser(request)
    const all = [...context.seen.installations.values()].filter((one) => sees(context.seen, account, one))
    const { items, headers } = page(context, all)
    return { status: 200, headers, stated: { total_count: all.length, installations: items.map((one) => installationJson(context, one)) } }
  },

  'GET /user/installations/{installation_id}/repositories': (context, request) => {
    const { github, seen, parameters } = context
    const account = github.auth.asUser(request)
    const installation = seen.installations.get(Number(parameters['installation_id']))
    if (installation === undefined || installation.isSuspended || !sees(seen, account, installation)) throw notFound()
    const all = repositoriesOf(seen, account, installation)
    const { items, headers } = page(context, all)
    return { status: 200, headers, stated: { total_count: all.length, repositories: items.map(show.repository) } }
  },
}

const sees = (state: State, account: Account, installation: Installation): boolean =>
  owns(state, account, installation.account) || repositoriesOf(state, account, installation).length > 0

const repositoriesOf = (state: State, account: Account, installation: Installation): readonly Repository[] =>
  [...installation.repositories].flatMap((id) => state.repositories.get(id) ?? []).filter((one) => isExplicit(state, account, one))

/** "Explicit permission": not what everybody has because it is public. */
const isExplicit = (state: State, account: Account, { owner, roles }: Repository): boolean =>
  owns(state, account, owner) || (roles.get(account.id)?.role ?? 'none') !== 'none'

const owns = (state: State, account: Account, owner: Account): boolean =>
  account.id === owner.id || state.members.get(owner.id)?.get(account.id) === 'admin'
