/**
 * Everything that can go wrong, in one closed list. A **Refusal** is a value (understood, and will not); a **Failure** is
 * thrown (the outside world failed). Both carry a `Problem`, whose fields are safe to show to whoever may see the deployment.
 * Anything else that is thrown is our own bug.
 */

/** Who can put a problem right; said in every refusal and failure. */
export type Who =
  | 'requester'
  | 'repository' // someone who can change the repository or its configuration
  | 'account' // the account's administrators: operator file, credentials, targets
  | 'registry' // who runs or administers the container registry
  | 'target' // who runs the place that images run on
  | 'github'
  | 'gantry' // us

interface CodeFacts {
  readonly who: Who
  /** Whether asking again later, unchanged, may succeed. */
  readonly retryable: boolean
}

const facts = (who: Who, retryable = false): CodeFacts => ({ who, retryable })

/** Every code Gantry can say, with who can fix it. A paragraph for each stands in `docs/troubleshooting.md` (a test holds it there). */
export const CODES = {
  // what was asked
  COMMAND_UNKNOWN: facts('requester'),
  COMMAND_MALFORMED: facts('requester'),
  OPTION_UNSUPPORTED: facts('requester'),
  ENVIRONMENT_UNKNOWN: facts('requester'),
  ENVIRONMENT_REQUIRED: facts('requester'),
  APP_UNKNOWN: facts('requester'),
  IMAGE_REQUIRED: facts('requester'),
  IMAGE_NOT_DECLARED: facts('requester'),
  REFERENCE_INVALID: facts('requester'),
  REF_NOT_FOUND: facts('requester'),
  // the repository's configuration
  CONFIGURATION_MISSING: facts('repository'),
  CONFIGURATION_INVALID: facts('repository'),
  CONFIGURATION_UNSUPPORTED: facts('repository'),
  SETTINGS_INVALID: facts('repository'),
  // the start of the process
  SETTING_INVALID: facts('account'),
  OPERATOR_FILE_INVALID: facts('account'),
  // the gates
  PERMISSION_REQUIRED: facts('repository'),
  PERMISSION_UNREADABLE: facts('github', true),
  ACTOR_CHANGED: facts('requester'),
  COMMENT_CHANGED: facts('requester'),
  HEAD_MOVED: facts('requester'),
  HEAD_UNPROVED: facts('requester'),
  PULL_REQUEST_CLOSED: facts('requester'),
  PULL_REQUEST_REFUSED: facts('repository'),
  FORK_REFUSED: facts('repository'),
  TARGET_UNKNOWN: facts('repository'),
  TARGET_NOT_ALLOWED: facts('account'),
  WORKLOAD_CLAIMED: facts('repository'),
  SUPERSEDED: facts('requester'),
  // the registry
  CREDENTIAL_MISSING: facts('account'),
  CREDENTIAL_KIND_UNSUPPORTED: facts('account'),
  CREDENTIALS_INVALID: facts('account'),
  CREDENTIAL_EXPIRED: facts('account'),
  CREDENTIAL_LIFETIME_TOO_SHORT: facts('account'),
  CREDENTIAL_SOURCE_FAILED: facts('account'),
  PERMISSION_DENIED: facts('registry'),
  PUBLIC_IMAGE_BAD_CREDENTIAL: facts('account'),
  NETWORK_POLICY_DENIED: facts('registry'),
  NOT_FOUND_OR_HIDDEN: facts('requester'),
  REPOSITORY_NOT_FOUND: facts('requester'),
  TAG_NOT_FOUND: facts('requester'),
  MEDIA_TYPE_NOT_ACCEPTED: facts('gantry'),
  PLATFORM_MISSING: facts('requester'),
  DIGEST_MISMATCH: facts('registry'),
  TARGET_REGISTRY_UNSUPPORTED: facts('repository'),
  RATE_LIMITED: facts('account', true),
  LOGIN_LOCKED: facts('account'),
  REGISTRY_UNAVAILABLE: facts('registry', true),
  TIMEOUT: facts('registry', true),
  DNS_FAILED: facts('requester'),
  TLS_UNTRUSTED: facts('registry'),
  TLS_NAME_MISMATCH: facts('registry'),
  TLS_EXPIRED: facts('registry'),
  TLS_PROTOCOL: facts('registry'),
  NETWORK_UNKNOWN: facts('account', true),
  CLOCK_SKEW_LOCAL: facts('account'),
  CLOCK_SKEW_SERVER: facts('registry'),
  REGISTRY_REJECTS_ITS_OWN_TOKENS: facts('registry'),
  CHALLENGE_MISSING: facts('registry'),
  CHALLENGE_MALFORMED: facts('registry'),
  CHALLENGE_UNSUPPORTED: facts('registry'),
  REALM_NOT_TRUSTED: facts('account'),
  REALM_FORBIDDEN: facts('registry'),
  REDIRECT_FORBIDDEN: facts('registry'),
  TOKEN_RESPONSE_INVALID: facts('registry'),
  AUTH_ENDPOINT_BROKEN: facts('registry', true),
  REGISTRY_PROTOCOL_ERROR: facts('gantry'),
  // the target
  IMAGE_UNUSABLE: facts('requester'),
  TARGET_UNAVAILABLE: facts('target', true),
  TARGET_REFUSED: facts('target'),
  TARGET_UNHEALTHY: facts('requester'),
  TARGET_MOVED: facts('target'),
  TARGET_RUNS_OTHER: facts('target'),
  // GitHub and ourselves
  GITHUB_UNAVAILABLE: facts('github', true),
  GITHUB_REFUSED: facts('account'),
  GITHUB_RATE_LIMITED: facts('github', true),
  INTERNAL: facts('gantry'),
} as const satisfies Record<string, CodeFacts>

export type Code = keyof typeof CODES

/** What did not work, in words: JSON, so that it can be stored and shown again. */
export interface Problem {
  readonly code: Code
  /** One plain sentence, without markup, ending in a full stop. */
  readonly sentence: string
  readonly found?: string
  readonly wanted?: string
  readonly who: Who
  /** The one next step: an imperative sentence, or a command to type. */
  readonly next: string
  readonly retryable: boolean
  /** Milliseconds to wait before asking again, when the other side said so. */
  readonly retryAfter?: number
}

export interface ProblemDetails {
  readonly sentence: string
  readonly next: string
  readonly found?: string | undefined
  readonly wanted?: string | undefined
  /** Overrides the code's own answer where the case at hand knows better. */
  readonly who?: Who | undefined
  readonly retryable?: boolean | undefined
  readonly retryAfter?: number | undefined
}

export function problem(code: Code, details: ProblemDetails): Problem {
  const { found, wanted, retryAfter } = details
  return {
    code,
    sentence: details.sentence,
    who: details.who ?? CODES[code].who,
    next: details.next,
    retryable: details.retryable ?? CODES[code].retryable,
    ...(found !== undefined && { found }),
    ...(wanted !== undefined && { wanted }),
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

/** Understood, and will not: returned, never thrown. */
export class Refusal {
  readonly problem: Problem

  constructor(code: Code, details: ProblemDetails) {
    this.problem = problem(code, details)
  }
}

/** The outside world failed. `cause` is for the log only; nothing of it is shown. */
export class Failure extends Error {
  override readonly name = 'Failure'
  readonly problem: Problem

  constructor(code: Code, details: ProblemDetails, cause?: unknown) {
    super(`${code}: ${details.sentence}`, cause === undefined ? undefined : { cause })
    this.problem = problem(code, details)
  }
}
