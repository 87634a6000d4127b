import { Failure } from '../errors.ts'
import { SENTENCES } from './sentences.ts'
import type { RegistryCode, Where } from './sentences.ts'

export type { RegistryCode, Where }

export interface FailureDetails {
  readonly found?: string | undefined
  readonly wanted?: string | undefined
  /** Instead of the code's own sentence or next step, where the case at hand knows better. */
  readonly sentence?: string | undefined
  readonly next?: string | undefined
  readonly retryable?: boolean | undefined
  readonly retryAfter?: number | undefined
  readonly cause?: unknown
}

/** The one maker of this protocol's failures: who was asked, what came back, what was wanted, what to do next. */
export function registryFailure(code: RegistryCode, where: Where, details: FailureDetails = {}): Failure {
  const { sentence, next, cause, ...rest } = details
  const words = SENTENCES[code]
  return new Failure(
    code,
    { sentence: sentence ?? words.says(where), next: next ?? words.next(where), wanted: words.wanted?.(where), ...rest },
    cause,
  )
}
