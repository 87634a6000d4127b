import type { Failure } from '../errors.ts'
import { clean, describe, parseObject, readError } from './answer.ts'
import { discard, readBody } from './body.ts'
import type { Doors, Operation } from './doors.ts'
import { registryFailure } from './failure.ts'
import type { FailureDetails } from './failure.ts'
import type { Keychain } from './keychain.ts'
import { meaningOf } from './meaning.ts'
import { offset } from './minting.ts'
import { limitOf, retryAfter } from './patience.ts'
import type { Reference } from './reference.ts'
import { realmNotTrusted } from './session.ts'
import type { Reply, Session } from './session.ts'
import type { Token } from './token.ts'

/** Whom we were asking, for what. */
export interface Visit {
  readonly reference: Reference
  readonly operation: Operation
  readonly session: Session
  readonly keychain: Keychain
  readonly doors: Doors
}

/**
 * What a registry's final answer means: status and challenge first, then the code in the body, then its words. `wanted` is the tag
 * or digest that was asked for.
 */
export async function refused(reply: Reply, here: Visit, wanted: string): Promise<Failure> {
  const { reference, operation, session, doors } = here
  const answer = await readError(reply.response, session.secrets(), doors, operation)
  const limit = answer.status === 429 ? limitOf(reply.response) : ''
  const found = `${describe(answer)}${limit === '' ? '' : ` (${clean(limit, session.secrets(), 120)})`}`
  const details: FailureDetails = { found, retryAfter: retryAfter(reply.response, answer.message) }
  if (reply.hasLeft) return elsewhere(operation, details)
  if (reply.sent.scheme === 'bearer' && reply.sent.withheldFrom !== null && [401, 403, 404].includes(answer.status)) {
    return realmNotTrusted(reply.sent.withheldFrom, operation)
  }
  if (reply.sent.scheme === 'bearer' && reply.challengeError === 'invalid_token') return ownTokensRefused(reply.sent.token, reply, operation, details)
  const said = meaningOf('registry', answer, here.keychain, session.credential)
  const isWrongPassword = said.code === 'PERMISSION_DENIED' && answer.status === 401 && reply.sent.scheme === 'basic'
  const code = isWrongPassword ? 'CREDENTIALS_INVALID' : said.code
  if (code !== 'NOT_FOUND_OR_HIDDEN' || wanted === reference.digest) return registryFailure(code, operation.where, { ...said.details, ...details })
  if (wanted === reference.tag) return lookAround(here, details, wanted)
  // The registry itself named this digest a moment ago.
  return registryFailure('DIGEST_MISMATCH', operation.where, { ...details, wanted })
}

const MOST_SKEW = 60_000 // ms: distribution's own leeway (registry/auth/token/token.go)

/** A new token is refused: the answer is the same for a wrong clock, issuer, audience and key, but every answer carries its clock's time. */
function ownTokensRefused(token: Token, { response }: Reply, { where }: Operation, details: FailureDetails): Failure {
  const skew = token.serverDate - Date.parse(response.headers.get('date') ?? '')
  if (!(Math.abs(skew) > MOST_SKEW)) return registryFailure('REGISTRY_REJECTS_ITS_OWN_TOKENS', where, details)
  return registryFailure('CLOCK_SKEW_SERVER', where, { found: `the token server's clock is ${offset(skew)} the registry's` })
}

/** The storage behind a registry: its addresses hold signatures, so that nothing of them is shown. */
const elsewhere = (operation: Operation, details: FailureDetails): Failure =>
  registryFailure('REGISTRY_UNAVAILABLE', operation.where, {
    ...details,
    sentence: `The storage that ${operation.where.registry} redirects to did not hand out ${operation.where.image}.`,
  })

const TAGS_BYTES = 256 * 1024

/** A 404 is the same for a wrong tag, a wrong repository and a hidden one; the list of tags tells them apart, where it may be read. */
async function lookAround({ reference, operation, session, doors }: Visit, details: FailureDetails, wanted: string): Promise<Failure> {
  const reply = await session.send({ method: 'GET', path: `/v2/${reference.repository}/tags/list?n=100`, headers: { accept: 'application/json' } })
  if (reply.response.status === 200 && !reply.hasLeft) {
    const { bytes } = await readBody(reply.response, TAGS_BYTES, doors, operation)
    const tags = parseObject(new TextDecoder().decode(bytes))?.['tags']
    const names = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string').slice(-5) : []
    const found = names.length === 0 ? 'a repository without tags' : `tags such as ${clean(names.join(', '), [], 120)}`
    return registryFailure('TAG_NOT_FOUND', operation.where, { found, wanted })
  }
  if (reply.response.status !== 404) {
    await discard(reply.response)
    return registryFailure('NOT_FOUND_OR_HIDDEN', operation.where, details)
  }
  const answer = await readError(reply.response, session.secrets(), doors, operation)
  // Said to somebody who may read there, or by a registry that hides nothing; without a credential a 404 may be a politer no.
  const isProved = answer.code === 'NAME_UNKNOWN' && (session.credential.kind !== 'anonymous' || reply.sent.scheme === 'none')
  return registryFailure(isProved ? 'REPOSITORY_NOT_FOUND' : 'NOT_FOUND_OR_HIDDEN', operation.where, { ...details, found: describe(answer) })
}
