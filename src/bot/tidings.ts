import * as z from 'zod'
import type { Person, Repository } from '../deploy/deployment.ts'
import type { Happening } from '../deploy/happening.ts'
import { botLogin, id, installation, login, repository, repositoryOf, sha, time } from './payload.ts'

/** What webhooks tell that is no command: nobody is answered. Pure, and never throws, whatever the body holds. */
export type Tiding =
  | { readonly is: 'happening'; readonly happening: Happening }
  | { readonly is: 'push'; readonly push: Push }
  | { readonly is: 'package'; readonly published: Published }

/** A branch is at another commit now. */
export interface Push {
  readonly repository: Repository
  readonly branch: string
  readonly defaultBranch: string
  readonly commit: string
  readonly by: Person
}

/** A tag of a container image on GitHub Packages, in a package that is connected to the repository. */
export interface Published {
  readonly repository: Repository
  /** As rules write it: `ghcr.io/acme/shop`. */
  readonly image: string
  readonly tag: string
  readonly by: Person
}

/** `key`: what the signed body means. `at`: when it happened, by GitHub's clock in milliseconds; null where it does not say. */
export interface Told {
  readonly key: string
  readonly at: number | null
  readonly tiding: Tiding
}

type Read<T> = (payload: unknown) => T | null

function reads<Shape extends z.ZodType, T>(shape: Shape, make: (read: z.infer<Shape>) => T | null): Read<T> {
  return (payload) => {
    const read = shape.safeParse(payload)
    return read.success ? make(read.data) : null
  }
}

const placed = { installation, repository }
/** Deploy keys and Apps push, too. */
const anybody = z.object({ id, login: z.union([login, botLogin]) })

const millis = (at: string | number): number => (typeof at === 'number' ? at * 1000 : Date.parse(at))

const told = (key: string, at: number, happening: Happening): Told => ({ key, at, tiding: { is: 'happening', happening } })

/** What git allows in the name of a branch. */
const branch = z.string().regex(/^[^\p{Cc}\s~^:?*[\\]{1,250}$/u)
const branchRef = z.string().regex(/^refs\/heads\/[^\p{Cc}\s~^:?*[\\]{1,250}$/u)

const pullRequest = z.object({ ...placed, pull_request: z.object({ number: id, updated_at: time, head: z.object({ sha }) }) })

const readHead = reads(pullRequest, ({ pull_request: { number, updated_at: since, head }, ...where }) => {
  const [home, at] = [repositoryOf(where), Date.parse(since)]
  return told(`h:${home.id}:${number}:${head.sha}:${since}`, at, { kind: 'head', repository: home, pull: number, head: head.sha, at })
})

/** Of all that is edited only the base changes what a pull request would bring. */
const edited = pullRequest.extend({
  changes: z.object({ base: z.object({}) }),
  pull_request: pullRequest.shape.pull_request.extend({ base: z.object({ ref: branch }) }),
})
const readRetargeted = reads(edited, ({ pull_request: { number, updated_at: since, head, base }, ...where }) => {
  const [home, at] = [repositoryOf(where), Date.parse(since)]
  const happening = { kind: 'head', repository: home, pull: number, head: head.sha, at, base: base.ref } as const
  return told(`h:${home.id}:${number}:${head.sha}:${since}:${base.ref}`, at, happening)
})

function closed(number: number, since: string, by: Closer, home: Repository): Told {
  const at = Date.parse(since)
  const person = by?.type === 'User' ? { by: { id: by.id, login: by.login } } : {}
  return told(`x:${home.id}:${number}:${since}`, at, { kind: 'closed', repository: home, subject: number, at, ...person })
}
const closer = anybody.extend({ type: z.string() }).nullable()
type Closer = z.infer<typeof closer>
const closedPull = pullRequest.extend({ pull_request: pullRequest.shape.pull_request.extend({ merged: z.boolean() }), sender: closer })
const readClosedPull = reads(closedPull, ({ pull_request: { number, updated_at: since, merged }, sender, ...where }) =>
  closed(number, since, merged ? null : sender, repositoryOf(where)),
)
const closedIssue = z.object({ ...placed, issue: z.object({ number: id, updated_at: time }), sender: closer })
const readClosedIssue = reads(closedIssue, ({ issue: { number, updated_at: since }, sender, ...where }) =>
  closed(number, since, sender, repositoryOf(where)),
)

/** A branch that is deleted is at no commit. */
const NOWHERE = /^0+$/

const pushed = z.object({
  installation,
  repository: repository.extend({ default_branch: z.string().min(1).max(255), pushed_at: z.union([z.int().positive(), time]).nullish() }),
  ref: branchRef,
  before: sha,
  after: sha,
  sender: anybody,
})
/** The same commit may come to the same branch again, after another one: with `before` and GitHub's time it is another push. */
const readPush = reads(pushed, ({ ref, before, after, sender, ...where }): Told | null => {
  const { default_branch: defaultBranch, pushed_at: seconds } = where.repository
  if (NOWHERE.test(after)) return null
  const [home, branch] = [repositoryOf(where), ref.slice('refs/heads/'.length)]
  const at = seconds == null ? null : millis(seconds)
  const push: Push = { repository: home, branch, defaultBranch, commit: after, by: { id: sender.id, login: sender.login } }
  return { key: `p:${home.id}:${before}:${after}:${at ?? '-'}:${branch}`, at, tiding: { is: 'push', push } }
})

const tag = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
const container = z.object({
  name: z.string().regex(/^[A-Za-z0-9._/-]{1,200}$/),
  package_type: z.string().regex(/^(?:container|docker)$/i),
  owner: z.object({ login }),
  package_version: z.object({ id, container_metadata: z.object({ tag: z.object({ name: tag }) }) }),
})
type Container = z.infer<typeof container>

function published(about: Container, sender: Person, home: Repository): Told {
  const { owner, name, package_version: version } = about
  const { name: given } = version.container_metadata.tag
  // Names on ghcr.io are in small letters, whatever those of the account are.
  const image = `ghcr.io/${owner.login}/${name}`.toLowerCase()
  const it: Published = { repository: home, image, tag: given, by: { id: sender.id, login: sender.login } }
  return { key: `r:${home.id}:${version.id}:${given}`, at: null, tiding: { is: 'package', published: it } }
}
const readRegistryPackage = reads(z.object({ ...placed, registry_package: container, sender: anybody }), ({ registry_package, sender, ...where }) =>
  published(registry_package, sender, repositoryOf(where)),
)
const readPackage = reads(z.object({ ...placed, package: container, sender: anybody }), ({ package: about, sender, ...where }) =>
  published(about, sender, repositoryOf(where)),
)

/** `updated_at` is what tells one suspension from the next. */
const installationNow = z.object({ id, updated_at: z.union([time, z.int().positive()]) })

const readGone = reads(
  z.object({ action: z.string(), installation: installationNow }),
  ({ action, installation: { id: which, updated_at: since } }) => {
    const at = millis(since)
    return told(`g:${which}:${action}:${at}`, at, { kind: 'gone', installation: which })
  },
)
const removed = z.object({ installation: installationNow, repositories_removed: z.array(z.object({ id })).min(1).max(10_000) })
const readRemoved = reads(removed, ({ installation: { id: which, updated_at: since }, repositories_removed: those }) => {
  const at = millis(since)
  const repositories = those.map((one) => one.id)
  const key = `g:${which}:removed:${at}:${repositories.length}:${repositories.slice(0, 20).join(',')}`
  return told(key, at, { kind: 'gone', installation: which, repositories })
})

const READERS = {
  'pull_request.opened': readHead,
  'pull_request.synchronize': readHead,
  'pull_request.reopened': readHead,
  'pull_request.edited': readRetargeted,
  'pull_request.closed': readClosedPull,
  'issues.closed': readClosedIssue,
  push: readPush,
  'registry_package.published': readRegistryPackage,
  'package.published': readPackage,
  'installation.deleted': readGone,
  'installation.suspend': readGone,
  'installation_repositories.removed': readRemoved,
} as const

export const STORED_TIDINGS = Object.keys(READERS) as readonly (keyof typeof READERS)[]

/** Stored before GitHub gets its answer, because nothing else would tell it to us again. */
export const STORED: ReadonlyMap<string, Read<Told>> = new Map(Object.entries(READERS))

/** `back`: the App may act for the installation again. */
export type Passing = Exclude<Happening, { readonly kind: 'gone' }> | { readonly kind: 'back'; readonly installation: number }

const app = z.object({ id }).nullish()
const suite = z.object({ ...placed, check_suite: z.object({ head_sha: sha, app }) })
const run = z.object({ ...placed, check_run: z.object({ head_sha: sha, app }) })
const status = z.object({ ...placed, sha })

/** Every deployment makes a check run of ours, which is nothing that another one waits for. */
const checked =
  (read: Read<{ readonly by: number | undefined; readonly commit: string; readonly home: Repository }>) =>
  (payload: unknown, ownApp: number): Passing | null => {
    const report = read(payload)
    return report === null || report.by === ownApp ? null : { kind: 'checks', repository: report.home, commit: report.commit }
  }
const readSuite = checked(reads(suite, ({ check_suite: it, ...where }) => ({ by: it.app?.id, commit: it.head_sha, home: repositoryOf(where) })))
const readRun = checked(reads(run, ({ check_run: it, ...where }) => ({ by: it.app?.id, commit: it.head_sha, home: repositoryOf(where) })))
const readStatus = reads(status, ({ sha: commit, ...where }): Passing => ({ kind: 'checks', repository: repositoryOf(where), commit }))

const review = z.object({ ...placed, pull_request: z.object({ number: id }) })

const readThread = reads(review, aboutThread)
const readBack = reads(z.object({ installation }), ({ installation: { id: which } }): Passing => ({ kind: 'back', installation: which }))

function aboutThread({ pull_request: { number }, ...where }: z.infer<typeof review>): Passing {
  return { kind: 'thread', repository: repositoryOf(where), subject: number }
}

/**
 * Not stored: what waits is looked at again by the clock all the same, so that nothing is lost with one of these but time, and a
 * repository's CI may report hundreds of times for one commit.
 */
export const PASSING: ReadonlyMap<string, (payload: unknown, ownApp: number) => Passing | null> = new Map([
  ['check_suite.completed', readSuite],
  ['check_run.completed', readRun],
  ['status', readStatus],
  ['pull_request.ready_for_review', readThread],
  ['pull_request.converted_to_draft', readThread],
  ['pull_request_review.submitted', readThread],
  ['pull_request_review.dismissed', readThread],
  ['installation.unsuspend', readBack],
])
