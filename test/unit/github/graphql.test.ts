import { describe, expect, test } from 'vitest'
import { PERMISSIONS } from '../../world/github/github.ts'
import { openHome } from '../../world/github/home.ts'
import { at, caller, newGitHub } from './world.ts'

const FACTS = `query($owner: String!, $name: String!, $number: Int!, $comment: ID!, $ref: String!) {
  repository(owner: $owner, name: $name) {
    databaseId isPrivate
    defaultBranchRef { name target { oid } }
    configuration: object(expression: "HEAD:.github/deploy.yml") { ... on Blob { oid text isTruncated byteSize } }
    ref(qualifiedName: $ref) { name target { oid } }
    issueOrPullRequest(number: $number) {
      __typename
      ... on Issue { id state }
      ... on PullRequest { id state isCrossRepository headRefName headRefOid headRepository { databaseId } }
    }
  }
  node(id: $comment) { ... on IssueComment { body lastEditedAt viewerDidAuthor author { login ... on User { databaseId } } } }
}`

function scene() {
  const world = newGitHub()
  const { github } = world
  const { ada } = github.people
  github.has('.github/deploy.yml', 'version: 1\n')
  const pull = ada.opensPullRequest({ branch: 'checkout' })
  const comment = ada.comments(pull.number, '/deploy staging')
  const variables = { owner: 'acme', name: 'shop', number: pull.number, comment: comment.node, ref: 'refs/heads/checkout' }
  return { ...world, ada, pull, comment, variables }
}

describe('all facts in one request', () => {
  test('on a pull request', async () => {
    const { github, ask, variables, pull, ada } = scene()
    const head = github.repository.branches.get('checkout')
    expect(await ask(FACTS, variables)).toEqual({
      data: {
        repository: {
          databaseId: github.repository.id,
          isPrivate: false,
          defaultBranchRef: { name: 'main', target: { oid: github.repository.branches.get('main') } },
          // printf 'version: 1\n' | git hash-object --stdin
          configuration: { oid: 'b82551848c644f63b8517a7bdf8be9a992e6f4da', text: 'version: 1\n', isTruncated: false, byteSize: 11 },
          ref: { name: 'checkout', target: { oid: head } },
          issueOrPullRequest: {
            __typename: 'PullRequest',
            id: pull.node,
            state: 'OPEN',
            isCrossRepository: false,
            headRefName: 'checkout',
            headRefOid: head,
            headRepository: { databaseId: github.repository.id },
          },
        },
        node: { body: '/deploy staging', lastEditedAt: null, viewerDidAuthor: false, author: { login: 'ada', databaseId: ada.id } },
      },
    })
  })

  test('on an issue, without configuration and ref', async () => {
    const { github, ask } = newGitHub()
    const issue = github.people.ada.opensIssue()
    const comment = github.people.ada.comments(issue.number, '/deploy')
    const answer = await ask(FACTS, { owner: 'acme', name: 'shop', number: issue.number, comment: comment.node, ref: 'refs/heads/nowhere' })
    expect(at(answer, 'data', 'repository')).toMatchObject({
      configuration: null,
      ref: null,
      issueOrPullRequest: { __typename: 'Issue', state: 'OPEN' },
    })
  })

  test('an edited comment says when; a deleted one is NOT_FOUND beside the other facts', async () => {
    const { ask, variables, ada, comment, clock } = scene()
    clock.passes(5000)
    ada.edits(comment, '/deploy production')
    expect(at(await ask(FACTS, variables), 'data', 'node')).toMatchObject({ body: '/deploy production', lastEditedAt: '2026-01-05T12:00:05Z' })
    ada.deletes(comment)
    const answer = await ask(FACTS, variables)
    expect(at(answer, 'data', 'node')).toBe(null)
    expect(at(answer, 'data', 'repository', 'databaseId')).toBeTypeOf('number')
    expect(at(answer, 'errors')).toMatchObject([
      { type: 'NOT_FOUND', path: ['node'], message: `Could not resolve to a node with the global id of '${comment.node}'` },
    ])
  })

  test('the bot’s own comment is the viewer’s, and its author is called without [bot]', async () => {
    const { ask, call, variables, pull, github } = scene()
    await call(`POST /repos/acme/shop/issues/${pull.number}/comments`, { body: 'Deploying' })
    const own = pull.comments.at(-1)?.node
    expect(at(await ask(FACTS, { ...variables, comment: own }), 'data', 'node')).toMatchObject({ viewerDidAuthor: true, author: { login: 'gantry' } })
    expect(await ask('{ viewer { login databaseId } }')).toEqual({ data: { viewer: { login: 'gantry[bot]', databaseId: github.bot.id } } })
  })

  test('what the App may not read is FORBIDDEN, field by field', async () => {
    const { contents, pull_requests, ...permissions } = PERMISSIONS
    expect([contents, pull_requests]).toEqual(['read', 'write'])
    const { github, ask } = newGitHub({ permissions })
    const { number } = github.people.ada.opensPullRequest()
    const answer = await ask(
      `{ repository(owner: "acme", name: "shop") { isPrivate object(expression: "HEAD") { oid } issueOrPullRequest(number: ${number}) { __typename } } }`,
    )
    expect(answer).toMatchObject({
      data: { repository: { isPrivate: false, object: null, issueOrPullRequest: null } },
      errors: [
        { type: 'FORBIDDEN', message: 'Resource not accessible by integration' },
        { type: 'FORBIDDEN', path: ['repository', 'issueOrPullRequest'] },
      ],
    })
  })

  test('another account’s private repository and its nodes are not found', async () => {
    const { github, ask } = newGitHub()
    github.repository.isPrivate = true
    const fork = github.forks(github.people.eve)
    const issue = github.people.eve.at(fork).opensIssue()
    expect(await ask('query($id: ID!) { repository(owner: "eve", name: "shop") { id } node(id: $id) { id } }', { id: issue.node })).toMatchObject({
      data: { repository: null, node: null },
      errors: [{ type: 'NOT_FOUND' }, { type: 'NOT_FOUND' }],
    })
  })

  test('a public repository is shown to every token', async () => {
    const { github, ask } = newGitHub()
    const home = openHome(github, { defaults: 'version: 1' })
    expect(
      await ask('{ repository(owner: "acme", name: ".github") { databaseId object(expression: "HEAD:.github/deploy-defaults.yml") { oid } } }'),
    ).toMatchObject({
      data: { repository: { databaseId: home.id, object: { oid: expect.any(String) } } },
    })
  })
})

describe('one request of aliased mutations', () => {
  const REPORT = `mutation($subject: ID!, $repository: ID!, $sha: GitObjectID!, $deployment: ID!) {
    comment: addComment(input: { subjectId: $subject, body: "Deploying" }) { commentEdge { node { id databaseId } } }
    check: createCheckRun(input: { repositoryId: $repository, headSha: $sha, name: "gantry", status: IN_PROGRESS, output: { title: "Applying", summary: "" } }) { checkRun { id databaseId } }
    status: createDeploymentStatus(input: { deploymentId: $deployment, state: IN_PROGRESS, autoInactive: false }) { deploymentStatus { id state } }
    reaction: addReaction(input: { subjectId: $subject, content: EYES }) { reaction { content } }
  }`

  async function reported(before: (github: ReturnType<typeof newGitHub>['github']) => void) {
    const world = newGitHub()
    const { github, call, ask } = world
    const pull = github.people.ada.opensPullRequest()
    await call('POST /repos/acme/shop/deployments', { ref: 'checkout', required_contexts: [] })
    before(github)
    const sha = github.repository.branches.get('checkout')
    const answer = await ask(REPORT, {
      subject: pull.node,
      repository: github.repository.node,
      sha,
      deployment: github.repository.deployments[0]?.node,
    })
    return { ...world, pull, answer }
  }

  test('does all, in order, and tells the App of each', async () => {
    const { github, pull, answer } = await reported(() => undefined)
    expect(answer).toMatchObject({
      data: { comment: { commentEdge: { node: { databaseId: pull.comments[0]?.id } } }, status: { deploymentStatus: { state: 'IN_PROGRESS' } } },
    })
    expect(at(answer, 'errors')).toBeUndefined()
    expect(pull.comments[0]).toMatchObject({ body: 'Deploying', app: { id: 4711 } })
    expect(github.repository.checks[0]?.shown).toEqual(['in_progress: Applying'])
    expect(github.webhooks.log.slice(-3).map((one) => `${one.event} ${one.action}`)).toEqual([
      'issue_comment created',
      'check_run created',
      'deployment_status created',
    ])
  })

  test('one fails singly: the others are done', async () => {
    const { github, pull, answer, ask } = await reported((one) => one.fails('createCheckRun'))
    expect(at(answer, 'data', 'check')).toBe(null)
    expect(at(answer, 'errors')).toMatchObject([{ path: ['check'], message: 'Something went wrong while executing your query.' }])
    expect([pull.comments.length, github.repository.checks.length, github.repository.deployments[0]?.statuses.length]).toEqual([1, 0, 1])
    const again = await ask('mutation($id: ID!) { updateIssueComment(input: { id: $id, body: "Done" }) { issueComment { body lastEditedAt } } }', {
      id: pull.comments[0]?.node,
    })
    expect(at(again, 'data', 'updateIssueComment', 'issueComment', 'body')).toBe('Done')
    expect(pull.comments[0]?.bodies).toEqual(['Deploying', 'Done'])
  })

  test('502 after doing the work: everything stands, nothing is known', async () => {
    const { github, pull, answer } = await reported((one) => one.answers(502).to('addComment').afterDoingTheWork())
    expect(answer).toContain('Unicorn')
    expect([pull.comments.length, github.repository.checks.length]).toEqual([1, 1])
  })
})

test('its own comments and check runs can be found again', async () => {
  const { github, call, ask, pull } = scene()
  const sha = github.repository.branches.get('checkout')
  await call(`POST /repos/acme/shop/issues/${pull.number}/comments`, { body: '<!-- gantry 1 -->' })
  await call('POST /repos/acme/shop/check-runs', { name: 'gantry', head_sha: sha, external_id: 'd1' })
  const answer = await ask(
    `query($sha: String!) { repository(owner: "acme", name: "shop") {
      pullRequest(number: ${pull.number}) { comments(last: 1) { totalCount nodes { databaseId viewerDidAuthor body } pageInfo { hasPreviousPage } } }
      object(expression: $sha) { ... on Commit { checkSuites(first: 5, filterBy: { appId: 4711 }) { nodes { app { slug } checkRuns(first: 5) { nodes { externalId status } } } } } }
    } }`,
    { sha },
  )
  expect(at(answer, 'data', 'repository', 'pullRequest', 'comments')).toMatchObject({
    totalCount: 2,
    nodes: [{ viewerDidAuthor: true }],
    pageInfo: { hasPreviousPage: true },
  })
  expect(at(answer, 'data', 'repository', 'object', 'checkSuites', 'nodes')).toEqual([
    { app: { slug: 'gantry' }, checkRuns: { nodes: [{ externalId: 'd1', status: 'QUEUED' }] } },
  ])
})

test('a comment can be hidden, and that is GraphQL’s alone', async () => {
  const { github, ask, comment, token } = scene()
  await caller(github, token).ask(
    'mutation($id: ID!) { minimizeComment(input: { subjectId: $id, classifier: OUTDATED }) { minimizedComment { isMinimized minimizedReason } } }',
    { id: comment.node },
  )
  expect(comment.minimized).toBe('outdated')
  await ask('mutation($id: ID!) { unminimizeComment(input: { subjectId: $id }) { unminimizedComment { isMinimized } } }', { id: comment.node })
  expect(comment.minimized).toBe(null)
})

test('the fields that the list names are all answered', async () => {
  const { github, ask, call, pull, comment } = scene()
  await call('POST /repos/acme/shop/deployments', { ref: 'checkout', required_contexts: [], environment: 'staging' })
  await call(`POST /repos/acme/shop/deployments/${github.repository.deployments[0]?.id}/statuses`, {
    state: 'success',
    environment_url: 'https://shop.example.com',
  })
  const answer = await ask(
    `query($comment: ID!) {
      rateLimit { cost limit remaining resetAt used }
      node(id: $comment) { id ... on IssueComment { databaseId fullDatabaseId createdAt updatedAt editor { login } authorAssociation isMinimized minimizedReason url issue { number } pullRequest { number } reactionGroups { content viewerHasReacted } repository { nameWithOwner } } }
      repository(owner: "acme", name: "shop") {
        id name isFork isArchived url visibility owner { id login }
        pullRequest(number: ${pull.number}) { databaseId title body isDraft merged closed locked url author { login url } labels(first: 1) { nodes { id name } totalCount } reactionGroups { content } headRepositoryOwner { login } baseRefName baseRefOid repository { id } }
        deployments(last: 1, environments: ["staging"]) { totalCount nodes { id databaseId environment commitOid task payload description state creator { login } createdAt latestStatus { state environmentUrl logUrl } statuses(first: 1) { nodes { description environment createdAt creator { login } deployment { id } } } } }
        object(expression: "HEAD") { id abbreviatedOid ... on Commit { message messageHeadline committedDate } }
      }
    }`,
    { comment: comment.node },
  )
  expect(at(answer, 'errors')).toBeUndefined()
  expect(at(answer, 'data', 'repository', 'deployments', 'nodes', 0)).toMatchObject({
    state: 'ACTIVE',
    latestStatus: { state: 'SUCCESS', environmentUrl: 'https://shop.example.com', logUrl: null },
  })
  expect(at(answer, 'data', 'node')).toMatchObject({
    authorAssociation: 'COLLABORATOR',
    issue: { number: pull.number },
    repository: { nameWithOwner: 'acme/shop' },
  })
})
