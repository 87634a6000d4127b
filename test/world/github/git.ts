/** Commits, branches and pushes of the simulated repositories. */
import { newId, newSha } from './state.ts'
import type { Account, Commit, Push, Repository, State } from './state.ts'

const NOTHING = '0'.repeat(40)

/** The commit that a branch, tag, `HEAD`, or (short) commit id names; null where nothing does. */
export function findCommit(repository: Repository, name: string): Commit | null {
  const bare = name.replace(/^refs\/(heads|tags)\//, '').replace(/^(heads|tags)\//, '')
  const named = repository.branches.get(name === 'HEAD' ? repository.defaultBranch : bare) ?? repository.tags.get(bare) ?? pullHead(repository, name)
  if (named !== undefined) return repository.commits.get(named) ?? null
  if (!/^[0-9a-f]{4,40}$/i.test(name)) return null
  const matches = [...repository.commits.values()].filter((one) => one.sha.startsWith(name.toLowerCase()))
  return matches.length === 1 ? (matches[0] ?? null) : null
}

function pullHead(repository: Repository, name: string): string | undefined {
  const number = /^(?:refs\/)?pull\/(\d+)\/head$/.exec(name)?.[1]
  return number === undefined ? undefined : repository.issues.get(Number(number))?.pull?.head
}

/** Whether `ancestor` is `commit` or one before it. */
export function contains(repository: Repository, commit: string, ancestor: string): boolean {
  const seen = new Set<string>()
  const open = [commit]
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    if (sha === ancestor) return true
    if (!seen.has(sha)) open.push(...(repository.commits.get(sha)?.parents ?? []))
    seen.add(sha)
  }
  return false
}

export interface Change {
  readonly message?: string
  /** Path → new text; null removes. */
  readonly files?: Readonly<Record<string, string | null>>
  /** An existing commit to point the branch at, instead of a new one. */
  readonly to?: string
  /** Throws the branch's commits away: the new one stands on the default branch. */
  readonly force?: boolean
}

/** Moves a branch, making it where it is not there; the push is timed by `now`. */
export function push(state: State, repository: Repository, branch: string, actor: Account, now: number, change: Change = {}): Push {
  const before = repository.branches.get(branch)
  const base = change.force || before === undefined ? repository.branches.get(repository.defaultBranch) : before
  const after = change.to ?? commit(state, repository, base === undefined ? [] : [base], now, change).sha
  repository.branches.set(branch, after)
  const isForced = before !== undefined && !contains(repository, after, before)
  const kind = before === undefined ? 'branch_creation' : isForced ? 'force_push' : 'push'
  const row: Push = { id: newId(state), ref: `refs/heads/${branch}`, before: before ?? NOTHING, after, at: now, kind, actor }
  repository.pushes.push(row)
  return row
}

export function commit(state: State, repository: Repository, parents: readonly string[], now: number, change: Change): Commit {
  const files = new Map(repository.commits.get(parents[0] ?? '')?.files)
  for (const [path, text] of Object.entries(change.files ?? {})) {
    if (text === null) files.delete(path)
    else files.set(path, text)
  }
  const made: Commit = { sha: newSha(state), message: change.message ?? 'Work', date: now, parents, files }
  repository.commits.set(made.sha, made)
  return made
}
