import type { Mask } from '../deploy/mask.ts'

/** What every line of the log goes through, wherever it is written. */

const DEEPEST_CAUSE = 5
/** Characters of one text. */
export const LONGEST_TEXT = 10_000

/** The secrets out of every text of a finished line, which stays JSON whatever they are: by path one would miss those inside messages, stacks and causes. */
export const cleanLine = (line: string, clean: Mask): string => JSON.stringify(JSON.parse(line, cleaning(clean)))

/** For `JSON.parse`: names too, for some are foreign. */
const cleaning =
  (clean: Mask) =>
  (_key: string, value: unknown): unknown => {
    if (typeof value === 'string') return clean(value)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [clean(name), inner]))
  }

/** Named fields only: clients hang whole requests, with their bodies, on errors. */
export function describe(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? error : typeof error
  const { code, status, problem } = error as { code?: unknown; status?: unknown; problem?: unknown }
  return {
    type: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(typeof status === 'number' && { status }),
    ...(problem !== undefined && { problem }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < DEEPEST_CAUSE && { cause: describe(error.cause, depth + 1) }),
    ...(error instanceof AggregateError && depth < DEEPEST_CAUSE && { errors: error.errors.slice(0, 10).map((one) => describe(one, depth + 1)) }),
  }
}
