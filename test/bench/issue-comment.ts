import { createHmac } from 'node:crypto'

/** The size of GitHub's own `issue_comment` deliveries. */
const BYTES = 14_000
const API = 'https://api.github.com'

/** A placeholder of fixed width, so that a distinct body is made by writing twelve digits into a copy. */
const ID = '100000000000'
/** The same for the repository's number. */
const REPOSITORY = '500000000'

const user = (login: string, id: number) => {
  const of = [
    'followers',
    'following{/other_user}',
    'gists{/gist_id}',
    'starred{/owner}{/repo}',
    'subscriptions',
    'orgs',
    'repos',
    'events{/privacy}',
  ]
  const urls = Object.fromEntries(of.map((path) => [`${path.split('{')[0]}_url`, `${API}/users/${login}/${path}`]))
  const avatar = `https://avatars.githubusercontent.com/u/${id}?v=4`
  return {
    login,
    id,
    node_id: `U_${id}`,
    avatar_url: avatar,
    gravatar_id: '',
    url: `${API}/users/${login}`,
    html_url: `https://github.com/${login}`,
    ...urls,
    type: 'User',
    site_admin: false,
  }
}

const REPOSITORY_PATHS =
  `forks keys{/key_id} collaborators{/collaborator} teams hooks issues/events{/number} events assignees{/user} branches{/branch} tags
git/blobs{/sha} git/tags{/sha} git/refs{/sha} git/trees{/sha} statuses/{sha} languages stargazers contributors subscribers subscription commits{/sha}
git/commits{/sha} comments{/number} issues/comments{/number} contents/{+path} compare/{base}...{head} merges {archive_format}{/ref} downloads
issues{/number} pulls{/number} milestones{/number} notifications{?since,all,participating} labels{/name} releases{/id} deployments`.split(/\s+/)

function repository() {
  const urls = Object.fromEntries(REPOSITORY_PATHS.map((path) => [`${path.replace(/\W+/g, '_')}_url`, `${API}/repos/acme/shop/${path}`]))
  const counts = { size: 1024, stargazers_count: 3, watchers_count: 3, forks_count: 1, open_issues_count: 12, forks: 1, open_issues: 12, watchers: 3 }
  const flags = { has_issues: true, has_projects: true, has_downloads: true, has_wiki: true, has_pages: false, archived: false, disabled: false }
  const names = {
    id: Number(REPOSITORY),
    node_id: `R_${REPOSITORY}`,
    name: 'shop',
    full_name: 'acme/shop',
    private: false,
    owner: user('acme', 50),
    fork: false,
    visibility: 'public',
  }
  const times = { created_at: '2026-01-02T03:04:05Z', updated_at: '2026-11-02T03:04:05Z', pushed_at: '2026-11-03T03:04:05Z', default_branch: 'main' }
  return {
    ...names,
    html_url: 'https://github.com/acme/shop',
    description: 'The shop',
    url: `${API}/repos/acme/shop`,
    ...urls,
    ...times,
    ...counts,
    ...flags,
  }
}

function reactions(url: string) {
  return { url: `${url}/reactions`, total_count: 0, '+1': 0, '-1': 0, laugh: 0, hooray: 0, confused: 0, heart: 0, rocket: 0, eyes: 0 }
}

function payload(filler: string) {
  const issueUrl = `${API}/repos/acme/shop/issues/42`
  const issueUrls = {
    url: issueUrl,
    repository_url: `${API}/repos/acme/shop`,
    labels_url: `${issueUrl}/labels{/name}`,
    comments_url: `${issueUrl}/comments`,
    events_url: `${issueUrl}/events`,
  }
  const common = {
    created_at: '2026-11-23T10:00:00Z',
    updated_at: '2026-11-23T10:00:00Z',
    author_association: 'MEMBER',
    performed_via_github_app: null,
  }
  const pull = {
    url: `${API}/repos/acme/shop/pulls/42`,
    html_url: 'https://github.com/acme/shop/pull/42',
    diff_url: 'https://github.com/acme/shop/pull/42.diff',
    merged_at: null,
  }
  const issue = {
    ...issueUrls,
    id: 4200,
    node_id: 'I_4200',
    number: 42,
    title: 'Faster checkout',
    user: user('ada', 1),
    labels: [],
    state: 'open',
    locked: false,
    assignee: null,
  }
  const more = {
    assignees: [],
    milestone: null,
    comments: 3,
    ...common,
    closed_at: null,
    draft: false,
    pull_request: pull,
    body: filler,
    reactions: reactions(issueUrl),
  }
  const commentUrl = `${API}/repos/acme/shop/issues/comments/${ID}`
  const comment = {
    url: commentUrl,
    html_url: `https://github.com/acme/shop/pull/42#issuecomment-${ID}`,
    issue_url: issueUrl,
    id: Number(ID),
    node_id: `IC_${ID}`,
    user: user('ada', 1),
  }
  const said = { ...comment, ...common, body: '/deploy staging', reactions: reactions(commentUrl) }
  return {
    action: 'created',
    issue: { ...issue, ...more },
    comment: said,
    repository: repository(),
    organization: { login: 'acme', id: 50 },
    sender: user('ada', 1),
    installation: { id: 7, node_id: 'MDIz' },
  }
}

/** One body per number below 10^11, all of the same length: `write` turns a copy of `bytes` into that number's, in one of some repositories. */
export function issueComments(): { readonly bytes: Buffer; write(body: Buffer, number: number, repository?: number): void } {
  const empty = Buffer.byteLength(JSON.stringify(payload('')))
  const filler = 'What it does, why, and how it was tried.\\n'.repeat(1000).slice(0, BYTES - empty)
  const bytes = Buffer.from(JSON.stringify(payload(filler.replaceAll('\\n', '. '))))
  const [ids, repositories] = [placesOf(bytes, ID), placesOf(bytes, REPOSITORY)]
  return {
    bytes,
    write(body, number, repository = 0) {
      for (const place of ids) body.write(String(Number(ID) + number), place, 'latin1')
      for (const place of repositories) body.write(String(Number(REPOSITORY) + repository), place, 'latin1')
    },
  }
}

function placesOf(bytes: Buffer, text: string): readonly number[] {
  const places: number[] = []
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) places.push(at)
  return places
}

export const sign = (body: Buffer, secret: string): string => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
