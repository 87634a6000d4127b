/** Called as the App: its installations, tokens and deliveries; and the manifest flow, called by nobody. */
import { randomBytes } from 'node:crypto'
import { GitHubSays, notFound } from '../refusal.ts'
import * as show from '../render.ts'
import { findRepository, installationOf, stamp } from '../state.ts'
import type { Installation } from '../state.ts'
import { PRIVATE_KEY } from '../auth.ts'
import { idOnWire, wireId } from '../webhooks.ts'
import type { Attempt, Delivery } from '../webhooks.ts'
import { nextPage, page } from './route.ts'
import type { Answer, Context, OpenRoute } from './route.ts'

export const appRoutes: Readonly<Record<string, OpenRoute>> = {
  'POST /app/installations/{installation_id}/access_tokens': (context, request) => {
    const { github, body, parameters } = context
    github.auth.asApp(request)
    const installation = github.state.installations.get(Number(parameters['installation_id']))
    if (installation === undefined) throw notFound()
    const ids = body.list('repository_ids')?.map(Number) ?? null
    const names = body.list('repositories')?.map(String) ?? null
    const wish = { repositoryIds: ids, repositoryNames: names, permissions: stringsIn(body.value('permissions')) }
    const token = github.auth.issue(installation, wish, github.state)
    const permissions = Object.fromEntries(token.permissions)
    return { status: 201, stated: { token: token.text, expires_at: stamp(Math.min(token.expiresAt, Date.UTC(9999, 0))), permissions } }
  },

  'GET /app': (context, request) => {
    const { github } = context
    github.auth.asApp(request)
    const permissions = Object.fromEntries(github.permissions)
    return {
      status: 200,
      stated: { ...show.app(github.identity), owner: show.user(github.repository.owner), permissions, events: [...github.events] },
    }
  },

  'GET /app/hook/config': ({ github }, request) => {
    github.auth.asApp(request)
    return { status: 200, stated: { ...github.hook } }
  },

  'GET /app/installations': (context, request) => {
    const { github } = context
    github.auth.asApp(request)
    const { items, headers } = page(context, [...github.state.installations.values()])
    return { status: 200, headers, stated: items.map((one) => installationJson(context, one)) }
  },

  'POST /applications/{client_id}/token': ({ github, body, parameters }, request) => {
    github.auth.asClient(request)
    const token = body.text('access_token') ?? ''
    const user = github.auth.userTokens.get(token)
    if (user === undefined || parameters['client_id'] !== github.auth.client.id) throw notFound()
    const app = { client_id: github.auth.client.id, name: github.identity.name, url: 'https://gantry.example' }
    return { status: 200, stated: { token, app, user: show.user(user) } }
  },

  'DELETE /applications/{client_id}/token': ({ github, body, parameters }, request) => {
    github.auth.asClient(request)
    // GitHub answers 422 to what is no token of the App's.
    if (parameters['client_id'] !== github.auth.client.id) throw notFound()
    if (!github.auth.userTokens.delete(body.text('access_token') ?? '')) throw new GitHubSays(422, 'Validation Failed')
    return { status: 204 }
  },

  'GET /repos/{owner}/{repo}/installation': (context, request) => {
    const { github, parameters } = context
    github.auth.asApp(request)
    const home = findRepository(github.state, parameters['owner'] ?? '', parameters['repo'] ?? '')
    const installation = home && installationOf(github.state, home)
    if (!installation) throw notFound()
    return { status: 200, stated: installationJson(context, installation) }
  },

  'GET /orgs/{org}/installation': (context, request) => installationOn(context, request, context.parameters['org']),

  'GET /users/{username}/installation': (context, request) => installationOn(context, request, context.parameters['username']),

  'GET /app/hook/deliveries': (context, request) => {
    const { github } = context
    github.auth.asApp(request)
    const rows = github.webhooks.log.flatMap((delivery) => delivery.attempts.map((attempt) => ({ delivery, attempt })))
    const status = context.query.get('status')
    const isWanted = (attempt: Attempt): boolean => status !== (isOk(attempt) ? 'failure' : 'success') && github.now() - attempt.at <= KEPT_FOR
    const newestFirst = rows.filter(({ attempt }) => isWanted(attempt)).toSorted((a, b) => b.attempt.id - a.attempt.id)
    // A page begins after one attempt, not at a place in the list: new ones do not move it.
    const cursor = context.query.get('cursor')
    const left = cursor === null ? newestFirst : newestFirst.filter(({ attempt }) => attempt.id < idOnWire(cursor.slice(3)))
    const items = left.slice(0, Number(context.query.get('per_page') ?? 30))
    const last = items.at(-1)
    const headers = last === undefined || items.length === left.length ? {} : nextPage(context, 'cursor', `v1_${wireId(last.attempt.id)}`)
    return { status: 200, headers, stated: items.map(({ delivery, attempt }) => deliveryJson(delivery, attempt)), spell: withWireIds }
  },

  'GET /app/hook/deliveries/{delivery_id}': (context, request) => {
    const { delivery, attempt } = deliveryOf(context, request)
    const details = { request: { headers: delivery.headers, payload: delivery.payload }, response: { headers: {}, payload: '' } }
    return { status: 200, stated: { ...deliveryJson(delivery, attempt), url: '', ...details }, spell: withWireIds }
  },

  'POST /app/hook/deliveries/{delivery_id}/attempts': (context, request) => {
    context.github.webhooks.redelivers(deliveryOf(context, request).delivery)
    return { status: 202, stated: {} }
  },

  'POST /app-manifests/{code}/conversions': ({ github, parameters }) => {
    const manifest = github.manifests.get(parameters['code'] ?? '')
    // A code is good for one conversion, within an hour.
    if (manifest === undefined || !github.manifests.delete(parameters['code'] ?? '')) throw notFound()
    for (const callback of manifest.callback_urls ?? []) github.auth.callbacks.add(callback)
    const secrets = { pem: PRIVATE_KEY, webhook_secret: randomBytes(20).toString('hex'), client_secret: randomBytes(20).toString('hex') }
    return { status: 201, stated: { ...show.app(github.identity), name: manifest.name, client_id: github.auth.client.id, ...secrets } }
  },
}

function installationOn(context: Context, request: Request, login = ''): Answer {
  context.github.auth.asApp(request)
  const found = [...context.github.state.installations.values()].find(({ account }) => account.login.toLowerCase() === login.toLowerCase())
  const isAskedRight = found?.account.type === 'Organization' || context.parameters['org'] === undefined
  if (found === undefined || !isAskedRight) throw notFound()
  return { status: 200, stated: installationJson(context, found) }
}

function deliveryOf({ github, parameters }: Context, request: Request) {
  github.auth.asApp(request)
  const found = github.webhooks.find(idOnWire(parameters['delivery_id'] ?? ''))
  if (found === null) throw new GitHubSays(404, 'Not Found')
  return found
}

/** https://docs.github.com/webhooks/testing-and-troubleshooting-webhooks/viewing-webhook-deliveries */
const KEPT_FOR = 3 * 24 * 3_600_000

const isOk = ({ status }: Attempt): boolean => status >= 200 && status < 300

/** No number of ours can hold them, so that they are put into the text. */
const withWireIds = (text: string): string => text.replaceAll(/"id":(\d+),"guid":/g, (_, id) => `"id":${wireId(Number(id))},"guid":`)

function deliveryJson({ guid, event, action, installation, repository }: Delivery, attempt: Attempt) {
  const { id, at, isRedelivery, status } = attempt
  const outcome = isOk(attempt) ? 'OK' : status === 0 ? 'failed to connect to host' : 'Invalid HTTP Response'
  const head = { id, guid, delivered_at: stamp(at), redelivery: isRedelivery, duration: 0.1, status: outcome, status_code: status }
  return { ...head, event, action, installation_id: installation, repository_id: repository, throttled_at: null }
}

export function installationJson({ github }: Context, one: Installation) {
  return { ...show.installation(one, github.identity), suspended_at: one.isSuspended ? stamp(github.now()) : null }
}

function stringsIn(value: unknown): Readonly<Record<string, string>> | null {
  return value !== null && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, String(inner)])) : null
}
