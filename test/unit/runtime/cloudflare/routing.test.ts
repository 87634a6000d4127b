import { describe, expect, test } from 'vitest'
import { createIntake } from '../../../../src/bot/intake.ts'
import { called, homeIn, placeOf } from '../../../../src/runtime/cloudflare/routing.ts'

const ID = 's1-580736f2cad4d3c0f2ae50d70d07474324724622'
const OPERATOR = { at: 'operator' }
const SESSION = { cookie: '__Host-gantry=rt.abc' }
const TOKEN = { authorization: 'Bearer x' }

const place = (path: string, headers: Record<string, string> = SESSION, method = 'GET') =>
  placeOf(new Request(`https://gantry.example${path}`, { method, headers }))

describe('whoever shows who they are is led to the object that has what they name', () => {
  test.each([
    ['/', { at: 'account', id: 1001 }],
    ['/approvals', { at: 'account', id: 1001 }],
    ['/a', { at: 'account', id: 1001 }],
    ['/logout', { at: 'account', id: 1001 }],
    ['/a/acme/credentials', { at: 'account called', login: 'acme' }],
    ['/config/acme/audit', { at: 'account called', login: 'acme' }],
    ['/r/acme/shop', { at: 'repository called', owner: 'acme', name: 'shop' }],
    ['/r/acme/shop/history?page=2', { at: 'repository called', owner: 'acme', name: 'shop' }],
    ['/r/acme', { at: 'account', id: 1001 }],
    [`/d/${ID}`, { at: 'repository', id: 1009 }],
    [`/d/${ID}/live`, { at: 'repository', id: 1009 }],
    [`/deploy/status/${ID}/events`, { at: 'repository', id: 1009 }],
    [`/deploy/${ID}/cancel`, { at: 'repository', id: 1009 }],
    ['/deploy', { at: 'repository in the body' }],
    ['/deploy/validate', { at: 'repository in the body' }],
    ['/deployments?repository=acme/shop', { at: 'repository called', owner: 'acme', name: 'shop' }],
    ['/deployments', OPERATOR],
    ['/deployments?repository=acme', OPERATOR],
    ['/d/made-up', OPERATOR],
    ['/login', OPERATOR],
    ['/login/callback?code=1', OPERATOR],
  ])('%s', (path, expected) => expect(place(path)).toEqual(expected))

  test('a program has no person: what names nothing is the operator’s', () => {
    expect(place('/openapi.json', TOKEN)).toEqual(OPERATOR)
    expect(place('/r/acme/shop', TOKEN)).toEqual({ at: 'repository called', owner: 'acme', name: 'shop' })
  })
})

test.each(['/', '/r/acme/shop', `/d/${ID}`, '/a/acme', '/deploy', '/assets/x.css'])(
  'whoever shows nothing reaches no object but the operator’s: %s',
  (path) => {
    expect(place(path, {})).toEqual(OPERATOR)
    expect(place(path, { cookie: 'gantry=rt.abc; __Host-gantry=.x' })).toEqual(OPERATOR)
  },
)

test('an address that cannot be decoded is no reason to fail', () => {
  expect(place('/r/%E0%A4%A/shop')).toEqual({ at: 'repository called', owner: '%E0%A4%A', name: 'shop' })
  expect(place(`/d/${ID}%`)).toEqual(OPERATOR)
})

test.each([[7], [null], [''], ['acme'], ['acme/shop/x'], ['/shop'], [{}]])('a body that names %j names no repository', (repository) =>
  expect(called(repository)).toEqual(OPERATOR),
)

describe('a delivery belongs to its repository, and to the account that has it now', () => {
  const home = { id: 1009, node_id: 'R_1', name: 'shop', owner: { id: 99, login: 'acme' } }
  const common = { installation: { id: 5 }, repository: home, sender: { id: 1, login: 'ada', type: 'User' } }
  const issue = { number: 1, node_id: 'I_1' }
  const said = {
    id: 3,
    node_id: 'C_1',
    body: '/deploy',
    html_url: 'https://github.com/acme/shop/pull/1',
    created_at: '2026-11-25T00:00:00Z',
    user: common.sender,
  }
  const pull = { number: 1, updated_at: '2026-11-25T00:00:00Z', head: { sha: 'a'.repeat(40) } }
  const push = { ref: 'refs/heads/main', before: 'a'.repeat(40), after: 'b'.repeat(40), repository: { ...home, default_branch: 'main' } }
  const read = (event: string, payload: object) => createIntake(7).readDelivery(event, 'guid', { ...common, ...payload }, 0)

  test.each([
    ['a comment', read('issue_comment', { action: 'created', issue, comment: said })],
    ['a head', read('pull_request', { action: 'opened', pull_request: pull })],
    ['a push', read('push', push)],
  ])('%s', (_, delivery) => {
    expect(delivery).not.toBeNull()
    expect(delivery && homeIn(delivery)).toEqual({ repository: 1009, account: 99 })
  })

  test('what is about the whole installation has none', () => {
    const gone = read('installation', { action: 'deleted', installation: { id: 5, updated_at: '2026-11-25T00:00:00Z' } })
    expect(gone?.key).toMatch(/^g:5:/)
    expect(gone && homeIn(gone)).toBeNull()
  })
})
