/** Commits, files and the activity log. */
import { compare, findCommit, mergeBase } from '../git.ts'
import { notFound } from '../refusal.ts'
import * as show from '../render.ts'
import { blobId, nodeId, stamp } from '../state.ts'
import { page } from './route.ts'
import type { Route } from './route.ts'

export const gitRoutes: Readonly<Record<string, Route>> = {
  'GET /repos/{owner}/{repo}': { answer: (_context, home) => ({ status: 200, stated: show.repository(home) }) },

  'GET /repos/{owner}/{repo}/activity': {
    answer: (context, home) => {
      const { query } = context
      const ref = query.get('ref')
      const names = [ref, `refs/heads/${ref}`]
      const rows = home.pushes.filter((one) => ref === null || names.includes(one.ref)).filter((one) => isOf(query.get('activity_type'), one.kind))
      const ordered = query.get('direction') === 'asc' ? rows : rows.toReversed()
      const { items, headers } = page(context, ordered, 'after')
      const stated = items.map(({ id, before, after, ref: name, at, kind, actor }) => {
        return { id, node_id: nodeId('PSH', id), before, after, ref: name, timestamp: stamp(at), activity_type: kind, actor: show.user(actor) }
      })
      return { status: 200, headers, stated }
    },
  },

  'GET /repos/{owner}/{repo}/compare/{basehead}': {
    answer: (context, home) => {
      const { parameters, query } = context
      const [base = '', head = ''] = (parameters['basehead'] ?? '').split('...')
      const sides = [findCommit(home, base), findCommit(home, head)]
      const compared = sides[0] && sides[1] && compare(home, sides[0].sha, sides[1].sha)
      if (!compared) throw notFound()
      const [base_commit, merge_base_commit] = [sides[0]!.sha, mergeBase(home, sides[0]!.sha, sides[1]!.sha) ?? ''].map((sha) =>
        show.commit(home, sha),
      )
      const all = compared.commits
      // "Without any paging parameter, the list is limited to 250 commits, and the last one is the most recent of the entire comparison."
      const { items, headers } = query.has('page') || query.has('per_page') ? page(context, all) : { items: all.slice(-250), headers: {} }
      const commits = items.map((sha) => show.commit(home, sha))
      return { status: 200, headers, stated: { ...compared, total_commits: all.length, base_commit, merge_base_commit, commits } }
    },
  },

  'GET /repos/{owner}/{repo}/contents/{path}': {
    answer: ({ parameters, query }, home) => {
      const path = parameters['path'] ?? ''
      const text = findCommit(home, query.get('ref') ?? 'HEAD')?.files.get(path)
      if (text === undefined) throw notFound()
      const size = Buffer.byteLength(text)
      // Above a megabyte the content is left out: https://docs.github.com/rest/repos/contents#get-repository-content
      const isLarge = size > 1024 * 1024
      const content = isLarge ? '' : Buffer.from(text).toString('base64').replaceAll(/.{60}/g, '$&\n')
      const name = path.split('/').at(-1) ?? path
      return { status: 200, stated: { type: 'file', name, path, size, sha: blobId(text), encoding: isLarge ? 'none' : 'base64', content } }
    },
  },
}

function isOf(wanted: string | null, kind: string): boolean {
  return wanted === null || wanted === kind
}
