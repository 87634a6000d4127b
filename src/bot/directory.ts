import type { Probot } from 'probot'
import * as z from 'zod'
import type { Repository } from '../deploy/deployment.ts'
import type { Directory } from '../deploy/directory.ts'
import { createAccounts } from './accounts.ts'
import { readCommits } from './commits.ts'
import { unexpectedAnswer } from './github-failure.ts'
import { statusOf, type GitHub } from './github.ts'
import { leavingAlone, orNothing, type OwnCall } from './own-calls.ts'
import { id, login, node } from './payload.ts'
import { readRoles } from './roles.ts'
import { createSignIn, type SignInDoors } from './sign-in.ts'
import { identify } from './user-tokens.ts'

export interface DirectoryDoors extends SignInDoors {
  readonly probot: Pick<Probot, 'auth'>
  readonly github: GitHub
}

/** GitHub as the callers of the API and the readers of the pages are looked up there. */
export function createDirectory(doors: DirectoryDoors): Directory {
  const { github, clock } = doors
  // GitHub counts what the App asks by its password and by its key apart.
  const [byPassword, byKey] = [leavingAlone(clock), leavingAlone(clock)]
  return {
    ...createAccounts(byKey, doors),
    ...createSignIn(byPassword, doors),
    identify: (token) => identify(token, byPassword, doors),
    repository: (owner, name) => findRepository(owner, name, byKey, doors),
    role: async (person, repository) => {
      const roles = await orNothing(readRoles(github.reading(repository), repository, [person]))
      return roles?.get(person.id) ?? 'none'
    },
    commits: (repository, from, to) => readCommits(github, repository, from, to),
    async thread({ owner, name: repo, ...where }, number) {
      const params = { owner, repo, issue_number: number }
      const found = await github.reading(where).rest('GET /repos/{owner}/{repo}/issues/{issue_number}', params, thread, [301, 404, 410])
      return found === null ? null : { number, node: found.node_id, isPull: found.pull_request != null }
    },
  }
}

const thread = z.object({ node_id: node, pull_request: z.object({}).nullish() })

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
