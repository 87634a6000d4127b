import * as z from 'zod'
import { Failure } from '../errors.ts'
import { isAutomatic, isPerson, type DeployRequest, type Repository } from '../deploy/deployment.ts'
import { ROLES, type Role } from '../deploy/environment.ts'
import type { Facts, Somebody } from '../deploy/source.ts'
import { isRateLimit } from './github-failure.ts'
import type { GitHubClient } from './github.ts'

/** An App has no role: what it may do is said by the rules that name it. Nobody's role matters to what begins by itself. */
export const readActor = async (client: GitHubClient, { repository, actor, door }: DeployRequest): Promise<Facts['actor']> =>
  isPerson(actor) && !isAutomatic(door) ? readRole(client, repository, actor.login) : { id: actor.id, login: actor.login, role: 'none' }

/** By id. Who gave up the login that is known of them has no role any more. */
export async function readRoles(client: GitHubClient, repository: Repository, people: readonly Somebody[]): Promise<ReadonlyMap<number, Role>> {
  const found = await Promise.all(people.map(({ login }) => readRole(client, repository, login)))
  return new Map(people.map(({ id }, index) => [id, found[index]?.id === id ? found[index].role : 'none']))
}

const permissionShape = z.object({
  permission: z.string(),
  role_name: z.string().optional(),
  user: z.object({ id: z.number(), login: z.string() }).nullable(),
})

/** Nobody of that name: no role. Anything else that cannot be read is a Failure, never a role. */
async function readRole(client: GitHubClient, { owner, name: repo }: Repository, login: string): Promise<Facts['actor']> {
  const params = { owner, repo, username: login }
  try {
    const answer = await client.rest('GET /repos/{owner}/{repo}/collaborators/{username}/permission', params, permissionShape, [404])
    if (answer === null) return { id: null, login, role: 'none' }
    return { id: answer.user?.id ?? null, login: answer.user?.login ?? login, role: roleOf(answer) }
  } catch (error) {
    throw error instanceof Failure && !isRateLimit(error) ? permissionUnreadable(error, login) : error
  }
}

/** `role_name` is exact for GitHub's own roles; a custom one counts as the base role in `permission`, which has no triage or maintain. */
const roleOf = ({ permission, role_name }: z.infer<typeof permissionShape>): Role => asRole(role_name) ?? asRole(permission) ?? 'none'

const asRole = (name: string | undefined): Role | null => ROLES.find((role) => role === name) ?? null

const permissionUnreadable = (error: Failure, login: string): Failure =>
  new Failure(
    'PERMISSION_UNREADABLE',
    {
      sentence: `GitHub does not say what ${login} may do on this repository: ${error.problem.sentence}`,
      found: error.problem.found,
      next: error.problem.next,
      retryable: error.problem.retryable,
    },
    error.cause,
  )
