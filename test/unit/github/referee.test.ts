import { describe, expect, test } from 'vitest'
import { Referee } from '../../world/github/contract.ts'
import { newGitHub, caller } from './world.ts'

const DEPLOYMENTS = 'POST /repos/acme/shop/deployments'

describe('what the bot asks wrongly', () => {
  test.each([
    ['an operation that is not in the list', 'GET /repos/acme/shop/branches', undefined, 'not in fixtures/github-operations.txt'],
    ['an unknown key', DEPLOYMENTS, { ref: 'main', enviroment: 'x' }, 'knows no field "enviroment"'],
    [
      'an unknown key inside',
      'POST /repos/acme/shop/check-runs',
      { name: 'a', head_sha: 'b', output: { titel: 'c', summary: '' } },
      'knows no field "output.titel"',
    ],
    ['a missing key', DEPLOYMENTS, { environment: 'production' }, "required property 'ref'"],
    ['a wrong type', DEPLOYMENTS, { ref: 'main', auto_merge: 'no' }, '/auto_merge must be boolean'],
    [
      'a value that is not offered',
      'POST /repos/acme/shop/issues/1/reactions',
      { content: 'ship' },
      '/content must be equal to one of the allowed values',
    ],
    [
      'a button too long',
      'POST /repos/acme/shop/check-runs',
      { name: 'a', head_sha: 'b', actions: [{ label: 'x'.repeat(21), description: '', identifier: '' }] },
      'more than 20',
    ],
    ['an unknown query parameter', 'GET /repos/acme/shop/deployments?enviroment=x', undefined, 'additional properties'],
    ['a number that is none', 'GET /repos/acme/shop/pulls/seven', undefined, '/pull_number must be integer'],
    ['a body where none belongs', 'DELETE /repos/acme/shop/issues/1/labels/deploy', { name: 'deploy' }, 'takes no body'],
  ])('%s fails the story, even if it was swallowed', async (_, operation, body, sentence) => {
    const { github, call } = newGitHub()
    await call(operation, body).catch(() => undefined)
    expect(() => github.verdict()).toThrow(sentence)
  })

  test.each([
    ['a field that GitHub has not', '{ repository(owner: "acme", name: "shop") { stars } }', 'Cannot query field "stars"'],
    ['an argument that GitHub has not', '{ repository(owner: "acme", title: "shop") { id } }', 'Unknown argument "title"'],
    [
      'an input that GitHub has not',
      'mutation { addComment(input: { subjectId: "x", text: "y" }) { clientMutationId } }',
      'Field "text" is not defined',
    ],
    ['an input left out', 'mutation { addComment(input: { subjectId: "x" }) { clientMutationId } }', '"AddCommentInput.body" of required type'],
    ['a syntax error', '{ repository(', 'cannot be parsed'],
  ])('GraphQL with %s', async (_, query, sentence) => {
    const { github, ask } = newGitHub()
    await ask(query).catch(() => undefined)
    expect(() => github.verdict()).toThrow(sentence)
  })

  test('GraphQL with a variable of the wrong type', async () => {
    const { github, ask } = newGitHub()
    await expect(ask('query($n: Int!) { repository(owner: "acme", name: "shop") { issue(number: $n) { id } } }', { n: 'seven' })).rejects.toThrow(
      '$n',
    )
    expect(() => github.verdict()).toThrow("does not match GitHub's schema")
  })

  test.each([
    ['no token', {}],
    ['a token that GitHub never gave', { authorization: 'token ghs_4711_made.up.token' }],
  ])('a call with %s', async (_, headers) => {
    const { github } = newGitHub()
    await expect(github.fetch('https://api.github.com/repos/acme/shop/deployments', { headers })).rejects.toThrow('the bot called GET')
    expect(() => github.verdict()).toThrow('the bot called GET /repos/acme/shop/deployments')
  })
})

describe('what the simulator says wrongly', () => {
  test('an answer that GitHub would not give', () => {
    const referee = new Referee()
    const operation = referee.operation('GET', '/repos/acme/shop/pulls/1')
    expect(() => referee.answer(operation, 200, { state: 'ajar' })).toThrow('/state must be equal to one of the allowed values')
    expect(() => referee.answer(operation, 201, {})).toThrow('never answers 201')
  })

  test('a webhook that GitHub would not send', () => {
    const referee = new Referee()
    expect(() => referee.webhook('issue-comment-created', { comment: { id: 'twelve' } })).toThrow('/comment/id must be integer')
    expect(() => referee.webhook('star-created', {})).toThrow('not in fixtures/github-webhooks.txt')
  })
})

test('what is right leaves no trace', async () => {
  const { github, token } = newGitHub()
  github.people.ada.opensPullRequest()
  const { call, ask } = caller(github, token)
  await call(DEPLOYMENTS, { ref: 'checkout', auto_merge: false, required_contexts: [], payload: { any: { key: 1 } } })
  await ask('{ viewer { login } }')
  github.verdict()
  expect(github.referee.violations).toEqual([])
})
