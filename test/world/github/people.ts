/** The people (and bots) of a story, and what they do on GitHub. */
import { press, requestSuite } from './checks.ts'
import { contains, push } from './git.ts'
import type { Change } from './git.ts'
import type { GitHub } from './github.ts'
import { publish } from './packages.ts'
import type { PublishedImage } from './packages.ts'
import * as show from './render.ts'
import { user } from './render.ts'
import { canPush, dismissReview, submitReview } from './reviews.ts'
import type { Opinion, Reviewed } from './reviews.ts'
import { fullName, roleOf } from './state.ts'
import type { Account, AppIdentity, CheckRun, Comment, Issue, Repository, Review, Role } from './state.ts'
import * as threads from './threads.ts'

const ORDER: readonly Role[] = ['none', 'read', 'triage', 'write', 'maintain', 'admin']

export interface PullRequestWish {
  readonly base?: string
  readonly branch?: string
  readonly title?: string
  /** Where the branch is: a fork, for a pull request from outside. */
  readonly from?: Repository
  readonly isDraft?: boolean
}

/** An issue or a pull request, or its number. */
export type Thread = Issue | number

export class Person {
  readonly account: Account
  readonly #github: GitHub
  readonly #home: Repository

  constructor(github: GitHub, account: Account, home: Repository) {
    this.#github = github
    this.account = account
    this.#home = home
  }

  get login(): string {
    return this.account.login
  }

  get id(): number {
    return this.account.id
  }

  /** The same person in another repository. */
  at(repository: Repository): Person {
    return new Person(this.#github, this.account, repository)
  }

  /** `through` an App that acts for this person: the comment is theirs, and GitHub says which App wrote it. */
  comments(on: Thread, text: string, through: AppIdentity | null = this.account.app): Comment {
    this.#must('read', 'comment')
    return threads.comment(this.#github, this.#home, this.#issue(on), this.account, text, through)
  }

  /** Who may write may edit anyone's comments. */
  edits(comment: Comment, text: string): void {
    if (comment.author.id !== this.id) this.#must('write', "edit somebody else's comment")
    threads.edit(this.#github, this.#home, this.#threadOf(comment), comment, this.account, text)
  }

  deletes(comment: Comment): void {
    if (comment.author.id !== this.id) this.#must('write', "delete somebody else's comment")
    threads.remove(this.#github, this.#home, this.#threadOf(comment), comment, this.account)
  }

  reacts(comment: Comment, content: string): void {
    threads.react(this.#github, comment, this.account, content)
  }

  labels(on: Thread, name: string): void {
    this.#must('triage', 'label')
    threads.addLabel(this.#github, this.#home, this.#issue(on), this.account, name)
  }

  unlabels(on: Thread, name: string): void {
    this.#must('triage', 'label')
    threads.removeLabel(this.#github, this.#home, this.#issue(on), this.account, name)
  }

  opensIssue(title = 'Something is to be done'): Issue {
    return threads.open(this.#github, this.#home, { title, author: this.account, pull: null })
  }

  /** Pushes the branch first, where it is not there yet. */
  opensPullRequest({
    branch = 'checkout',
    title = 'A change',
    from = this.#home,
    base = this.#home.defaultBranch,
    isDraft = false,
  }: PullRequestWish = {}): Issue {
    if (!from.branches.has(branch)) this.at(from).pushes(branch, { message: title })
    const head = from.branches.get(branch) ?? ''
    const pull = {
      headRepository: from.id,
      headBranch: branch,
      head,
      base,
      isMerged: false,
      isDraft,
      mergeable: 'MERGEABLE' as const,
      reviews: [],
    }
    return threads.open(this.#github, this.#home, { title, author: this.account, pull })
  }

  /** Returns the commit that the branch is at now. */
  pushes(branch: string, change: Change = {}): string {
    this.#must('write', 'push')
    return this.#push(branch, change)
  }

  closes(on: Thread): void {
    const issue = this.#issue(on)
    if (issue.author.id !== this.id) this.#must('triage', 'close')
    threads.setState(this.#github, this.#home, issue, this.account, 'closed')
  }

  reopens(on: Thread): void {
    threads.setState(this.#github, this.#home, this.#issue(on), this.account, 'open')
  }

  /** Returns the commit that the base branch is at now. */
  merges(on: Thread): string {
    return this.#merge(on, (number) => `Merge pull request #${number}`)
  }

  /** A new commit on the base branch; where that had not moved on, it holds exactly what the head holds. */
  squashes(on: Thread): string {
    return this.#merge(on, (number) => `A change (#${number})`)
  }

  /** Of the pull request's head, or of an earlier commit that was looked at. */
  reviews(on: Thread, opinion: Opinion, { commit, body = '' }: { readonly commit?: string; readonly body?: string } = {}): Review {
    this.#must('read', 'review')
    const reviewed = this.#pull(on)
    return submitReview(this.#github, this.#home, reviewed, this.account, { opinion, commit: commit ?? reviewed.pull.head, body })
  }

  dismisses(on: Thread, review: Review): void {
    this.#must('write', 'dismiss a review')
    dismissReview(this.#github, this.#home, this.#pull(on), review, this.account)
  }

  marksDraft(on: Thread): void {
    this.#setDraft(on, true)
  }

  marksReady(on: Thread): void {
    this.#setDraft(on, false)
  }

  /** Lets it go to another branch. */
  retargets(on: Thread, base: string): void {
    const { issue } = this.#pull(on)
    if (issue.author.id !== this.id) this.#must('write', 'retarget')
    threads.setBase(this.#github, this.#home, issue, this.account, base)
  }

  /** A tag of an image on ghcr.io; told where the App asks for `registry_package` (`github.events.add`). */
  publishes(image: PublishedImage): void {
    this.#must('write', 'publish a package')
    publish(this.#github, this.#home, this.account, image)
  }

  /** One of the buttons that a check run carries, by its label: GitHub shows them to people with write access alone. */
  presses(label: string, check: CheckRun): void {
    this.#must('write', `press ${label}`)
    const action = check.actions.find((one) => one.label === label)
    if (action === undefined)
      throw new Error(`${check.name} has no button "${label}", but ${check.actions.map((one) => one.label).join(', ') || 'none'}`)
    press(this.#github, this.#home, check, this.account, action.identifier)
  }

  /** The same by whoever has gone round GitHub's page, or loaded it before the button went or they lost their access: GitHub is not trusted with it. */
  pressesUnshown(identifier: string, check: CheckRun): void {
    press(this.#github, this.#home, check, this.account, identifier)
  }

  /** "Re-run" on a check run. */
  reruns(check: CheckRun): void {
    this.#must('write', 're-run a check')
    if (check.status !== 'completed') throw new Error(`${check.name} still runs: GitHub offers no "Re-run"`)
    press(this.#github, this.#home, check, this.account, null)
  }

  #push(branch: string, change: Change): string {
    const github = this.#github
    const row = push(github.state, this.#home, branch, this.account, github.now(), change)
    const isCreated = row.kind === 'branch_creation'
    const flags = { created: isCreated, deleted: false, forced: row.kind === 'force_push' }
    const pusher = { name: this.login, email: `${this.login.replace('[bot]', '')}@example.com` }
    const head = { id: row.after, message: change.message ?? 'Work', author: pusher, committer: pusher, distinct: true }
    // Here alone GitHub gives this time as a number of seconds.
    const repository = { ...show.repository(this.#home), pushed_at: Math.floor(github.now() / 1000) }
    const stated = {
      repository,
      ref: row.ref,
      before: row.before,
      after: row.after,
      ...flags,
      pusher,
      commits: [head],
      head_commit: head,
      sender: user(this.account),
    }
    github.send('push', this.#home, this.account, stated)
    requestSuite(github, this.#home, this.account, branch, row.before, row.after)
    threads.synchronize(github, this.#home, branch, row.after, this.account)
    return row.after
  }

  #merge(on: Thread, message: (number: number) => string): string {
    this.#must('write', 'merge')
    const { issue, pull } = this.#pull(on)
    pull.isMerged = true
    threads.setState(this.#github, this.#home, issue, this.account, 'closed')
    const head = this.#home.commits.get(pull.head)
    const isStraight = contains(this.#home, pull.head, this.#home.branches.get(pull.base) ?? '')
    const change = { message: message(issue.number), files: Object.fromEntries(head?.files ?? []) }
    return this.#push(pull.base, { ...change, ...(isStraight && head !== undefined && { tree: head.tree }) })
  }

  #setDraft(on: Thread, isDraft: boolean): void {
    const { issue } = this.#pull(on)
    if (issue.author.id !== this.id && !canPush(this.#home, this.account))
      throw new Error(`${this.login} may not change a draft of ${issue.author.login}`)
    threads.setDraft(this.#github, this.#home, issue, this.account, isDraft)
  }

  #pull(on: Thread): Reviewed {
    const issue = this.#issue(on)
    if (issue.pull === null) throw new Error(`#${issue.number} is no pull request`)
    return { issue, pull: issue.pull }
  }

  #issue(on: Thread): Issue {
    const number = typeof on === 'number' ? on : on.number
    const issue = this.#home.issues.get(number)
    if (issue === undefined) throw new Error(`${fullName(this.#home)} has no issue or pull request #${number}`)
    return issue
  }

  #threadOf(comment: Comment): Issue {
    const issue = [...this.#home.issues.values()].find((one) => one.comments.includes(comment))
    if (issue === undefined) throw new Error(`${fullName(this.#home)} has no such comment`)
    return issue
  }

  /** A story that lets people do what GitHub would not is a mistake of the story. */
  #must(role: Role, what: string): void {
    const has = roleOf(this.#home, this.account).role
    if (ORDER.indexOf(has) < ORDER.indexOf(role)) throw new Error(`${this.login} may not ${what} in ${fullName(this.#home)}: ${has}, not ${role}`)
  }
}
