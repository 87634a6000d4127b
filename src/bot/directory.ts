import type { Probot } from 'probot'
import { z } from 'zod'
import type { Clock } from '../deploy/clock.ts'
import type { Person, Repository } from '../deploy/deployment.ts'
import type { Directory } from '../deploy/directory.ts'
import type { Secret } from '../secret.ts'
import { createAccounts } from './accounts.ts'
import { unexpectedAnswer } from './github-failure.ts'
import { statusOf, type GitHub } from './github.ts'
import { leavingAlone, orNothing, type OwnCall } from './own-calls.ts'
import { id, login, node } from './payload.ts'
import { readRoles } from './roles.ts'

export interface DirectoryDoors {
  readonly probot: Pick<Probot, 'auth'>
  readonly github: GitHub
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
  readonly apiUrl: string
  /** The App's own, for its users' tokens; null where none is set, and then nobody's token is known. */
  readonly oauth: { readonly clientId: string; readonly clientSecret: Secret } | null
}

/** GitHub as the API's callers are looked up there. */
export function createDirectory(doors: DirectoryDoors): Directory {
  const { github, clock } = doors
  // GitHub counts what the App asks by its password and by its key apart.
  const [byPassword, byKey] = [leavingAlone(clock), leavingAlone(clock)]
  return {
    ...createAccounts(byKey, doors),
    identify: (token) => identify(token, byPassword, doors),
    repository: (owner, name) => findRepository(owner, name, byKey, doors),
    role: async (person, repository) => {
      const roles = await orNothing(readRoles(github.reading(repository), repository, [person]))
      return roles?.get(person.id) ?? 'none'
    },
    async thread({ owner, name: repo, ...where }, number) {
      const params = { owner, repo, issue_number: number }
      const found = await github.reading(where).rest('GET /repos/{owner}/{repo}/issues/{issue_number}', params, thread, [301, 404, 410])
      return found === null ? null : { number, node: found.node_id, isPull: found.pull_request != null }
    },
  }
}

const thread = z.object({ node_id: node, pull_request: z.object({}).nullish() })

const CHECK = 'POST /applications/{client_id}/token'
const known = z.object({ app: z.object({ client_id: z.string() }), user: z.object({ id, login }).nullable() })

/** Only GitHub knows whose a token is, and it tells the App that it was given to, by that App's own password, and no other. */
async function identify(token: Secret, call: OwnCall, { fetch, apiUrl, oauth }: DirectoryDoors): Promise<Person | null> {
  if (oauth === null) return null
  const { clientId, clientSecret } = oauth
  const headers = {
    accept: 'application/vnd.github+json',
    'content-type': 'application/json',
    authorization: `Basic ${btoa(`${clientId}:${clientSecret.reveal()}`)}`,
  }
  const body = JSON.stringify({ access_token: token.reveal() })
  const url = `${apiUrl}/applications/${encodeURIComponent(clientId)}/token`
  const said = await call(CHECK, async (signal) => {
    const answer = await fetch(url, { method: 'POST', redirect: 'error', headers, body, signal })
    // Within the same time: a body that never ends would keep the caller for good.
    const text: unknown = await answer.json().catch(() => null)
    // Not ours, over, or no token at all: GitHub says the same of each.
    if (answer.status === 404 || answer.status === 422) return null
    if (answer.ok) return { text }
    const response = { headers: Object.fromEntries(answer.headers) }
    throw Object.assign(new Error(`GitHub answered ${answer.status}: ${messageIn(text)}`), { status: answer.status, response })
  })
  if (said === null) return null
  const read = known.safeParse(said.text)
  if (!read.success) throw unexpectedAnswer(CHECK, read.error)
  const { app, user } = read.data
  return app.client_id === clientId ? user : null
}

/** GitHub tells some of its limits in words only. */
const messageIn = (body: unknown): string => z.object({ message: z.string() }).safeParse(body).data?.message ?? 'no message'

const INSTALLATION = 'GET /repos/{owner}/{repo}/installation'
const installed = z.object({ id, suspended_at: z.string().nullish() })
const repositoryShape = z.object({ id, node_id: node, name: z.string(), owner: z.object({ id, login }) })

async function findRepository(owner: string, name: string, call: OwnCall, { probot, github }: DirectoryDoors): Promise<Repository | null> {
  const app = await probot.auth()
  const installation = await call(INSTALLATION, (signal) => app.request(INSTALLATION, { owner, repo: name, request: { signal } })).then(
    ({ data }) => installed.safeParse(data),
    (failure: unknown) => {
      if (statusOf(failure) === 404) return null
      throw failure
    },
  )
  if (installation === null) return null
  if (!installation.success) throw unexpectedAnswer(INSTALLATION, installation.error)
  if (installation.data.suspended_at != null) return null
  const where = { installation: installation.data.id, id: name }
  const found = await orNothing(github.reading(where).rest('GET /repos/{owner}/{repo}', { owner, repo: name }, repositoryShape, [301, 404]))
  if (found === null) return null
  return {
    ...{ id: found.id, node: found.node_id, owner: found.owner.login, name: found.name },
    ...{ account: found.owner.id, installation: where.installation },
  }
}
