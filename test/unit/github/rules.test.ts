/** What GitHub's description cannot tell, one small test each, with the page that says so. */
import { describe, expect, test } from 'vitest'
import { at, newGitHub } from './world.ts'

const SHOP = '/repos/acme/shop'

describe('deployments (https://docs.github.com/rest/deployments/deployments#create-a-deployment)', () => {
  test('auto_merge is on by default: a branch that is behind is merged, and no deployment made', async () => {
    const { github, call } = newGitHub()
    github.people.ada.opensPullRequest({ branch: 'checkout' })
    github.has('NEWS.md', 'main moved on')
    const merged = await call(`POST ${SHOP}/deployments`, { ref: 'checkout' })
    expect([merged.status, at(merged.body, 'message')]).toEqual([202, 'Auto-merged main into checkout on deployment.'])
    expect(github.repository.deployments).toEqual([])
    expect((await call(`POST ${SHOP}/deployments`, { ref: 'checkout' })).status).toBe(201)
  })

  test('required_contexts are all by default: statuses and check runs, our own unfinished one too', async () => {
    const { github, call } = newGitHub()
    const head = github.people.ada.pushes('checkout')
    await call(`POST ${SHOP}/check-runs`, { name: 'gantry', head_sha: head })
    const refused = await call(`POST ${SHOP}/deployments`, { ref: head, auto_merge: false })
    expect([refused.status, at(refused.body, 'errors', 0, 'contexts')]).toEqual([409, [{ context: 'gantry', state: 'pending' }]])
    expect((await call(`POST ${SHOP}/deployments`, { ref: head, auto_merge: false, required_contexts: [] })).status).toBe(201)
  })

  test('a commit status that failed refuses too', async () => {
    const { github, call } = newGitHub()
    const head = github.people.ada.pushes('checkout')
    github.reports(head, 'ci', 'failure')
    expect((await call(`POST ${SHOP}/deployments`, { ref: head, auto_merge: false })).status).toBe(409)
    github.reports(head, 'ci', 'success')
    expect((await call(`POST ${SHOP}/deployments`, { ref: head, auto_merge: false })).status).toBe(201)
  })

  test('a ref that nobody knows is 422', async () => {
    const { call } = newGitHub()
    expect((await call(`POST ${SHOP}/deployments`, { ref: 'nowhere' })).status).toBe(422)
  })

  test('success makes older successes of the environment inactive, and sends no webhook for it', async () => {
    const { github, call } = newGitHub()
    for (const environment of ['staging', 'staging', 'production', 'production']) await deployed(call, environment)
    const states = github.repository.deployments.map(({ environment, statuses }) => [environment, statuses.at(-1)?.state])
    // Environments that people use directly keep theirs: "non-transient, non-production".
    expect(states).toEqual([
      ['staging', 'inactive'],
      ['staging', 'success'],
      ['production', 'success'],
      ['production', 'success'],
    ])
    expect(github.webhooks.log.filter((one) => one.event === 'deployment_status')).toHaveLength(4)
  })

  test('auto_inactive: false leaves them', async () => {
    const { github, call } = newGitHub()
    await deployed(call, 'staging')
    await deployed(call, 'staging', { auto_inactive: false })
    expect(github.repository.deployments.map((one) => one.statuses.at(-1)?.state)).toEqual(['success', 'success'])
  })

  test('a description of 141 characters is refused', async () => {
    const { github, call } = newGitHub()
    await call(`POST ${SHOP}/deployments`, { ref: 'main' })
    const id = github.repository.deployments[0]?.id
    expect((await call(`POST ${SHOP}/deployments/${id}/statuses`, { state: 'queued', description: 'x'.repeat(141) })).status).toBe(422)
  })
})

describe('check runs (https://docs.github.com/rest/checks/runs)', () => {
  test('a conclusion completes; completed without a conclusion is refused', async () => {
    const { github, call } = newGitHub()
    const head_sha = github.people.ada.pushes('checkout')
    expect((await call(`POST ${SHOP}/check-runs`, { name: 'a', head_sha, status: 'completed' })).status).toBe(422)
    const made = await call(`POST ${SHOP}/check-runs`, { name: 'a', head_sha, conclusion: 'success' })
    expect([made.status, at(made.body, 'status')]).toEqual([201, 'completed'])
  })

  test('the same limits hold in GraphQL, whose schema has none', async () => {
    const { github, ask } = newGitHub()
    const headSha = github.people.ada.pushes('checkout')
    const actions = [{ label: 'x'.repeat(21), description: 'd', identifier: 'i' }]
    const answer = await ask('mutation($input: CreateCheckRunInput!) { createCheckRun(input: $input) { checkRun { id } } }', {
      input: { repositoryId: github.repository.node, name: 'a', headSha, actions },
    })
    expect(at(answer, 'errors', 0, 'type')).toBe('UNPROCESSABLE')
  })

  test('annotations stand at lines, columns within one line, and an update adds to them', async () => {
    const { github, call, ask } = newGitHub()
    const head_sha = github.repository.branches.get('main')
    const remark = { path: 'a.yml', start_line: 2, end_line: 2, annotation_level: 'failure', title: 'b', message: 'wrong' }
    const output = { title: 'a', summary: 'b', annotations: [remark] }
    const made = await call('POST /repos/acme/shop/check-runs', { name: 'a', head_sha, output })
    expect(made.status).toBe(201)
    const inGraphql = {
      path: 'a.yml',
      annotationLevel: 'NOTICE',
      location: { startLine: 3, endLine: 3, startColumn: 1, endColumn: 4 },
      message: 'look',
    }
    const input = {
      repositoryId: github.repository.node,
      checkRunId: at(made.body, 'node_id'),
      output: { title: 'a', summary: 'b', annotations: [inGraphql] },
    }
    await ask('mutation($input: UpdateCheckRunInput!) { updateCheckRun(input: $input) { checkRun { id } } }', { input })
    expect(github.repository.checks[0]?.annotations).toEqual([
      { path: 'a.yml', lines: [2, 2], columns: null, level: 'failure', title: 'b', message: 'wrong' },
      { path: 'a.yml', lines: [3, 3], columns: [1, 4], level: 'notice', title: null, message: 'look' },
    ])
    for (const wrong of [
      { end_line: 1 },
      { start_line: 0 },
      { end_line: 3, start_column: 1, end_column: 2 },
      { title: 'x'.repeat(256) },
      { message: '' },
    ]) {
      const refused = { name: 'a', head_sha, output: { ...output, annotations: [{ ...remark, ...wrong }] } }
      expect((await call('POST /repos/acme/shop/check-runs', refused)).status, JSON.stringify(wrong)).toBe(422)
    }
  })

  test('a commit that is not there is refused', async () => {
    const { call } = newGitHub()
    expect((await call(`POST ${SHOP}/check-runs`, { name: 'a', head_sha: '0'.repeat(40) })).status).toBe(422)
  })

  test('buttons and re-runs are told to the App that made the run', async () => {
    const { github, call } = newGitHub()
    const head_sha = github.people.ada.pushes('checkout')
    await call(`POST ${SHOP}/check-runs`, { name: 'a', head_sha, actions: [{ label: 'Deploy', description: 'now', identifier: 'deploy' }] })
    const [check] = github.repository.checks
    const { ada, mallory } = github.people
    expect(() => mallory.presses('Deploy', check!)).toThrow('mallory may not press Deploy')
    expect(() => ada.presses('Cancel', check!)).toThrow('a has no button "Cancel", but Deploy')
    ada.presses('Deploy', check!)
    expect(at(github.webhooks.last().payload, 'requested_action', 'identifier')).toBe('deploy')
    expect(at(github.webhooks.last().payload, 'sender', 'login')).toBe('ada')
    expect(() => ada.reruns(check!)).toThrow('a still runs')
    check!.status = 'completed'
    ada.reruns(check!)
    expect(github.webhooks.last().action).toBe('rerequested')
  })
})

describe('people', () => {
  test('permission maps maintain to write and triage to read; role_name is exact', async () => {
    const { github, call } = newGitHub()
    github.repository.roles.set(github.people.eve.id, { role: 'maintain', name: 'maintain' })
    github.repository.roles.set(github.people.mallory.id, { role: 'write', name: 'deployer' })
    const said = async (login: string) => {
      const { body } = await call(`GET ${SHOP}/collaborators/${login}/permission`)
      return [at(body, 'permission'), at(body, 'role_name')]
    }
    expect(await said('eve')).toEqual(['write', 'maintain'])
    expect(await said('trent')).toEqual(['read', 'triage'])
    expect(await said('mallory')).toEqual(['write', 'deployer'])
  })

  test('on a public repository everybody reads, on a private one nobody; a login that nobody has is 404', async () => {
    const { github, call } = newGitHub()
    const of = async (login: string) => at((await call(`GET ${SHOP}/collaborators/${login}/permission`)).body, 'permission')
    expect(await of('mallory')).toBe('read')
    github.repository.isPrivate = true
    expect(await of('mallory')).toBe('none')
    expect((await call(`GET ${SHOP}/collaborators/nobody/permission`)).status).toBe(404)
  })

  test('who may write may edit anyone’s comment; others may not', () => {
    const { github } = newGitHub()
    const { ada, mallory } = github.people
    const issue = ada.opensIssue()
    const comment = mallory.comments(issue.number, 'hello')
    ada.edits(comment, '/deploy production')
    expect(at(github.webhooks.last().payload, 'changes', 'body', 'from')).toBe('hello')
    expect(() => mallory.labels(issue.number, 'deploy')).toThrow('mallory may not label')
  })
})

describe('threads', () => {
  test('a comment of 65,537 characters is refused, and one without text', async () => {
    const { github, call } = newGitHub()
    const { number } = github.people.ada.opensIssue()
    expect((await call(`POST ${SHOP}/issues/${number}/comments`, { body: 'x'.repeat(65_537) })).status).toBe(422)
    expect((await call(`POST ${SHOP}/issues/${number}/comments`, { body: ' ' })).status).toBe(422)
    expect((await call(`POST ${SHOP}/issues/${number}/comments`, { body: 'x'.repeat(65_536) })).status).toBe(201)
  })

  test('the same reaction twice is one: 201, then 200', async () => {
    const { github, call } = newGitHub()
    const { id } = github.people.ada.comments(github.people.ada.opensIssue().number, '/deploy')
    const react = () => call(`POST ${SHOP}/issues/comments/${id}/reactions`, { content: 'eyes' })
    expect([(await react()).status, (await react()).status]).toEqual([201, 200])
  })

  test('a label of a pull request is told as pull_request, of an issue as issues', () => {
    const { github } = newGitHub()
    const { trent, ada } = github.people
    trent.labels(ada.opensIssue().number, 'deploy')
    expect(github.webhooks.last().event).toBe('issues')
    trent.labels(ada.opensPullRequest().number, 'deploy')
    expect([github.webhooks.last().event, at(github.webhooks.last().payload, 'pull_request', 'head', 'ref')]).toEqual(['pull_request', 'checkout'])
  })

  test('taking a label off twice is 404', async () => {
    const { github, call } = newGitHub()
    const { number } = github.people.ada.opensIssue()
    github.people.ada.labels(number, 'deploy:staging')
    expect((await call(`DELETE ${SHOP}/issues/${number}/labels/deploy%3Astaging`)).body).toEqual([])
    expect((await call(`DELETE ${SHOP}/issues/${number}/labels/deploy%3Astaging`)).status).toBe(404)
  })

  test('lists come in pages, with a Link to the next', async () => {
    const { github, call } = newGitHub()
    const { number } = github.people.ada.opensIssue()
    for (const text of ['one', 'two', 'three']) github.people.ada.comments(number, text)
    const first = await call(`GET ${SHOP}/issues/${number}/comments?per_page=2`)
    expect(first.headers.get('link')).toMatch(/page=2>; rel="next"$/)
    expect(at((await call(`GET ${SHOP}/issues/${number}/comments?per_page=2&page=2`)).body, 0, 'body')).toBe('three')
  })
})

describe('pushes (https://docs.github.com/rest/repos/repos#list-repository-activities)', () => {
  test('the activity log has GitHub’s own clock, newest first; commit dates are the author’s', async () => {
    const { github, call, clock } = newGitHub()
    const { number } = github.people.ada.opensPullRequest({ branch: 'checkout' })
    const before = github.repository.branches.get('checkout')
    clock.passes(60_500)
    const after = github.people.ada.pushes('checkout')
    const { body } = await call(`GET ${SHOP}/activity?ref=checkout`)
    expect(at(body, 0)).toMatchObject({ ref: 'refs/heads/checkout', before, after, timestamp: '2026-01-05T12:01:00Z', activity_type: 'push' })
    expect(github.repository.issues.get(number)?.pull?.head).toBe(after)
    expect(github.webhooks.log.map((one) => [one.event, one.action]).slice(-3)).toEqual([
      ['push', null],
      ['check_suite', 'requested'],
      ['pull_request', 'synchronize'],
    ])
  })

  test('there and back again is two force pushes', () => {
    const { github } = newGitHub()
    const { ada } = github.people
    ada.opensPullRequest({ branch: 'checkout' })
    const good = github.repository.branches.get('checkout')!
    const evil = ada.pushes('checkout', { force: true })
    ada.pushes('checkout', { to: good })
    expect(github.repository.pushes.slice(-2).map((one) => [one.kind, one.after])).toEqual([
      ['force_push', evil],
      ['force_push', good],
    ])
  })

  test('a pull request from a fork has its head in another repository', async () => {
    const { github, call } = newGitHub()
    const fork = github.forks(github.people.eve)
    const { number } = github.people.eve.opensPullRequest({ from: fork, branch: 'main', title: 'From outside' })
    const { body } = await call(`GET ${SHOP}/pulls/${number}`)
    expect([at(body, 'head', 'repo', 'full_name'), at(body, 'base', 'repo', 'full_name')]).toEqual(['eve/shop', 'acme/shop'])
    github.state.repositories.delete(fork.id)
    expect(at((await call(`GET ${SHOP}/pulls/${number}`)).body, 'head', 'repo')).toBe(null)
  })
})

type Call = ReturnType<typeof newGitHub>['call']

async function deployed(call: Call, environment: string, more = {}): Promise<void> {
  const { body } = await call(`POST ${SHOP}/deployments`, { ref: 'main', environment, required_contexts: [] })
  await call(`POST ${SHOP}/deployments/${String(at(body, 'id'))}/statuses`, { state: 'success', ...more })
}
