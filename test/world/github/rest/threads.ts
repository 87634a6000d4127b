/** Comments, reactions, labels and pull requests. */
import { GitHubSays, notFound } from '../refusal.ts'
import * as show from '../render.ts'
import { findAccount, roleOf } from '../state.ts'
import type { Role } from '../state.ts'
import * as threads from '../threads.ts'
import { commentOf, issueOf, page } from './route.ts'
import type { Context, Route } from './route.ts'
import type { Repository } from '../state.ts'

const ofIssue = (context: Context, home: Repository) => home.issues.get(Number(context.parameters['issue_number'])) ?? null
const ofComment = (context: Context, home: Repository) => commentOf(context, home).issue

/** `permission` knows four roles: maintain is said as write, triage as read. `role_name` is exact. */
const AS_PERMISSION: Readonly<Record<Role, string>> = {
  none: 'none',
  read: 'read',
  triage: 'read',
  write: 'write',
  maintain: 'write',
  admin: 'admin',
}

export const threadRoutes: Readonly<Record<string, Route>> = {
  'GET /repos/{owner}/{repo}/collaborators/{username}/permission': {
    answer: ({ seen, parameters }, home) => {
      const account = findAccount(seen, parameters['username'] ?? '')
      if (account === null) throw new GitHubSays(404, `${parameters['username']} is not a user`)
      const { role, name } = roleOf(home, account)
      const permission = AS_PERMISSION[role]
      return { status: 200, stated: { permission, role_name: name, user: { ...show.user(account), role_name: name } } }
    },
  },

  'GET /repos/{owner}/{repo}/pulls/{pull_number}': {
    answer: (context, home) => {
      const issue = issueOf(context, home)
      if (issue.pull === null) throw notFound()
      return { status: 200, stated: show.pull(context.seen, home, issue, issue.pull) }
    },
  },

  'GET /repos/{owner}/{repo}/issues/{issue_number}': {
    thread: ofIssue,
    answer: (context, home) => ({ status: 200, stated: show.issue(home, issueOf(context, home)) }),
  },

  'GET /repos/{owner}/{repo}/issues/{issue_number}/comments': {
    thread: ofIssue,
    answer: (context, home) => {
      const issue = issueOf(context, home)
      const since = Date.parse(context.query.get('since') ?? '1970-01-01T00:00:00Z')
      const shown = issue.comments.filter((one) => !one.isDeleted && one.updatedAt >= since)
      const { items, headers } = page(context, shown)
      return { status: 200, headers, stated: items.map((one) => show.comment(home, issue, one)) }
    },
  },

  'POST /repos/{owner}/{repo}/issues/{issue_number}/comments': {
    thread: ofIssue,
    answer: (context, home) => {
      const issue = issueOf(context, home)
      const made = threads.comment(context.github, home, issue, context.bot, context.body.text('body') ?? '')
      return { status: 201, stated: show.comment(home, issue, made) }
    },
  },

  'POST /repos/{owner}/{repo}/issues/comments/{comment_id}/reactions': {
    thread: ofComment,
    answer: (context, home) => reacted(context, commentOf(context, home).comment),
  },

  'POST /repos/{owner}/{repo}/issues/{issue_number}/reactions': {
    thread: ofIssue,
    answer: (context, home) => reacted(context, issueOf(context, home)),
  },

  'DELETE /repos/{owner}/{repo}/issues/{issue_number}/labels/{name}': {
    thread: ofIssue,
    answer: (context, home) => {
      const issue = issueOf(context, home)
      const isGone = threads.removeLabel(context.github, home, issue, context.bot, context.parameters['name'] ?? '')
      if (!isGone) throw new GitHubSays(404, 'Label does not exist')
      return { status: 200, stated: [...issue.labels].map(show.label) }
    },
  },
}

function reacted({ github, bot, body }: Context, to: Parameters<typeof threads.react>[1]) {
  const { reaction, isNew } = threads.react(github, to, bot, body.text('content') ?? '')
  return { status: isNew ? 201 : 200, stated: show.reaction(reaction, github.now()) }
}
