import { comesToRest, holdsUp } from './asked.ts'
import { DEPLOY, withApi, type Called, type Headed } from './calling.ts'
import type { Scenario } from './scenario.ts'

const CANARY = 'canaryCANARYcanaryCANARYcanary0123456789'

const f01: Scenario = {
  id: 'F01',
  tried:
    'POST /deploy without and with an empty, garbled, 10 KB long, Basic, doubled Authorization, with tokens of other kinds, in the query, in a cookie, in the body',
  run: withApi(async (api) => {
    const { checks, grounds } = api
    const wrong: readonly (readonly [what: string, headers: Headed, path?: string])[] = [
      ['none', {}],
      ...[
        '',
        ' ',
        'Bearer',
        'Bearer ',
        CANARY,
        `Bearer ${CANARY}`,
        `Basic ${btoa(`ada:${CANARY}`)}`,
        `Bearer ghu_${'a'.repeat(10_000)}`,
        `token ghu_${CANARY}`,
      ].map((authorization) => [`"${authorization.slice(0, 12)}"`, { authorization }] as const),
      ...['ghp', 'gho', 'ghs', 'ghr', 'github_pat'].map((kind) => [kind, { authorization: `Bearer ${kind}_${CANARY}` }] as const),
      ['two in one', { authorization: `Bearer ghu_${CANARY}, Bearer ghu_${CANARY}` }],
      ['in the query', {}, `/deploy?access_token=ghu_${CANARY}`],
      ['in a cookie', { cookie: `token=ghu_${CANARY}; authorization=Bearer ghu_${CANARY}` }],
      ['in another header', { 'x-authorization': `Bearer ghu_${CANARY}`, 'proxy-authorization': `Bearer ghu_${CANARY}` }],
    ]
    for (const [what, headers, path = '/deploy'] of wrong) {
      const answer = await api.calls('POST', path, headers, JSON.stringify(DEPLOY))
      api.isProblem(what, answer, [401])
      checks.that(answer.headers.has('www-authenticate'), `${what}: no WWW-Authenticate`)
      checks.that(!answer.text.includes(CANARY), `${what}: repeats the token`)
    }
    const token = api.token()
    const doubled = `POST /deploy HTTP/1.1\r\nhost: x\r\nauthorization: ${token}\r\nauthorization: Bearer x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`
    checks.that((await api.says(doubled)).status === 401, 'two headers are somebody')
    await checks.nothingHappened(grounds)
    api.isProblem('one that looks like one', await api.deploys({ authorization: `Bearer ghu_${CANARY}` }), [401])
    grounds.github.auth.userTokens.clear()
    api.isProblem('one that was revoked', await api.deploys({ authorization: token }), [401])
    checks.that(!grounds.gantry.output.includes(CANARY), 'the log has a token')
    api.nothingDeployed()
    return `${wrong.length + 3} refused with 401 and WWW-Authenticate; no token in an answer or the log`
  }),
}

const f05: Scenario = {
  id: 'F05',
  tried:
    'the same Idempotency-Key and body 50 times at once; another body; another person; the same after kill -9 in the middle of it and after its end; keys of 300 characters, Unicode, none; one key for several things',
  run: withApi(async (api) => {
    const { checks, grounds } = api
    const { github } = grounds
    const [ada, grace] = [api.token(), api.token(github.people.grace)]
    const key = { authorization: ada, 'idempotency-key': 'a5c0-50' }
    const idOf = ({ text }: Called): string => (JSON.parse(text) as { id: string }).id
    const hold = holdsUp(grounds)
    const fifty = await Promise.all(Array.from({ length: 50 }, () => api.deploys(key)))
    const ids = new Set(fifty.map(idOf))
    checks.that(fifty.every(({ status }) => status === 202) && ids.size === 1, `${fifty.map(({ status }) => status).join()}: ${ids.size} ids`)
    checks.that(await hold.isHeld(), 'it never came to be applied')
    await grounds.gantry.stops('SIGKILL')
    hold.letsGo()
    await grounds.starts(grounds.apiVariables)
    const again = await api.deploys(key)
    checks.that(again.status === 202 && ids.has(idOf(again)), `after a death in the middle: ${again.status}`)
    checks.that(await comesToRest(grounds), 'it does not come to rest')
    await grounds.gantry.stops('SIGKILL')
    await grounds.starts(grounds.apiVariables)
    const last = await api.deploys(key)
    checks.that(
      last.status === 202 && ids.has(idOf(last)) && last.text.includes('"state":"success"'),
      `after its end: ${last.status} ${last.text.slice(0, 200)}`,
    )
    checks.that(grounds.rows('select 1 from deployment').length === 1, 'more than one was written down')
    checks.that(github.repository.deployments.length === 1, `${github.repository.deployments.length} deployments on GitHub`)
    api.isProblem('another body', await api.deploys(key, { ...DEPLOY, image: ':1.3' }), [422])
    for (const wrong of ['k'.repeat(300), 'a b', '', 'Ã¼', '\t'])
      api.isProblem(`key "${wrong.slice(0, 5)}"`, await api.deploys({ ...key, 'idempotency-key': wrong }), [400])
    const theirs = await api.deploys({ ...key, authorization: grace })
    checks.that(theirs.status === 202 && !ids.has(idOf(theirs)), 'somebody else’s key is the same')
    const retried = await api.calls('POST', `/deploy/${[...ids][0]}/retry`, key, '{}')
    checks.that(retried.status === 202 && !ids.has(idOf(retried)), `the key of a deployment is that of its retry: ${retried.status}`)
    const [one, two] = [await api.deploys({ authorization: grace }), await api.deploys({ authorization: grace })]
    checks.that(idOf(one) !== idOf(two), 'without a key two are one')
    checks.that(await comesToRest(grounds), 'it does not come to rest at the end')
    return 'one deployment for 52 requests and two deaths; 422 for another body, 400 for keys that are none, without a key each is another'
  }),
}

const f13: Scenario = {
  id: 'F13',
  tried:
    'fields that nobody may set: tenant, actor, approved, digest beside a tag, origin, door, key, state, rules, in every body and at every depth',
  run: withApi(async (api) => {
    const { checks, grounds } = api
    const [ada, grace] = [api.token(), api.token(grounds.github.people.grace)]
    const extra: readonly object[] = [
      ...[{ tenant: 'umbrella' }, { actor: { id: grounds.github.people.grace.id, login: 'grace' } }, { approved: true }, { approvals: [{ by: 1 }] }],
      ...[
        { digest: `sha256:${'0'.repeat(64)}`, image: ':1.2' },
        { tag: '1.2' },
        { origin: { kind: 'rollback', to: null } },
        { door: 'push' },
        { key: 'c:1:1' },
      ],
      ...[
        { installation: 1 },
        { account: 1 },
        { state: 'success' },
        { target: 'site' },
        { settings: { path: '/' } },
        { rules: {} },
        { dry_run: false },
        { id: 'x' },
      ],
      ...[{ receivedAt: 0 }, { headSeen: 'x' }, { askedAt: 0 }, { isQuiet: true }, { fence: 99 }, { commit: 'x' }],
    ]
    for (const more of extra) {
      const name = Object.keys(more)[0] ?? ''
      api.isProblem(name, await api.deploys({ authorization: ada }, { ...DEPLOY, ...more }), [422])
      api.isProblem(
        `${name}, dry run`,
        await api.calls('POST', '/deploy/validate', { authorization: grace }, JSON.stringify({ ...DEPLOY, ...more })),
        [422],
      )
    }
    const listed = await api.calls('GET', '/deployments?repository=acme/shop&actor=1', { authorization: ada })
    api.isProblem('in a query', listed, [422])
    api.nothingDeployed()
    const mallory = api.token(grounds.github.people.mallory)
    const refused = await api.deploys({ authorization: mallory, 'x-github-user': 'grace', 'x-forwarded-user': 'grace' })
    await comesToRest(grounds)
    const [row] = grounds.rows(`select state, json_extract(problem, '$.code') as code from deployment`)
    checks.that(
      refused.status === 202 && row?.['state'] === 'refused' && row['code'] === 'PERMISSION_REQUIRED',
      `somebody who may only read: ${JSON.stringify(row)}`,
    )
    const { id } = JSON.parse(refused.text) as { readonly id: string }
    for (const wish of ['approve', 'reject', 'cancel', 'retry', 'rollback']) {
      const answer = await api.calls('POST', `/deploy/${id}/${wish}`, { authorization: ada }, JSON.stringify({ reason: 'x', by: { id: 1 } }))
      api.isProblem(wish, answer, [422])
    }
    checks.that(grounds.github.repository.deployments.length === 0, 'a deployment was made on GitHub')
    return `${extra.length * 2 + 6} refused with 422, nothing done; who only reads is refused by the gates and told so`
  }),
}

export const api: readonly Scenario[] = [f01, f05, f13]
