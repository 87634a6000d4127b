import type { Failure } from '../errors.ts'
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
      const { response } = await transport.send({ ...call, authorization: null, mayLeave: false }, operation)
      const { bytes } = await readBody(response, MOST_BYTES, doors, operation)
      return { status: response.status, headers: response.headers, text: new TextDecoder().decode(bytes) }
    },
    fail: (answer, said) => sourceFailure(answer, said, [...secrets], doors, operation),
  }
}

/** A vendor that refuses what was signed while its clock and ours disagree, refuses it for that. */
function sourceFailure(answer: VendorAnswer, said: Said, secrets: readonly string[], doors: Doors, { where }: Operation): Failure {
  const skew = Date.parse(answer.headers.get('date') ?? '') - doors.date()
  if (answer.status >= 400 && answer.status < 500 && Math.abs(skew) > MOST_SKEW) {
    return registryFailure('CLOCK_SKEW_LOCAL', where, { found: `this machine's clock is ${offset(-skew)} the vendor's` })
  }
  const words = clean([said.code, said.message].filter(Boolean).join(': '), secrets, 200)
  const isPassing = answer.status === 408 || answer.status === 429 || answer.status >= 500
  return registryFailure(said.isRefused === true ? 'CREDENTIALS_INVALID' : 'CREDENTIAL_SOURCE_FAILED', where, {
    found: `HTTP ${answer.status}${words === '' ? '' : ` ${words}`}`,
    next: said.next,
    retryable: isPassing,
    retryAfter: retryAfter(new Response(null, { headers: answer.headers })),
  })
}

/** `400 s behind` */
export const offset = (ms: number): string => `${Math.round(Math.abs(ms) / 1000)} s ${ms < 0 ? 'behind' : 'ahead of'}`
