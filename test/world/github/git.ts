/** Commits, branches and pushes of the simulated repositories. */
import { newId, newSha, treeId } from './state.ts'
import type { Account, Commit, Push, Repository, State } from './state.ts'

const NOTHING = '0'.repeat(40)

/** The commit that a branch, tag, `HEAD`, or (short) commit id names; null where nothing does. */
export function findCommit(repository: Repository, name: string): Commit | null {
  const bare = name.replace(/^refs\/(heads|tags)\//, '').replace(/^(heads|tags)\//, '')
  const named = repository.branches.get(name === 'HEAD' ? repository.defaultBranch : bare) ?? repository.tags.get(bare) ?? pullHead(repository, name)
  if (named !== undefined) return repository.commits.get(repository.annotated.get(named) ?? named) ?? null
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
  return history(repository, commit).has(ancestor)
}

/** The commit and all before it. */
export function history(repository: Repository, commit: string): ReadonlySet<string> {
  const seen = new Set<string>()
  const open = [commit]
  for (let sha = open.pop(); sha !== undefined; sha = open.pop()) {
    if (!seen.has(sha)) open.push(...(repository.commits.get(sha)?.parents ?? []))
    seen.add(sha)
  }
  return seen
}

/**
 * How `head` stands to `base`, and what it has beside it, the oldest first: https://docs.github.com/rest/commits/commits#compare-two-commits.
 * Null where they have nothing in common.
 */
export function compare(repository: Repository, base: string, head: string) {
  const [before, after] = [history(repository, base), history(repository, head)]
  if (before.isDisjointFrom(after)) return null
  const [ahead_by, behind_by] = [after.difference(before).size, before.difference(after).size]
  const status = ahead_by === 0 ? (behind_by === 0 ? 'identical' : 'behind') : behind_by === 0 ? 'ahead' : 'diverged'
  // As they were made: one before those that stand on it.
  const commits = [...repository.commits.keys()].filter((sha) => after.has(sha) && !before.has(sha))
  return { status, ahead_by, behind_by, commits }
}

/** The last commit that both have; null where they have nothing in common. */
export function mergeBase(repository: Repository, base: string, head: string): string | null {
  const common = [...history(repository, base).intersection(history(repository, head))]
  return common.find((one) => common.every((other) => contains(repository, one, other))) ?? null
}

export interface Change {
  readonly message?: string
  /** Path → new text; null removes. */
  readonly files?: Readonly<Record<string, string | null>>
  /** An existing commit to point the branch at, instead of a new one. */
  readonly to?: string
  /** Throws the branch's commits away: the new one stands on the default branch. */
  readonly force?: boolean
  readonly isSigned?: boolean
  /** The tree of another commit, as a squash has it; without it and without files the commit is taken to have changed something unnamed. */
  readonly tree?: string
}

/** Moves a branch, making it where it is not there; the push is timed by `now`. */
export function push(state: State, repository: Repository, branch: string, actor: Account, now: number, change: Change = {}): Push {
  const before = repository.branches.get(branch)
  const base = change.force || before === undefined ? repository.branches.get(repository.defaultBranch) : before
  const after = change.to ?? commit(state, repository, base === undefined ? [] : [base], now, change, actor).sha
  repository.branches.set(branch, after)
  const isForced = before !== undefined && !contains(repository, after, before)
  const kind = before === undefined ? 'branch_creation' : isForced ? 'force_push' : 'push'
  const row: Push = { id: newId(state), ref: `refs/heads/${branch}`, before: before ?? NOTHING, after, at: now, kind, actor }
  repository.pushes.push(row)
  return row
}

export function commit(
  state: State,
  repository: Repository,
  parents: readonly string[],
  now: number,
  change: Change,
  author: Account | null = null,
): Commit {
  const files = new Map(repository.commits.get(parents[0] ?? '')?.files)
  for (const [path, text] of Object.entries(change.files ?? {})) {
    if (text === null) files.delete(path)
    else files.set(path, text)
  }
  const sha = newSha(state)
  const tree = change.tree ?? treeId(repository.commits.get(parents[0] ?? '')?.tree ?? '', change.files ? JSON.stringify(change.files) : sha)
  const { message = 'Work', isSigned = false } = change
  const made: Commit = { sha, message, author, date: now, parents, files, tree, isSigned }
  repository.commits.set(made.sha, made)
  return made
}
