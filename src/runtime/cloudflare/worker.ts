import { Buffer } from 'node:buffer'
import type { Shortage } from '../../deploy/limits.ts'
import { Failure } from '../../errors.ts'
import { HEADERS } from '../../web/headers.ts'
import { networkOf } from '../client-address.ts'
import { createRedactor, secretsOf } from '../redact.ts'
import { ACCOUNT } from './account-object.ts'
import { notBegun, problemAnswer, refusal } from './answers.ts'
import { accountAt, directoryAt, OPERATOR, repositoryAt, type Bindings, type Named } from './bindings.ts'
import { configured, type Configured } from './configured.ts'
import { ADDRESS, NOBODY } from './gantry-object.ts'
import { createConsoleLog } from './log.ts'
import type { Machine } from './machine.ts'
import { operatorDoor } from './moving.ts'
import { HOME } from './repository-object.ts'
import { called, homeIn, placeOf, type Place } from './routing.ts'
import { receiveWebhook } from './webhook.ts'

const WEBHOOK_PATH = '/api/github/webhooks'
/** Bytes: more than the largest that anything here takes, a backup of one account. */
const LARGEST = 4 * 1024 * 1024

/** The Worker in front of the objects: it keeps nothing, knows who each request is for, and lets nothing unsigned through to them. */
export const createWorker = (machine: Machine) => ({
  async fetch(request: Request, env: Bindings): Promise<Response> {
    try {
      const { pathname } = new URL(request.url)
      if (pathname === '/healthz' && request.method === 'GET')
        return new Response('ok\n', { headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' } })
      const its = await configured(env)
      if (pathname === '/readyz' && request.method === 'GET') return await ready(env)
      if (pathname === WEBHOOK_PATH)
        return request.method === 'POST' ? await deliver(request, its, env, machine) : problemAnswer(404, 'There is nothing here.')
      if (pathname.startsWith('/operator/')) return await operatorDoor(its, env, () => machine.clock().now())(request)
      return await answer(request, its, env)
    } catch (error) {
      return await refused(error)
    }
  },

  /** What GitHub could not deliver is fetched back by the operator's object, on alarms of its own: this only sees to it that it is awake. */
  async scheduled({ cron }: ScheduledController, env: Bindings): Promise<void> {
    // At one minute of an hour, and so at most hourly.
    if (/^\d+ /.test(cron)) await accountAt(env, OPERATOR).backUp()
    else await accountAt(env, OPERATOR).wake()
  },
})

async function deliver(request: Request, { settings }: Configured, env: Bindings, { write, clock }: Machine): Promise<Response> {
  const redactor = createRedactor()
  for (const secret of secretsOf(settings)) redactor.register(secret.reveal())
  const log = createConsoleLog(settings.logLevel, redactor, write)
  const { createIntake, EVENTS } = await import('../../bot/intake.ts')
  const intake = createIntake(settings.app.id)
  return receiveWebhook(request, {
    ...{ secrets: settings.app.webhookSecrets, events: EVENTS, log },
    hand: async (event, guid, payload) => {
      const passing = intake.readPassing(event, payload)
      if (passing !== null) {
        // An installation that is back is found to be so by the next call.
        if (passing.kind === 'back' || passing.repository.account === undefined) return false
        const home = { repository: passing.repository.id, account: passing.repository.account }
        await repositoryAt(env, home.repository).happened(home, passing)
        return true
      }
      const delivery = intake.readDelivery(event, guid, payload, clock().now())
      if (delivery === null) return false
      const home = homeIn(delivery)
      const account = home === null ? accountIn(payload) : null
      if (home !== null) await repositoryAt(env, home.repository).deliver(home, [delivery])
      else if (account !== null) await accountAt(env, account).deliver(account, [delivery])
      return home !== null || account !== null
    },
  })
}

/** Of `installation` and `installation_repositories`. */
function accountIn(payload: unknown): number | null {
  const id = (payload as { readonly installation?: { readonly account?: { readonly id?: unknown } } }).installation?.account?.id
  return typeof id === 'number' && Number.isSafeInteger(id) && id > 0 ? id : null
}

async function answer(request: Request, { settings }: Configured, env: Bindings): Promise<Response> {
  // What says in its body who it is for is read here, and so is what may have to be asked twice.
  const body = request.method === 'GET' || request.method === 'HEAD' ? null : await bodyOf(request)
  if (body === 'too long') return refusal(({ tooLarge }) => tooLarge(LARGEST), settings.url)
  const place = placeOf(request)
  const found = await placed(place.at === 'repository in the body' ? called(repositoryIn(body)) : place, addressOf(request), env)
  if ('wait' in found) return refusal(({ tooManyRequests }) => tooManyRequests(found), settings.url)
  const answered = await objectOf(found, env).fetch(forwarded(request, body, found, settings.url))
  // Nobody has ever told it which repository it is: so there is no such deployment, in the words that the operator's object has for that.
  const response = answered.headers.has(NOBODY) ? await accountAt(env, OPERATOR).fetch(forwarded(request, body, AT_OPERATOR, settings.url)) : answered
  return new Response(response.body, response)
}

const AT_OPERATOR: Named = { repository: null, account: OPERATOR }

async function placed(place: Place, address: string, env: Bindings): Promise<Chosen | Shortage> {
  // By a cookie, which anybody can write: it is told nothing that it would begin with.
  if (place.at === 'account') return { repository: null, account: place.id, isByCookie: true }
  if (place.at === 'repository') return { repository: place.id, account: null }
  if (place.at === 'account called') return (await directoryAt(env, place.login).find(place.login, null, address)) ?? AT_OPERATOR
  if (place.at === 'repository called') return (await directoryAt(env, place.owner).find(place.owner, place.name, address)) ?? AT_OPERATOR
  return AT_OPERATOR
}

type Chosen = (Named & { readonly isByCookie?: true }) | { readonly repository: number; readonly account: null }

const objectOf = ({ repository, account }: Chosen, env: Bindings) =>
  repository === null ? accountAt(env, account ?? OPERATOR) : repositoryAt(env, repository)

function forwarded(request: Request, body: Uint8Array<ArrayBuffer> | null, found: Chosen, origin: string | null): Request {
  const headers = new Headers(request.headers)
  for (const name of [ADDRESS, HOME, ACCOUNT]) headers.delete(name)
  const address = addressOf(request)
  if (address !== '') headers.set(ADDRESS, address)
  const { repository, account } = found
  if (repository === null && !('isByCookie' in found)) headers.set(ACCOUNT, String(account))
  if (repository !== null && account !== null) headers.set(HOME, `${repository}:${account}`)
  const { pathname, search, origin: own } = new URL(request.url)
  // The address that people open, whatever the Worker itself is called.
  return new Request(`${origin ?? own}${pathname}${search}`, { method: request.method, headers, body, redirect: 'manual' })
}

/** As it is counted; empty for this machine's own. */
const addressOf = ({ headers }: Request): string => networkOf(headers.get('cf-connecting-ip') ?? '127.0.0.1') ?? ''

/** No more of it than is taken: what it says of its length is nothing to build on. */
async function bodyOf(request: Request): Promise<Uint8Array<ArrayBuffer> | 'too long'> {
  if (Number(request.headers.get('content-length')) > LARGEST) return 'too long'
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.length
    if (size > LARGEST) return 'too long'
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** Null for whatever is no JSON of that kind: the API says what is wrong with it. */
function repositoryIn(body: Uint8Array | null): unknown {
  try {
    return (JSON.parse(new TextDecoder().decode(body ?? undefined)) as { readonly repository?: unknown } | null)?.repository
  } catch {
    return null
  }
}

async function ready(env: Bindings): Promise<Response> {
  await accountAt(env, OPERATOR).copy(OPERATOR, null)
  return new Response('ready\n', { headers: { ...HEADERS, 'content-type': 'text/plain; charset=utf-8' } })
}

/** Nothing is repeated of what is wrong but what is ours. */
async function refused(error: unknown): Promise<Response> {
  const found = error instanceof Failure ? error.problem : null
  console.error(
    JSON.stringify({
      level: 50,
      msg: 'a request failed',
      code: found?.code,
      sentence: found?.sentence,
      type: error instanceof Error ? error.name : typeof error,
    }),
  )
  return notBegun(error)
}
