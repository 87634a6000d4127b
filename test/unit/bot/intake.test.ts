import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../../src/deploy/journal.ts'
import { askedIn, createIntake, EVENTS, FETCHED_BACK, isCommand, readLabel } from '../../../src/bot/intake.ts'

const user = { id: 9, login: 'ada', type: 'User' }
const common = {
  installation: { id: 1 },
  repository: { id: 5, node_id: 'R_1', name: 'shop', owner: { login: 'acme', id: 2 }, private: false },
  sender: user,
}
const comment = {
  id: 7,
  node_id: 'IC_1',
  body: '/deploy staging',
  html_url: 'https://github.com/acme/shop/issues/3#c',
  created_at: '2026-11-23T12:00:00Z',
  user,
}
const commented = { ...common, action: 'created', issue: { number: 3, node_id: 'I_1', title: 'x' }, comment }
const robot = { id: 815, slug: 'robot', name: 'Robot', permissions: {} }
const ROBOT = { id: 77, login: 'robot[bot]', type: 'Bot' }
const byApp = (app: unknown, more: object = {}) => ({
  ...commented,
  sender: { ...ROBOT, ...more },
  comment: { ...comment, user: { ...ROBOT, ...more }, performed_via_github_app: app },
})
const head = { sha: 'a'.repeat(40), ref: 'checkout' }
const labeled = {
  ...common,
  action: 'labeled',
  label: { id: 11, name: 'deploy:staging' },
  pull_request: { number: 3, node_id: 'PR_1', updated_at: '2026-11-23T12:00:00Z', head },
}
const issueLabeled = {
  ...common,
  action: 'labeled',
  label: { id: 11, name: 'deploy' },
  issue: { number: 4, node_id: 'I_1', updated_at: '2026-11-23T12:00:00Z' },
}

const COMMIT = 'a'.repeat(40)
const BEFORE = 'b'.repeat(40)
const NOON = Date.UTC(2026, 10, 23, 12)
const pull = { number: 3, node_id: 'PR_1', updated_at: '2026-11-23T12:00:00Z', head }
const pushed = {
  ...common,
  ref: 'refs/heads/release/1',
  before: BEFORE,
  after: COMMIT,
  repository: { ...common.repository, default_branch: 'main', pushed_at: NOON / 1000 },
}
const tag = { name: '1.2', digest: `sha256:${'0'.repeat(64)}` }
const aPackage = {
  id: 1,
  name: 'Shop',
  package_type: 'CONTAINER',
  owner: { login: 'Acme' },
  package_version: { id: 21, container_metadata: { tag } },
}
const published = { ...common, action: 'published', registry_package: aPackage }
const installation = { id: 1, updated_at: '2026-11-23T12:00:00Z', account: { login: 'acme' } }
const removed = { action: 'removed', installation, repositories_removed: [{ id: 5 }, { id: 6 }] }
const reviewed = { ...common, action: 'submitted', review: { id: 1 }, pull_request: pull }
const suite = { ...common, action: 'completed', check_suite: { head_sha: COMMIT, app: { id: 15368 } } }
const run = { ...common, action: 'completed', check_run: { head_sha: COMMIT, app: { id: 15368 } } }
const status = { ...common, sha: COMMIT, state: 'success' }

const OWN_APP = 4711
const ownRun = { id: 31, head_sha: COMMIT, app: { id: OWN_APP }, external_id: `5-${'0'.repeat(32)}`, name: 'deploy staging' }
const pressed = { ...common, action: 'requested_action', check_run: ownRun, requested_action: { identifier: 'retry' } }
const rerun = { ...common, action: 'rerequested', check_run: ownRun }
const { readDelivery, readPassing } = createIntake(OWN_APP)
const read = (event: string, payload: unknown) => readDelivery(event, 'guid', payload, 1)

describe('what is read of a webhook', () => {
  test('a comment with a command, under a key of its meaning', () => {
    const delivery = read('issue_comment', commented)
    expect(delivery).toMatchObject({ key: 'c:5:7', event: 'issue_comment', receivedAt: 1 })
    expect(JSON.parse(delivery?.payload ?? '')).toEqual({
      ...{ action: 'created', installation: { id: 1 }, sender: user },
      repository: { id: 5, node_id: 'R_1', name: 'shop', owner: { id: 2, login: 'acme' } },
      issue: { number: 3, node_id: 'I_1' },
      comment,
    })
  })

  test('the same body under another delivery id is the same delivery', () => {
    expect(readDelivery('issue_comment', 'another', commented, 2)?.key).toBe('c:5:7')
  })

  test('labels, each addition on its own', () => {
    expect(read('pull_request', labeled)?.key).toBe(`l:5:3:11:${'a'.repeat(40)}:2026-11-23T12:00:00Z`)
    expect(read('issues', issueLabeled)?.key).toBe('l:5:4:11:-:2026-11-23T12:00:00Z')
    expect(read('pull_request', { ...labeled, pull_request: { ...labeled.pull_request, updated_at: '2026-11-23T12:00:01Z' } })?.key).toContain(
      '12:00:01Z',
    )
  })

  test('buttons of our check runs, each once for everybody who presses it', () => {
    const keys = [pressed, { ...pressed, requested_action: { identifier: 'cancel' } }, rerun, { ...rerun, sender: { ...user, id: 10 } }]
    expect(keys.map((payload) => read('check_run', payload)?.key)).toEqual([
      'b:5:31:retry:9',
      'b:5:31:cancel:9',
      'b:5:31:re-run:9',
      'b:5:31:re-run:10',
    ])
    const delivery = readDelivery('check_run', 'guid', pressed, NOON)
    // Nothing in it says when it was pressed.
    expect(askedIn(delivery as Delivery)).toMatchObject({ at: NOON, repository: { id: 5, name: 'shop' } })
    expect(isCommand(delivery as Delivery)).toBe(true)
  })

  test.each<[string, string, unknown]>([
    ['a button of another App', 'check_run', { ...pressed, check_run: { ...ownRun, app: { id: 15368 } } }],
    ['a button that we do not have', 'check_run', { ...pressed, requested_action: { identifier: 'approve' } }],
    ['a re-run of another App', 'check_run', { ...rerun, check_run: { ...ownRun, app: { id: 15368 } } }],
    ['a re-run of a check of the configuration', 'check_run', { ...rerun, check_run: { ...ownRun, external_id: `k:5:3:${COMMIT}` } }],
    ['a re-run of a run without a name of ours', 'check_run', { ...rerun, check_run: { ...ownRun, external_id: null } }],
    ['a re-run by a bot', 'check_run', { ...rerun, sender: ROBOT }],
    ['a re-run of every check', 'check_suite', { ...suite, action: 'rerequested', check_suite: { head_sha: COMMIT, app: { id: OWN_APP } } }],
    ['an edited comment', 'issue_comment', { ...commented, action: 'edited' }],
    ['another event', 'pull_request_review', commented],
    ['a bot whose comment no App wrote', 'issue_comment', byApp(null)],
    ['our own comment', 'issue_comment', byApp({ id: OWN_APP, slug: 'gantry' })],
    ['an App that a person speaks through', 'issue_comment', { ...commented, comment: { ...comment, performed_via_github_app: robot } }],
    ['an App whose login has no [bot]', 'issue_comment', byApp(robot, { login: 'robot' })],
    ['an App with an id as text', 'issue_comment', byApp({ ...robot, id: '815' })],
    ['an App without a slug', 'issue_comment', byApp({ id: 815 })],
    ['an App’s comment that somebody else sent', 'issue_comment', { ...byApp(robot), sender: { ...ROBOT, id: 10 } }],
    ['an App’s comment that a person sent', 'issue_comment', { ...byApp(robot), sender: user }],
    ['another event with our action', '__proto__', commented],
    ['a comment without a command', 'issue_comment', { ...commented, comment: { ...comment, body: 'see a/b and c' } }],
    ['a bot', 'issue_comment', { ...commented, sender: { ...user, type: 'Bot' }, comment: { ...comment, user: { ...user, type: 'Bot' } } }],
    ['an App in a person’s name', 'issue_comment', { ...commented, comment: { ...comment, performed_via_github_app: { id: 3 } } }],
    ['somebody with a bot’s name', 'issue_comment', { ...commented, comment: { ...comment, user: { ...user, login: 'deploy[bot]' } } }],
    ['a sender who is not the author', 'issue_comment', { ...commented, sender: { ...user, id: 10 } }],
    ['a deleted author', 'issue_comment', { ...commented, comment: { ...comment, user: null } }],
    ['a label of others', 'pull_request', { ...labeled, label: { id: 1, name: 'deployed' } }],
    ['a label that only begins like ours', 'pull_request', { ...labeled, label: { id: 1, name: 'deploy:' } }],
    ['a pull request’s label told as an issue’s', 'issues', { ...issueLabeled, issue: { ...issueLabeled.issue, pull_request: {} } }],
    ['an id beyond what JSON can hold', 'issue_comment', { ...commented, comment: { ...comment, id: 2 ** 53 } }],
    ['a negative id', 'issue_comment', { ...commented, repository: { ...common.repository, id: -5 } }],
    ['an id as text', 'issue_comment', { ...commented, installation: { id: '1' } }],
    ['a repository with a path for a name', 'issue_comment', { ...commented, repository: { ...common.repository, name: '../x' } }],
    ['a link that is a script', 'issue_comment', { ...commented, comment: { ...comment, html_url: 'javascript:alert(1)' } }],
    ['an array', 'issue_comment', [commented]],
    ['a number', 'issue_comment', 7],
    ['nothing', 'issue_comment', null],
    ['an action that is an object', 'issue_comment', { ...commented, action: { toString: 'created' } }],
    ['an inherited action', 'issue_comment', Object.create(commented)],
  ])('not %s', (_, event, payload) => {
    expect(read(event, payload)).toBeNull()
  })

  test('a comment of another App, with the App that wrote it', () => {
    const delivery = read('issue_comment', byApp(robot))
    expect(delivery).toMatchObject({ key: 'c:5:7' })
    expect(JSON.parse(delivery?.payload ?? '')).toMatchObject({ sender: ROBOT, comment: { performed_via_github_app: { id: 815, slug: 'robot' } } })
  })

  test('never throws, whatever JSON holds', () => {
    const everything = { ...commented, ...labeled, ...issueLabeled, ...pushed, ...published, ...reviewed, ...suite, ...run, ...removed }
    fc.assert(
      fc.property(fc.constantFrom(...EVENTS), fc.constantFrom(...Object.keys(everything)), fc.jsonValue(), (name, path, value) => {
        const [event = '', action] = name.split('.')
        const whole = JSON.parse(JSON.stringify({ ...everything, action, [path]: value })) as unknown
        for (const body of [whole, value]) {
          expect(() => read(event, body)).not.toThrow()
          expect(() => readPassing(event, body)).not.toThrow()
        }
      }),
      { numRuns: 3_000 },
    )
    const deep = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)) as unknown
    expect(read('issue_comment', { ...commented, comment: { ...comment, performed_via_github_app: deep } })).toBeNull()
    expect(read('issue_comment', JSON.parse('{"__proto__": {"action": "created"}}'))).toBeNull()
  })
})

test.each([
  ['deploy', { app: null, environment: null }],
  ['deploy:staging', { app: null, environment: 'staging' }],
  ['deploy:shop/staging', { app: 'shop', environment: 'staging' }],
  ['deploy: staging', { app: null, environment: 'staging' }],
  ['Deploy', null],
  ['deploy:a/b/c', null],
  ['deploy:/x', null],
  ['redeploy', null],
])('the label %s', (name, asked) => {
  expect(readLabel(name)).toEqual(asked)
})

const home = { id: 5, node: 'R_1', owner: 'acme', name: 'shop', account: 2, installation: 1 }
const ada = { id: 9, login: 'ada' }

describe('what is stored besides, though nobody is answered', () => {
  const head = { kind: 'head', repository: home, pull: 3, head: COMMIT, at: NOON }
  const closed = { kind: 'closed', repository: home, at: NOON, by: ada }
  const retargeted = { ...common, pull_request: { ...pull, base: { ref: 'next' } }, changes: { base: { ref: { from: 'main' } } } }
  const merged = { ...common, pull_request: { ...pull, merged: true } }
  const byApp = { ...common, issue: issueLabeled.issue, sender: { id: 8, login: 'stale[bot]', type: 'Bot' } }

  test.each([
    ['pull_request.opened', { ...common, pull_request: pull }, `h:5:3:${COMMIT}:2026-11-23T12:00:00Z`, head],
    ['pull_request.synchronize', { ...common, pull_request: pull }, `h:5:3:${COMMIT}:2026-11-23T12:00:00Z`, head],
    ['pull_request.reopened', { ...common, pull_request: pull }, `h:5:3:${COMMIT}:2026-11-23T12:00:00Z`, head],
    ['pull_request.edited', retargeted, `h:5:3:${COMMIT}:2026-11-23T12:00:00Z:next`, { ...head, base: 'next' }],
    ['pull_request.closed', { ...common, pull_request: { ...pull, merged: false } }, 'x:5:3:2026-11-23T12:00:00Z', { ...closed, subject: 3 }],
    ['pull_request.closed', merged, 'x:5:3:2026-11-23T12:00:00Z', { kind: 'closed', subject: 3 }],
    ['issues.closed', byApp, 'x:5:4:2026-11-23T12:00:00Z', { kind: 'closed', subject: 4 }],
    ['issues.closed', { ...common, issue: issueLabeled.issue }, 'x:5:4:2026-11-23T12:00:00Z', { ...closed, subject: 4 }],
    ['installation.deleted', { installation, sender: user }, `g:1:deleted:${NOON}`, { kind: 'gone', installation: 1 }],
    ['installation.suspend', { installation: { ...installation, updated_at: 1 } }, `g:1:suspend:1000`, { kind: 'gone', installation: 1 }],
    ['installation_repositories.removed', removed, `g:1:removed:${NOON}:2:5,6`, { kind: 'gone', installation: 1, repositories: [5, 6] }],
  ])('%s', (name, payload, key, happening) => {
    const [event = '', action] = name.split('.')
    const delivery = read(event, { ...payload, action })
    expect(delivery).toMatchObject({ key, event })
    expect(JSON.parse(delivery?.payload ?? '')).toMatchObject({ is: 'happening', happening, action })
  })

  test('a push to a branch, told apart from one that brings the same commit there again', () => {
    const delivery = read('push', pushed)
    expect(delivery?.key).toBe(`p:5:${BEFORE}:${COMMIT}:${NOON}:release/1`)
    const push = { repository: home, branch: 'release/1', defaultBranch: 'main', commit: COMMIT, by: ada }
    expect(JSON.parse(delivery?.payload ?? '')).toEqual({ is: 'push', push, at: NOON })
    expect(read('push', { ...pushed, before: 'c'.repeat(40) })?.key).not.toBe(delivery?.key)
    const { pushed_at: _, ...rest } = pushed.repository
    const untimed = readDelivery('push', 'guid', { ...pushed, repository: rest, sender: ROBOT }, 7)
    expect(untimed?.key).toBe(`p:5:${BEFORE}:${COMMIT}:-:release/1`)
    expect(JSON.parse(untimed?.payload ?? '')).toMatchObject({ at: 7, push: { by: { id: 77, login: 'robot[bot]' } } })
  })

  test('a tag of a container, by the name that ghcr.io gives it', () => {
    const delivery = read('registry_package', published)
    expect(delivery?.key).toBe('r:5:21:1.2')
    expect(JSON.parse(delivery?.payload ?? '')).toEqual({
      ...{ is: 'package', at: 1, action: 'published' },
      published: { repository: home, image: 'ghcr.io/acme/shop', tag: '1.2', by: ada },
    })
    expect(read('package', { ...common, action: 'published', package: aPackage })?.key).toBe('r:5:21:1.2')
  })

  const version = (metadata: unknown) => ({ ...aPackage, package_version: { id: 21, container_metadata: metadata } })
  test.each<[string, string, unknown]>([
    ['a tag of git', 'push', { ...pushed, ref: 'refs/tags/v1' }],
    ['a branch that is deleted', 'push', { ...pushed, after: '0'.repeat(40) }],
    ['a ref that git refuses', 'push', { ...pushed, ref: 'refs/heads/a b' }],
    ['a push with an action', 'push', { ...pushed, action: 'closed' }],
    ['a push under another name', 'status', pushed],
    ['a push by nobody', 'push', { ...pushed, sender: null }],
    ['a package of npm', 'registry_package', { ...published, registry_package: { ...aPackage, package_type: 'NPM' } }],
    ['a package without a tag', 'registry_package', { ...published, registry_package: version({ tag: { name: '' } }) }],
    ['a package without metadata', 'registry_package', { ...published, registry_package: version(null) }],
    ['a tag that is none', 'registry_package', { ...published, registry_package: version({ tag: { name: '../x' } }) }],
    ['a package that no repository has', 'registry_package', { ...published, repository: undefined }],
    ['an action that is an object', 'pull_request', { ...common, pull_request: pull, action: { closed: true } }],
    [
      'another title',
      'pull_request',
      { ...common, action: 'edited', pull_request: { ...pull, base: { ref: 'next' } }, changes: { title: { from: 'x' } } },
    ],
    ['a label that is renamed', 'label', { ...common, action: 'edited', label: { id: 11, name: 'deploy' } }],
    ['a label at an issue’s opening', 'issues', { ...issueLabeled, action: 'opened' }],
    ['the App’s installation', 'installation', { action: 'created', installation }],
    ['nothing taken away', 'installation_repositories', { ...removed, repositories_removed: [] }],
  ])('not %s', (_, event, payload) => {
    expect(read(event, payload)).toBeNull()
    expect(readPassing(event, payload)).toBeNull()
  })
})

describe('what is told and not stored', () => {
  const checks = { kind: 'checks', repository: home, commit: COMMIT }
  const thread = { kind: 'thread', repository: home, subject: 3 }

  test.each<[string, object, unknown]>([
    ['check_suite.completed', suite, checks],
    ['check_run.completed', run, checks],
    ['check_run.completed', { ...common, check_run: { head_sha: COMMIT, app: null } }, checks],
    ['status', status, checks],
    ['pull_request_review.submitted', reviewed, thread],
    ['pull_request_review.dismissed', reviewed, thread],
    ['pull_request.ready_for_review', reviewed, thread],
    ['pull_request.converted_to_draft', reviewed, thread],
    ['installation.unsuspend', { installation }, { kind: 'back', installation: 1 }],
  ])('%s', (name, payload, passing) => {
    const [event = '', action] = name.split('.')
    expect(readPassing(event, { ...payload, action })).toEqual(passing)
    expect(read(event, { ...payload, action })).toBeNull()
    expect(FETCHED_BACK.has(name)).toBe(false)
  })

  test.each<[string, string, unknown]>([
    ['our own check run', 'check_run', { ...run, check_run: { head_sha: COMMIT, app: { id: OWN_APP } } }],
    ['our own check suite', 'check_suite', { ...suite, check_suite: { head_sha: COMMIT, app: { id: OWN_APP } } }],
    ['a check run that begins', 'check_run', { ...run, action: 'created' }],
    ['a commit that is none', 'status', { ...status, sha: 'main' }],
  ])('not %s', (_, event, payload) => expect(readPassing(event, payload)).toBeNull())
})
