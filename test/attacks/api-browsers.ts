import { comesToRest } from './asked.ts'
import { DEPLOY, withApi, type Headed } from './calling.ts'
import type { Scenario } from './scenario.ts'

/** What a browser can be made to send by a page of somebody else's: no `Authorization`, and only types that forms know. */
const FORMS: readonly (readonly [type: string, body: string])[] = [
  ['application/x-www-form-urlencoded', 'repository=acme%2Fshop&environment=staging&image=%3A1.2'],
  ['multipart/form-data; boundary=x', '--x\r\ncontent-disposition: form-data; name="repository"\r\n\r\nacme/shop\r\n--x--\r\n'],
  ['text/plain', JSON.stringify(DEPLOY)],
  ['text/plain;charset=UTF-8', `${JSON.stringify(DEPLOY)}=`],
]
const ORIGINS: readonly Headed[] = [
  { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
  { origin: 'https://evil.gantry.example', 'sec-fetch-site': 'same-site' },
  { origin: 'null', 'sec-fetch-site': 'cross-site' },
  {},
]

const f06: Scenario = {
  id: 'F06',
  tried:
    'what a page of somebody else’s can send to the API: forms of every type, JSON as text, other origins, null and none, methods that headers and queries name, GET and HEAD that would change something, a preflight',
  run: withApi(async (api) => {
    const { checks, grounds } = api
    const token = api.token()
    const { id } = JSON.parse((await api.deploys({ authorization: token })).text) as { readonly id: string }
    await comesToRest(grounds)
    const rows = () => JSON.stringify(grounds.rows('select id, state, fence from deployment'))
    const before = rows()
    let tries = 0
    for (const origin of ORIGINS) {
      for (const [type, body] of FORMS) {
        const headers = { ...origin, cookie: `token=${token}`, 'content-type': type }
        api.isProblem(`${type} from ${origin['origin']}`, await api.calls('POST', '/deploy', headers, body), [401])
        // Also where a page has got hold of the token: only JSON that says so is read.
        api.isProblem(`${type} with a token`, await api.calls('POST', '/deploy', { ...headers, authorization: token }, body), [415])
        tries += 2
      }
      for (const wish of ['cancel', 'retry', 'rollback', 'approve', 'reject']) {
        const path = `/deploy/${id}/${wish}`
        const overrides: Headed = { 'x-http-method-override': 'POST', 'x-http-method': 'POST', 'x-method-override': 'POST' }
        api.isProblem(`GET ${wish}`, await api.calls('GET', `${path}?_method=POST`, { ...origin, ...overrides, authorization: token }), [405])
        tries += 1
      }
    }
    const preflight = await api.calls('OPTIONS', '/deploy', {
      ...{ origin: 'https://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
    })
    checks.that(preflight.status === 405, `a preflight is answered with ${preflight.status}`)
    const asked = await api.calls('GET', `/deploy/status/${id}`, { authorization: token, origin: 'https://evil.example' })
    for (const { headers } of [preflight, asked])
      checks.that(
        [...headers.keys()].every((name) => !name.startsWith('access-control-')),
        'another origin may read answers',
      )
    checks.that(rows() === before, `something changed: ${rows()}`)
    return `${tries} refused with 401, 405 or 415; no other origin may read an answer; nothing changed`
  }),
}

const f07: Scenario = {
  id: 'F07',
  tried:
    'every address of the API, the documentation and the webhook, with and without a token, and every kind of error: what may be framed, sniffed, opened, kept or run',
  run: withApi(async (api) => {
    const { checks } = api
    const token = api.token()
    const { paths } = JSON.parse((await api.calls('GET', '/openapi.json', {})).text) as { readonly paths: object }
    const docs = [...(await api.calls('GET', '/docs', {})).text.matchAll(/href="(\/docs\/[^"]+)"/g)].map(([, path = '']) => path)
    const plain = [
      '/healthz',
      '/readyz',
      '/docs',
      ...docs,
      '/docs/none',
      '/openapi.json',
      '/favicon.ico',
      '/api/github/webhooks',
      ...Object.keys(paths),
    ]
    let seen = 0
    for (const path of plain)
      for (const [method, headers] of [
        ['GET', {}],
        ['GET', { authorization: token }],
        ['POST', { authorization: token }],
        ['DELETE', {}],
      ] as const) {
        const answer = await api.calls(method, path.replaceAll(/\{\w+\}/g, 'x'), headers, method === 'POST' ? '{' : undefined)
        const its = (name: string): string => answer.headers.get(name) ?? ''
        const wrong = [
          ['content-security-policy', /default-src 'none'.*frame-ancestors 'none'/],
          ['x-content-type-options', /^nosniff$/],
          ['referrer-policy', /^no-referrer$/],
          ['cross-origin-opener-policy', /^same-origin$/],
          ['cross-origin-resource-policy', /^same-origin$/],
          ['cache-control', /^no-(store|cache)$/],
        ].filter(([name, wanted]) => !(wanted as RegExp).test(its(name as string)))
        checks.that(wrong.length === 0, `${method} ${path} (${answer.status}) has no ${wrong.map(([name]) => name).join(', ')}`)
        checks.that(!/<script/i.test(answer.text), `${method} ${path} has a script`)
        seen += 1
      }
    return `${seen} answers, each with all of its headers and without a script`
  }),
}

export const browsers: readonly Scenario[] = [f06, f07]
