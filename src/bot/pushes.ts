import * as z from 'zod'
import { Failure } from '../errors.ts'
import type { Repository } from '../deploy/deployment.ts'
import type { Somebody } from '../deploy/source.ts'
import type { GitHubClient } from './github.ts'

const pushShape = z.object({
  ref: z.string(),
  after: z.string(),
  timestamp: z.string(),
  actor: z.object({ id: z.number(), login: z.string() }).nullish(),
})
export type Push = z.infer<typeof pushShape>

/** The latest pushes, newest first: of the whole repository, because the branch is not known yet, or of one branch. */
export async function readPushes(client: GitHubClient, { owner, name }: Repository, ref: string | null): Promise<readonly Push[]> {
  const params = { owner, repo: name, per_page: ref === null ? 30 : 1, ...(ref !== null && { ref }) }
  return (await client.rest('GET /repos/{owner}/{repo}/activity', params, z.array(pushShape))) ?? []
}

export interface Pushed {
  /** By GitHub's clock (milliseconds). */
  readonly at: number | null
  readonly by: Somebody | null
}

export const NEVER_PUSHED: Pushed = { at: null, by: null }

/**
 * When the branch's newest push made this commit its head, and who pushed. The list of pushes and the API may lag behind each other:
 * as long as they disagree about the head, nobody knows which is the newer one.
 */
export async function pushOf(
  client: GitHubClient,
  repository: Repository,
  { branch, head }: { readonly branch: string; readonly head: string },
  pushes: readonly Push[],
): Promise<Pushed> {
  const ref = `refs/heads/${branch}`
  const isThis = (push: Push): boolean => push.ref === ref
  const newest = pushes.find(isThis) ?? (await readPushes(client, repository, ref)).find(isThis)
  if (newest === undefined) return NEVER_PUSHED
  if (newest.after !== head) throw unsettled(branch, newest.after, head)
  const at = Date.parse(newest.timestamp)
  return { at: Number.isNaN(at) ? null : at, by: newest.actor == null ? null : { id: newest.actor.id, login: newest.actor.login } }
}

/** Asking again soon may help. */
export const unsettled = (branch: string, one: string, other: string): Failure =>
  new Failure('HEAD_UNSETTLED', {
    sentence: `GitHub's own sources disagree about the head of ${branch}.`,
    found: `${one.slice(0, 7)} and ${other.slice(0, 7)}`,
    wanted: 'one head commit',
    next: 'Ask again in a minute.',
  })
