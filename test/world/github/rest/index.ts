/** One REST call: refereed, authorised, answered. */
import { authorize, neededFor } from '../auth.ts'
import { Body } from '../body.ts'
import type { Operation } from '../contract.ts'
import type { GitHub } from '../github.ts'
import { notFound } from '../refusal.ts'
import { findRepository } from '../state.ts'
import type { Repository, State } from '../state.ts'
import { appRoutes } from './app.ts'
import { attestationRoutes } from './attestations.ts'
import { gitRoutes } from './git.ts'
import { organisationRoutes } from './organisations.ts'
import type { Answer, Context } from './route.ts'
import { signedInRoutes } from './signed-in.ts'
import { threadRoutes } from './threads.ts'
import { workRoutes } from './work.ts'

const openRoutes = { ...appRoutes, ...organisationRoutes, ...signedInRoutes }
const repositoryRoutes = { ...threadRoutes, ...gitRoutes, ...workRoutes, ...attestationRoutes }

export function answerRest(github: GitHub, operation: Operation, request: Request, body: unknown): Answer {
  const { parameters, name } = operation
  const isRead = request.method === 'GET'
  const seen = isRead ? github.seenBy([name]) : github.state
  const context: Context = { github, seen, parameters, query: new URL(request.url).searchParams, body: new Body(body), bot: github.bot }
  const open = openRoutes[name]
  if (open !== undefined) return open(context, request)
  const route = repositoryRoutes[name]
  if (route === undefined) return github.referee.violate(`the simulated GitHub does not answer ${name} yet: add it to test/world/github/rest/`)
  const token = github.auth.token(request)
  const home = repositoryOf(seen, parameters)
  const thread = home && route.thread ? route.thread(context, home) : null
  authorize(token, github.state, home, neededFor(operation, thread && thread.pull !== null))
  if (home === null) throw notFound()
  return route.answer(context, home)
}

function repositoryOf(state: State, parameters: Context['parameters']): Repository | null {
  return findRepository(state, parameters['owner'] ?? '', parameters['repo'] ?? '')
}
