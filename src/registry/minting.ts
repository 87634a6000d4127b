import { Failure } from '../errors.ts'
import { clean } from './answer.ts'
import { readBody } from './body.ts'
import type { Doors, Operation } from './doors.ts'
import type { Exchange, Given, Minting, Said, VendorAnswer } from './exchange.ts'
import { registryFailure } from './failure.ts'
import type { Mint } from './source.ts'
import { retryAfter } from './patience.ts'
import type { Transport } from './transport.ts'

const MOST_BYTES = 128 * 1024
const MOST_SKEW = 60_000 // ms: what distribution allows; AWS allows five minutes, GitHub and Google less

/** Mints by a keychain's exchange, with our transport's patience. */
export function mintBy(exchange: Exchange, given: Given, registry: string, transport: Transport, doors: Doors): Mint {
  return async (operation) => {
    operation.trail.phase = 'credential'
    const wrong = exchange.check?.(given, registry) ?? null
    if (wrong !== null)
      throw registryFailure('CREDENTIAL_KIND_UNSUPPORTED', operation.where, { found: wrong, wanted: `what the exchange ${exchange.key} needs` })
    return exchange.mint(given, mintingFor(registry, operation, transport, doors))
  }
}

function mintingFor(registry: string, operation: Operation, transport: Transport, doors: Doors): Minting {
  const secrets = new Set<string>()
  return {
    registry,
    now: doors.date(),
    async ask({ secrets: own, ...call }) {
      for (const secret of own) secrets.add(secret)
      if (Object.values(call.headers).some((value) => !/^[\t\x20-\x7e]*$/.test(value))) throw unspeakable(operation)
      const { response } = await transport.send({ ...call, authorization: null, mayLeave: false }, operation).catch((error: unknown) => {
        throw error instanceof Failure ? unreachable(error, call.url, operation) : error
      })
      const { bytes } = await readBody(response, MOST_BYTES, doors, operation)
      return { status: response.status, headers: response.headers, text: new TextDecoder().decode(bytes) }
    },
    fail: (answer, said) => sourceFailure(answer, said, [...secrets], doors, operation),
  }
}

/** `fetch` itself would throw at such a header, and show it. */
const unspeakable = ({ where }: Operation): Failure =>
  registryFailure('CREDENTIAL_KIND_UNSUPPORTED', where, {
    found: 'a secret with characters that no header can hold',
    wanted: 'the secret as it was given out',
  })

/** The cloud is down, and not the registry. */
function unreachable({ problem }: Failure, url: URL, { where }: Operation): Failure {
  const found = `${url.host}: ${problem.code}${problem.found === undefined ? '' : `, ${problem.found}`}`
  const retryable = problem.retryable || problem.code === 'DNS_FAILED'
  const next = `Try again in a few minutes; if it stays so, look whether ${url.host} can be reached from this machine.`
  return registryFailure('CREDENTIAL_SOURCE_FAILED', where, { found, next, retryable, retryAfter: problem.retryAfter })
}

/** A vendor that refuses the time of what was signed, while its clock and ours disagree, refuses it for that. */
function sourceFailure(answer: VendorAnswer, said: Said, secrets: readonly string[], doors: Doors, { where }: Operation): Failure {
  const skew = Date.parse(answer.headers.get('date') ?? '') - doors.date()
  const isSkewed = Math.abs(skew) > MOST_SKEW
  const clock = `this machine's clock is ${offset(-skew)} the vendor's`
  if (said.isOfTime === true && isSkewed) return registryFailure('CLOCK_SKEW_LOCAL', where, { found: clock })
  const words = clean([said.code, said.message].filter(Boolean).join(': '), secrets, 200)
  const isPassing = answer.status === 408 || answer.status === 429 || answer.status >= 500
  return registryFailure(said.isRefused === true ? 'CREDENTIALS_INVALID' : 'CREDENTIAL_SOURCE_FAILED', where, {
    found: `HTTP ${answer.status}${words === '' ? '' : ` ${words}`}${isSkewed ? ` (${clock})` : ''}`,
    next: said.next,
    retryable: isPassing,
    retryAfter: retryAfter(new Response(null, { headers: answer.headers })),
  })
}

/** `400 s behind` */
export const offset = (ms: number): string => `${Math.round(Math.abs(ms) / 1000)} s ${ms < 0 ? 'behind' : 'ahead of'}`
