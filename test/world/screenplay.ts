/** What happened, for people: printed by a story that fails and by `npm run demo -- --once`. */
import type { Call, GitHub } from './github/github.ts'
import type { Account, CheckRun, Comment, Deployment, Issue, Repository } from './github/state.ts'

/** Who said what on the thread, the check runs and deployments of the repository, then the calls to GitHub in order. */
export function screenplay(github: GitHub, number: number, repository: Repository = github.repository): string {
  return [conversation(repository, number), '', 'Calls to GitHub, in order:', ...calls(github.calls)].join('\n')
}

/** The thread alone. */
function conversation(repository: Repository, number: number): string {
  const issue = repository.issues.get(number)
  if (issue === undefined) return `There is no issue or pull request #${number}.`
  const work = [...repository.checks.map(check), ...repository.deployments.map(deployment)]
  return [heading(issue), ...issue.comments.map(comment), ...work].join('\n')
}

function heading(issue: Issue): string {
  const what = issue.pull === null ? 'issue' : issue.pull.isMerged ? 'merged pull request' : 'pull request'
  const labels = issue.labels.size === 0 ? '' : `, labelled ${[...issue.labels].join(', ')}`
  return `#${issue.number} ${issue.title} (${issue.state} ${what} of ${name(issue.author)}${labels})${reactions(issue)}`
}

function comment(one: Comment): string {
  const edits = one.bodies.length - 1
  const marks = [
    edits > 0 && `edited ${edits === 1 ? 'once' : `${edits} times`}`,
    one.isDeleted && 'deleted',
    one.minimized !== null && `hidden as ${one.minimized}`,
  ].filter(Boolean)
  const aside = marks.length === 0 ? '' : ` (${marks.join(', ')})`
  return `\n${name(one.author)}${aside}:${reactions(one)}\n${indented(one.body)}`
}

function reactions(to: Pick<Comment, 'reactions'>): string {
  return to.reactions.map(({ user, content }) => ` [${content} by ${name(user)}]`).join('')
}

function check(one: CheckRun): string {
  return `\nCheck "${one.name}" on ${one.headSha.slice(0, 7)}: ${one.shown.join(' → ')}${one.actions.map(({ label }) => ` [${label}]`).join('')}`
}

function deployment(one: Deployment): string {
  const states = one.statuses.map(({ state, description }) => (description === '' ? state : `${state} (${description})`))
  const url = one.statuses.at(-1)?.environmentUrl ?? ''
  return `\nDeployment of ${one.sha.slice(0, 7)} to ${one.environment}: ${['created', ...states].join(' → ')} ${url}`.trimEnd()
}

function calls(all: readonly Call[]): string[] {
  if (all.length === 0) return ['  none']
  return all.map(
    (one, index) =>
      `  ${index + 1}. ${one.method} ${one.path} ${one.fields.join(' ')}`.trimEnd() + ` → ${one.status === 0 ? 'no answer' : one.status}`,
  )
}

const name = (account: Account): string => `@${account.login}`
const indented = (text: string): string => text.replaceAll(/^/gm, '    ')
