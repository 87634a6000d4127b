/** What a commit and a pull request are judged by, as GitHub tells it; each rule with the page that says so, where one does. */
import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../world/github/webhooks.ts'
import { at, newGitHub } from './world.ts'

const names = (deliveries: readonly Delivery[]): string[] => deliveries.map((one) => (one.action === null ? one.event : `${one.event}.${one.action}`))

function scene() {
  const world = newGitHub()
  const { github } = world
  const pull = github.people.ada.opensPullRequest({ branch: 'checkout' })
  const head = (): string => pull.pull?.head ?? ''
  const repository = async (selection: string): Promise<unknown> =>
    at(await world.ask(`{ repository(owner: "acme", name: "shop") { ${selection} } }`), 'data', 'repository')
  const pullRequest = async (selection: string): Promise<unknown> => at(await repository(`pullRequest(number: 1) { ${selection} }`), 'pullRequest')
  const since = (count: number): readonly Delivery[] => github.webhooks.log.slice(count)
  return { ...world, pull, head, repository, pullRequest, since }
}

describe('checks', () => {
  const ROLLUP = `... on Commit { statusCheckRollup { contexts(first: 100) { nodes {
    ... on CheckRun { name status conclusion isRequired(pullRequestNumber: 1) checkSuite { app { slug } } }
    ... on StatusContext { context state isRequired(pullRequestNumber: 1) }
  } } } }`

  test('a commit that nobody reported on has no rollup', async () => {
    const { repository, head } = scene()
    expect(await repository(`object(oid: "${head()}") { ${ROLLUP} }`)).toEqual({ object: { statusCheckRollup: null } })
  })

  test('runs of every App beside statuses; of a status the latest, of a check every run', async () => {
    const { github, repository, head } = scene()
    github.requires(['build'])
    github.checks(head(), 'build', 'in_progress')
    github.checks(head(), 'build', 'failure')
    github.checks(head(), 'build', 'success')
    github.checks(head(), 'legacy', 'failure', { app: null })
    github.checks(head(), 'legacy', 'success', { app: null })
    const actions = { app: { slug: 'github-actions' } }
    expect(at(await repository(`object(oid: "${head()}") { ${ROLLUP} }`), 'object', 'statusCheckRollup', 'contexts', 'nodes')).toEqual([
      { name: 'build', status: 'COMPLETED', conclusion: 'FAILURE', isRequired: true, checkSuite: actions },
      { name: 'build', status: 'COMPLETED', conclusion: 'SUCCESS', isRequired: true, checkSuite: actions },
      { context: 'legacy', state: 'SUCCESS', isRequired: false },
    ])
  })

  test('required for which pull request has to be said', async () => {
    const { github, ask, head } = scene()
    github.checks(head(), 'build', 'success')
    const answer = await ask(`{ repository(owner: "acme", name: "shop") { object(oid: "${head()}") { ... on Commit {
      statusCheckRollup { contexts(first: 1) { nodes { ... on CheckRun { isRequired } } } } } } } }`)
    expect(at(answer, 'errors', 0, 'message')).toContain('must be provided')
  })

  // https://docs.github.com/webhooks/webhook-events-and-payloads#check_suite
  test('once every run of its suite has ended, so has the suite; the bot is told of other Apps’ too', () => {
    const { github, head, since } = scene()
    const before = github.webhooks.log.length
    github.checks(head(), 'build', 'in_progress')
    github.checks(head(), 'lint', 'success')
    github.checks(head(), 'build', 'failure')
    expect(names(since(before))).toEqual([
      'check_run.created',
      'check_run.created',
      'check_run.completed',
      'check_run.completed',
      'check_suite.completed',
    ])
    const { payload } = github.webhooks.last('check_suite')
    expect(at(payload, 'check_suite')).toMatchObject({
      head_sha: head(),
      head_branch: 'checkout',
      conclusion: 'failure',
      app: { slug: 'github-actions' },
    })
    expect(at(payload, 'check_suite', 'pull_requests', 0)).toMatchObject({ number: 1, head: { sha: head() } })
    github.verdict()
  })

  test('a status is told with the branches that stand on its commit', () => {
    const { github, head } = scene()
    github.checks(head(), 'legacy', 'success', { app: null })
    expect(github.webhooks.last('status').payload).toMatchObject({
      sha: head(),
      context: 'legacy',
      state: 'success',
      branches: [{ name: 'checkout' }],
    })
    github.verdict()
  })

  test('another App’s run cannot be changed by the bot', async () => {
    const { github, ask, head } = scene()
    const check = github.checks(head(), 'build', 'in_progress')
    const answer = await ask('mutation($input: UpdateCheckRunInput!) { updateCheckRun(input: $input) { clientMutationId } }', {
      input: { repositoryId: github.repository.node, checkRunId: check?.node, conclusion: 'SUCCESS' },
    })
    expect(at(answer, 'errors', 0, 'type')).toBe('FORBIDDEN')
    expect(check?.status).toBe('in_progress')
  })
})

describe('pull requests', () => {
  const OPINIONS = 'latestOpinionatedReviews(first: 100) { nodes { state author { login } authorCanPushToRepository commit { oid } } }'

  test('an opinion for each author, the latest; none of somebody whose latest was dismissed', async () => {
    const { github, pull, pullRequest, head } = scene()
    const { grace, eve, trent, ada } = github.people
    grace.reviews(pull, 'request changes')
    grace.reviews(pull, 'approve')
    grace.reviews(pull, 'comment')
    eve.reviews(pull, 'approve')
    trent.reviews(pull, 'approve')
    ada.dismisses(pull, trent.reviews(pull, 'request changes'))
    const commit = { oid: head() }
    expect(at(await pullRequest(OPINIONS), 'latestOpinionatedReviews', 'nodes')).toEqual([
      { state: 'APPROVED', author: { login: 'grace' }, authorCanPushToRepository: true, commit },
      { state: 'APPROVED', author: { login: 'eve' }, authorCanPushToRepository: false, commit },
    ])
  })

  test('nobody approves their own', () => {
    const { github, pull } = scene()
    expect(() => github.people.ada.reviews(pull, 'approve')).toThrow('their own')
  })

  test('reviews, drafts and closing are told', () => {
    const { github, pull, since } = scene()
    const { ada, grace } = github.people
    const before = github.webhooks.log.length
    const review = grace.reviews(pull, 'approve')
    expect(github.webhooks.last().payload).toMatchObject({ review: { state: 'approved', user: { login: 'grace' } }, pull_request: { number: 1 } })
    ada.dismisses(pull, review)
    ada.marksDraft(pull)
    ada.marksDraft(pull)
    expect(github.webhooks.last().payload).toMatchObject({ pull_request: { draft: true } })
    ada.marksReady(pull)
    ada.closes(pull)
    ada.closes(ada.opensIssue())
    expect(names(since(before))).toEqual([
      'pull_request_review.submitted',
      'pull_request_review.dismissed',
      'pull_request.converted_to_draft',
      'pull_request.ready_for_review',
      'pull_request.closed',
      'issues.closed',
    ])
    expect(() => github.people.eve.marksDraft(pull)).toThrow('may not')
    github.verdict()
  })

  test('how far the head is behind its base; refs/pull/N/head is a ref of the base repository', async () => {
    const { github, pullRequest, head } = scene()
    github.people.grace.pushes('main')
    const compared = 'baseRef { compare(headRef: "refs/pull/1/head") { behindBy headTarget { oid } } }'
    expect(await pullRequest(compared)).toEqual({ baseRef: { compare: { behindBy: 1, headTarget: { oid: head() } } } })
    expect(await pullRequest('baseRef { compare(headRef: "nowhere") { behindBy } }')).toEqual({ baseRef: { compare: null } })
  })

  test('its last commit is its head', async () => {
    const { github, pullRequest, head } = scene()
    github.people.ada.pushes('checkout')
    expect(await pullRequest('commits(last: 1) { nodes { commit { oid } } }')).toEqual({ commits: { nodes: [{ commit: { oid: head() } }] } })
  })

  test('reads that lag see the head of before', async () => {
    const { github, clock, pullRequest, head } = scene()
    const before = head()
    github.lags(30_000, 'query')
    github.people.ada.pushes('checkout')
    expect(await pullRequest('headRefOid')).toEqual({ headRefOid: before })
    clock.passes(30_000)
    expect(await pullRequest('headRefOid')).toEqual({ headRefOid: head() })
  })
})

describe('commits', () => {
  // https://docs.github.com/rest/commits/commits#compare-two-commits
  test.each([
    ['identical', (main: string) => main],
    ['behind', (_: string, before: string) => before],
    ['ahead', (_: string, __: string, ahead: string) => ahead],
    ['diverged', (_: string, __: string, ___: string, aside: string) => aside],
  ])('compared: %s', async (status, pick) => {
    const { github, call } = newGitHub()
    const { ada } = github.people
    const before = github.repository.branches.get('main') ?? ''
    const aside = ada.pushes('aside')
    const main = ada.pushes('main')
    const ahead = ada.pushes('ahead')
    const answer = await call(`GET /repos/acme/shop/compare/${main}...${pick(main, before, ahead, aside)}`)
    expect(answer.body).toMatchObject({ status })
    github.verdict()
  })

  test('two branches have in common the commit where they parted', async () => {
    const { github, call } = newGitHub()
    const { ada } = github.people
    const parted = github.repository.branches.get('main')
    const head = ada.pushes('aside')
    ada.pushes('main')
    expect(at((await call(`GET /repos/acme/shop/compare/main...${head}`)).body, 'merge_base_commit', 'sha')).toBe(parted)
    expect(at((await call(`GET /repos/acme/shop/compare/aside...${head}`)).body, 'merge_base_commit', 'sha')).toBe(head)
  })

  test('that are not there cannot be compared', async () => {
    const { call } = newGitHub()
    expect((await call(`GET /repos/acme/shop/compare/main...${'f'.repeat(40)}`)).status).toBe(404)
  })

  test('a squash holds what the head held, until the base moves on', () => {
    const { github } = newGitHub()
    const { ada, grace } = github.people
    const { commits } = github.repository
    const first = ada.opensPullRequest({ branch: 'first' })
    const second = ada.opensPullRequest({ branch: 'second' })
    const squashed = commits.get(grace.squashes(first))
    expect(squashed?.tree).toBe(commits.get(first.pull?.head ?? '')?.tree)
    expect(squashed?.parents).not.toContain(first.pull?.head)
    expect(commits.get(grace.squashes(second))?.tree).not.toBe(commits.get(second.pull?.head ?? '')?.tree)
  })

  test('two pushes of which nobody says what they changed do not hold the same', () => {
    const { github } = newGitHub()
    const trees = ['one', 'two'].map((branch) => github.repository.commits.get(github.people.ada.pushes(branch))?.tree)
    expect(new Set(trees).size).toBe(2)
  })

  test('an annotated tag is an object of its own, a light one is not', async () => {
    const { github, repository, head } = scene()
    github.tags('light', head())
    github.tags('v1', head(), { isAnnotated: true })
    const target = '{ target { __typename oid ... on Tag { target { oid } } } }'
    expect(await repository(`light: ref(qualifiedName: "refs/tags/light") ${target} v1: ref(qualifiedName: "refs/tags/v1") ${target}`)).toEqual({
      light: { target: { __typename: 'Commit', oid: head() } },
      v1: { target: { __typename: 'Tag', oid: github.repository.tags.get('v1'), target: { oid: head() } } },
    })
  })

  test('say whether their signature is good', async () => {
    const { github, repository } = scene()
    const signed = github.people.ada.pushes('signed', { isSigned: true })
    const plain = github.people.ada.pushes('plain')
    const signature = '{ ... on Commit { signature { isValid } } }'
    expect(await repository(`a: object(oid: "${signed}") ${signature} b: object(oid: "${plain}") ${signature}`)).toEqual({
      a: { signature: { isValid: true } },
      b: { signature: null },
    })
  })
})

describe('teams', () => {
  const MEMBERS = (slug: string, login: string, organisation = 'acme'): string =>
    `{ organization(login: "${organisation}") { team(slug: "${slug}") { members(query: "${login}", first: 10, membership: ALL) { nodes { login } } } } }`

  test('are searched by a part of the login; members of a team below are members', async () => {
    const { github, ask } = newGitHub()
    github.team('acme/releasers', [github.people.ada])
    github.team('acme/night-shift', [github.joins('adalbert')], 'acme/releasers')
    expect(at(await ask(MEMBERS('releasers', 'ada')), 'data', 'organization', 'team', 'members', 'nodes')).toEqual([
      { login: 'ada' },
      { login: 'adalbert' },
    ])
  })

  test('one that does not exist is null; an organisation that does not is NOT_FOUND; without the permission it is FORBIDDEN', async () => {
    const { github, ask } = newGitHub()
    expect(await ask(MEMBERS('nobody', 'ada'))).toEqual({ data: { organization: { team: null } } })
    expect(at(await ask(MEMBERS('nobody', 'ada', 'nowhere')), 'errors', 0, 'type')).toBe('NOT_FOUND')
    github.team('acme/releasers', [])
    const poor = newGitHub({ permissions: { metadata: 'read' } })
    expect(at(await poor.ask(MEMBERS('releasers', 'ada')), 'errors', 0, 'type')).toBe('FORBIDDEN')
  })
})

test('an App that acts for a person: the comment is theirs, and says which App wrote it', () => {
  const { github, pull } = scene()
  github.people.ada.comments(pull, '/deploy', github.app('helper'))
  expect(github.webhooks.last('issue_comment').payload).toMatchObject({
    comment: { user: { login: 'ada', type: 'User' }, performed_via_github_app: { slug: 'helper' } },
    sender: { login: 'ada' },
  })
  github.verdict()
})

test('a published image is told where the App asks for it', () => {
  const { github } = newGitHub()
  const image = { name: 'shop', tag: '1.2', digest: `sha256:${'0'.repeat(64)}` }
  github.people.ada.publishes(image)
  expect(github.webhooks.log).toEqual([])
  github.events.add('registry_package')
  github.people.ada.publishes(image)
  expect(github.webhooks.last('registry_package').payload).toMatchObject({
    action: 'published',
    registry_package: { name: 'shop', namespace: 'acme', package_type: 'CONTAINER' },
    repository: { id: github.repository.id },
  })
  const version = at(github.webhooks.last().payload, 'registry_package', 'package_version')
  expect(version).toMatchObject({ package_url: 'ghcr.io/acme/shop:1.2', container_metadata: { tag: { name: '1.2', digest: image.digest } } })
  github.verdict()
})
