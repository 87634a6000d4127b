import type { Failure } from '../errors.ts'
import { clean, describe, parseObject, readError } from './answer.ts'
import type { ErrorAnswer } from './answer.ts'
import { discard, readBody } from './body.ts'
import type { Doors, Operation } from './doors.ts'
import { registryFailure } from './failure.ts'
import type { FailureDetails, RegistryCode } from './failure.ts'
import type { Reference } from './reference.ts'
import { realmNotTrusted } from './session.ts'
import type { Reply, Session } from './session.ts'
import { retryAfter } from './transport.ts'

/** Whom we were asking, for what. */
export interface Visit {
  readonly reference: Reference
  readonly operation: Operation
  readonly session: Session
  readonly doors: Doors
}

/**
 * What a registry's final answer means: status and challenge first, then the code in the body, then its words. `wanted` is the tag
 * or digest that was asked for.
 */
export async function refused(reply: Reply, here: Visit, wanted: string): Promise<Failure> {
  const { reference, operation, session, doors } = here
  const answer = await readError(reply.response, session.secrets(), doors, operation)
  const details: FailureDetails = { found: describe(answer), retryAfter: retryAfter(reply.response) }
  if (reply.hasLeft) return elsewhere(operation, details)
  if (reply.sent.scheme === 'bearer' && reply.sent.withheldFrom !== null && [401, 403, 404].includes(answer.status)) {
    return realmNotTrusted(reply.sent.withheldFrom, operation)
  }
  const code = codeOf(answer, reply, session)
  if (code !== 'NOT_FOUND_OR_HIDDEN' || wanted === reference.digest) return registryFailure(code, operation.where, details)
  if (wanted === reference.tag) return lookAround(here, details)
  // The registry itself named this digest a moment ago.
  return registryFailure('DIGEST_MISMATCH', operation.where, { ...details, wanted })
}

function codeOf(answer: ErrorAnswer, reply: Reply, session: Session): RegistryCode {
  const { status } = answer
  if (status === 401 || status === 403) return denied(status, reply, session)
  if (status === 429) return 'RATE_LIMITED'
  if (status === 408 || status === 425 || status >= 499) return 'REGISTRY_UNAVAILABLE'
  if (status === 404 && /accept header does not support/i.test(answer.message)) return 'MEDIA_TYPE_NOT_ACCEPTED'
  if (status === 404) return 'NOT_FOUND_OR_HIDDEN'
  if (status === 400 && /HTTP request to an HTTPS server/i.test(answer.message)) return 'TLS_PROTOCOL'
  return 'REGISTRY_PROTOCOL_ERROR'
}

function denied(status: 401 | 403, { sent, challengeError }: Reply, { credential }: Session): RegistryCode {
  if (sent.scheme === 'bearer' && challengeError === 'invalid_token') return 'REGISTRY_REJECTS_ITS_OWN_TOKENS'
  if (credential.kind === 'anonymous') return 'CREDENTIAL_MISSING'
  return sent.scheme === 'basic' && status === 401 ? 'CREDENTIALS_INVALID' : 'PERMISSION_DENIED'
}

/** The storage behind a registry: its addresses hold signatures, so that nothing of them is shown. */
const elsewhere = (operation: Operation, details: FailureDetails): Failure =>
  registryFailure('REGISTRY_UNAVAILABLE', operation.where, {
    ...details,
    sentence: `The storage that ${operation.where.registry} redirects to did not hand out ${operation.where.image}.`,
  })

const TAGS_BYTES = 256 * 1024

/** A 404 is the same for a wrong tag, a wrong repository and a hidden one; the list of tags tells them apart, where it may be read. */
async function lookAround({ reference, operation, session, doors }: Visit, details: FailureDetails): Promise<Failure> {
  const reply = await session.send({ method: 'GET', path: `/v2/${reference.repository}/tags/list?n=100`, headers: { accept: 'application/json' } })
  if (reply.response.status === 200 && !reply.hasLeft) {
    const { bytes } = await readBody(reply.response, TAGS_BYTES, doors, operation)
    const tags = parseObject(new TextDecoder().decode(bytes))?.['tags']
    const names = Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string').slice(-5) : []
    const found = names.length === 0 ? 'a repository without tags' : `tags such as ${clean(names.join(', '), [], 120)}`
    return registryFailure('TAG_NOT_FOUND', operation.where, { found, wanted: reference.tag ?? undefined })
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
