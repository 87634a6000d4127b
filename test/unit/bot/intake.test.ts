import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDelivery, readLabel } from '../../../src/bot/intake.ts'

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

const read = (event: string, payload: unknown) => readDelivery(event, 'guid', payload, 1)

describe('what is read of a webhook', () => {
  test('a comment with a command, under a key of its meaning', () => {
    const delivery = read('issue_comment', commented)
    expect(delivery).toMatchObject({ key: 'c:5:7', event: 'issue_comment', receivedAt: 1 })
    expect(JSON.parse(delivery?.payload ?? '')).toEqual({
      ...{ action: 'created', installation: { id: 1 }, sender: user },
      repository: { id: 5, node_id: 'R_1', name: 'shop', owner: { login: 'acme' } },
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

  test.each<[string, string, unknown]>([
    ['an edited comment', 'issue_comment', { ...commented, action: 'edited' }],
    ['another event', 'pull_request_review', commented],
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

  test('never throws, whatever JSON holds', () => {
    const paths = ['installation', 'repository', 'sender', 'issue', 'comment', 'label', 'pull_request', 'action']
    fc.assert(
      fc.property(fc.constantFrom('issue_comment', 'issues', 'pull_request'), fc.constantFrom(...paths), fc.jsonValue(), (event, path, value) => {
        const whole = { ...commented, ...labeled, ...issueLabeled, [path]: value }
        expect(() => read(event, JSON.parse(JSON.stringify(whole)))).not.toThrow()
        expect(() => read(event, value)).not.toThrow()
      }),
      { numRuns: 1_000 },
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
