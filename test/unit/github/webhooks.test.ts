import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../world/github/webhooks.ts'
import { at, jwt, newGitHub } from './world.ts'

const names = (deliveries: readonly Delivery[]): string[] => deliveries.map((one) => (one.action === null ? one.event : `${one.event}.${one.action}`))
const accepts = (): Promise<Response> => Promise.resolve(new Response(null, { status: 202 }))

describe('a delivery', () => {
  test('is signed over its very bytes, and names event, id and installation', async () => {
    const { github } = newGitHub({ webhookSecret: 'a secret of thirty-two bytes or so' })
    const { ada } = github.people
    const comment = ada.comments(ada.opensIssue().number, '/deploy staging')
    const requests: Request[] = []
    await github.deliver((request) => {
      requests.push(request)
      return accepts()
    })
    const [request] = requests
    const body = await request!.text()
    const expected = createHmac('sha256', 'a secret of thirty-two bytes or so').update(body).digest('hex')
    expect(request!.headers.get('x-hub-signature-256')).toBe(`sha256=${expected}`)
    expect(request!.headers.get('x-github-event')).toBe('issue_comment')
    expect(request!.headers.get('x-github-delivery')).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    const payload: unknown = JSON.parse(body)
    expect(payload).toMatchObject({
      action: 'created',
      installation: { id: github.installation.id },
      repository: { id: github.repository.id, full_name: 'acme/shop', private: false, default_branch: 'main' },
      sender: { id: ada.id, login: 'ada', type: 'User' },
      comment: { id: comment.id, node_id: comment.node, body: '/deploy staging', performed_via_github_app: null, user: { id: ada.id } },
      issue: { number: 1, state: 'open' },
    })
    // https://docs.github.com/webhooks/webhook-events-and-payloads#issue_comment: only pull requests have the key, and no head commit comes along.
    expect(at(payload, 'issue', 'pull_request')).toBeUndefined()
  })

  test('tells of what bots do too, and through which App', async () => {
    const { github, call } = newGitHub()
    const { number } = github.people.ada.opensPullRequest()
    await call(`POST /repos/acme/shop/issues/${number}/comments`, { body: 'Deploying' })
    const own = github.webhooks.last('issue_comment').payload
    expect(at(own, 'comment', 'performed_via_github_app')).toMatchObject({ id: 4711, slug: 'gantry' })
    expect(at(own, 'sender')).toMatchObject({ login: 'gantry[bot]', type: 'Bot' })
    expect(at(own, 'issue', 'pull_request')).toBeDefined()
    github.people.robot.comments(number, '/deploy')
    expect(at(github.webhooks.last().payload, 'comment', 'performed_via_github_app')).toMatchObject({ id: 815 })
  })

  test('every act makes its own', async () => {
    const { github, call } = newGitHub()
    const { ada, trent } = github.people
    const { number } = ada.opensPullRequest()
    const comment = ada.comments(number, '/deploy')
    ada.edits(comment, 'never mind')
    ada.deletes(comment)
    trent.labels(number, 'deploy')
    await call(`DELETE /repos/acme/shop/issues/${number}/labels/deploy`)
    await call('POST /repos/acme/shop/check-runs', { name: 'a', head_sha: github.repository.branches.get('checkout'), conclusion: 'success' })
    await call('POST /repos/acme/shop/deployments', { ref: 'main', required_contexts: [] })
    ada.closes(number)
    ada.reopens(number)
    ada.merges(number)
    github.pings()
    const sent = await github.deliver(accepts)
    expect(names(sent)).toEqual([
      'push',
      'check_suite.requested',
      'pull_request.opened',
      'issue_comment.created',
      'issue_comment.edited',
      'issue_comment.deleted',
      'pull_request.labeled',
      'pull_request.unlabeled',
      'check_run.created',
      'check_run.completed',
      'deployment.created',
      'pull_request.closed',
      'pull_request.reopened',
      'pull_request.closed',
      'push',
      'check_suite.requested',
      'ping',
    ])
    github.verdict()
  })

  test('comes only for events that the App asked for, and not while it is suspended', () => {
    const { github } = newGitHub({ events: ['issue_comment'] })
    const { ada } = github.people
    const { number } = ada.opensPullRequest()
    expect(github.webhooks.log).toEqual([])
    github.installs('suspend')
    ada.comments(number, '/deploy')
    github.installs('deleted')
    expect(names(github.webhooks.log)).toEqual(['installation.suspend', 'installation.deleted'])
  })

  test('does not come from repositories where the App is not installed', () => {
    const { github } = newGitHub()
    const { eve } = github.people
    eve.at(github.forks(eve)).pushes('main')
    expect(github.webhooks.log).toEqual([])
  })
})

describe('delivering', () => {
  function three() {
    const world = newGitHub()
    const { ada } = world.github.people
    const { number } = ada.opensIssue()
    for (const text of ['one', 'two', 'three', 'four']) ada.comments(number, text)
    return world
  }
  const texts = (deliveries: readonly Delivery[]) => deliveries.map((one) => at(one.payload, 'comment', 'body'))

  test('again keeps the id; a replay has a fresh one and the same signature', async () => {
    const { github } = three()
    await github.deliver(accepts)
    const last = github.webhooks.last('issue_comment')
    github.redelivers(last)
    const replay = github.replaysWithFreshId(last)
    expect(replay.guid).not.toBe(last.guid)
    expect(replay.headers['x-hub-signature-256']).toBe(last.headers['x-hub-signature-256'])
    const sent = await github.deliver(accepts)
    expect(sent.map((one) => one.guid)).toEqual([last.guid, replay.guid])
    expect(last.attempts.map((one) => [one.status, one.isRedelivery])).toEqual([
      [202, false],
      [202, true],
    ])
  })

  test('shuffled: the same seed is the same order', async () => {
    const first = texts(await three().github.deliver(accepts, { shuffled: 3 }))
    expect(first).not.toEqual(['one', 'two', 'three', 'four'])
    expect(new Set(first)).toEqual(new Set(['one', 'two', 'three', 'four']))
    expect(texts(await three().github.deliver(accepts, { shuffled: 3 }))).toEqual(first)
  })

  test('what comes up meanwhile is delivered too', async () => {
    const { github } = three()
    let isFirst = true
    const sent = await github.deliver(() => {
      if (isFirst) github.people.ada.comments(1, 'five')
      isFirst = false
      return accepts()
    })
    expect(texts(sent)).toEqual(['one', 'two', 'three', 'four', 'five'])
  })

  test('what was lost stands in the log, can be read there and asked for again', async () => {
    const { github } = three()
    await github.webhooks.loses()
    const asApp = async (method: string, path: string) => {
      const response = await github.fetch(`https://api.github.com${path}`, { method, headers: { authorization: `bearer ${jwt()}` } })
      const text = await response.text()
      // As text: they are larger than the numbers of JavaScript.
      const ids = [...text.matchAll(/"id":(\d+),"guid"/g)].map(([, id = '']) => id)
      return { link: response.headers.get('link'), body: JSON.parse(text) as unknown, ids }
    }
    const { body, link, ids } = await asApp('GET', '/app/hook/deliveries?per_page=3')
    expect(BigInt(ids[0] ?? 0)).toBeGreaterThan(Number.MAX_SAFE_INTEGER)
    expect(link).toContain(`cursor=v1_${ids[2]}`)
    expect(at(body, 0)).toMatchObject({
      event: 'issue_comment',
      action: 'created',
      status_code: 0,
      redelivery: false,
      installation_id: github.installation.id,
    })
    const one = await asApp('GET', `/app/hook/deliveries/${ids[0]}`)
    expect(at(one.body, 'request', 'payload', 'comment', 'body')).toBe('four')
    await asApp('POST', `/app/hook/deliveries/${ids[0]}/attempts`)
    expect(texts(await github.deliver(accepts))).toEqual(['four'])
    const rest = await asApp('GET', `/app/hook/deliveries?per_page=3&cursor=v1_${ids[2]}`)
    expect([rest.ids.length, rest.link]).toEqual([1, null])
    expect((await asApp('GET', '/app/hook/deliveries?status=success')).ids).toHaveLength(1)
    expect((await asApp('GET', '/app/hook/deliveries?status=failure')).ids).toHaveLength(4)
  })
})
