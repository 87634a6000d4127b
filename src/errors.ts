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
  /** What an HTTP answer with this code has as its status (RFC 9110, 15). */
  readonly status: number
  /** Whether asking again later, unchanged, may succeed. */
  readonly retryable: boolean
}

const facts = (who: Who, status: number, retryable = false): CodeFacts => ({ who, status, retryable })

/** Every code Gantry can say, with who can fix it. A paragraph for each stands in `docs/troubleshooting.md` (a test holds it there). */
export const CODES = {
  // what was asked
  COMMAND_UNKNOWN: facts('requester', 404),
  COMMAND_MALFORMED: facts('requester', 400),
  OPTION_UNSUPPORTED: facts('requester', 422),
  ENVIRONMENT_UNKNOWN: facts('requester', 404),
  ENVIRONMENT_REQUIRED: facts('requester', 422),
  APP_UNKNOWN: facts('requester', 404),
  IMAGE_REQUIRED: facts('requester', 422),
  IMAGE_NOT_DECLARED: facts('requester', 422),
  REFERENCE_INVALID: facts('requester', 422),
  REF_NOT_FOUND: facts('requester', 404),
  PARAMETER_INVALID: facts('requester', 422),
  EXPECTATION_FAILED: facts('requester', 412),
  DEPLOYMENT_UNKNOWN: facts('requester', 404),
  DEPLOYMENT_AMBIGUOUS: facts('requester', 422),
  DEPLOYMENT_ENDED: facts('requester', 409),
  NOTHING_TO_REPEAT: facts('requester', 409),
  BUTTON_STALE: facts('requester', 409),
  CANCELLED: facts('requester', 409),
  RESTORED: facts('requester', 409),
  WAIT_EXPIRED: facts('requester', 409),
  // the HTTP API
  AUTHENTICATION_REQUIRED: facts('requester', 401),
  SIGN_IN_REFUSED: facts('requester', 403),
  REQUEST_FORGED: facts('requester', 403),
  REQUEST_MALFORMED: facts('requester', 400),
  REQUEST_INVALID: facts('requester', 422),
  REQUEST_TOO_LARGE: facts('requester', 413),
  CONTENT_TYPE_UNSUPPORTED: facts('requester', 415),
  ROUTE_UNKNOWN: facts('requester', 404),
  METHOD_NOT_ALLOWED: facts('requester', 405),
  REPOSITORY_UNKNOWN: facts('requester', 404),
  IDEMPOTENCY_KEY_REUSED: facts('requester', 422),
  ACCOUNT_UNKNOWN: facts('requester', 404),
  TOKEN_UNKNOWN: facts('requester', 404),
  TOKEN_EXISTS: facts('requester', 409),
  DECLARATION_UNKNOWN: facts('requester', 404),
  DECLARATION_CHANGED: facts('requester', 412),
  DECLARATION_USED: facts('requester', 409),
  DECLARATION_UNPROVED: facts('account', 409),
  MACHINE_REQUIRED: facts('account', 403),
  TOO_MANY_REQUESTS: facts('requester', 429, true),
  // the repository's configuration
  CONFIGURATION_MISSING: facts('repository', 409),
  CONFIGURATION_INVALID: facts('repository', 409),
  CONFIGURATION_UNSUPPORTED: facts('repository', 409),
  SETTINGS_INVALID: facts('repository', 409),
  // the start of the process
  SETTING_INVALID: facts('account', 500),
  OPERATOR_FILE_INVALID: facts('account', 500),
  APP_MISCONFIGURED: facts('account', 500),
  // the vault
  VAULT_KEY_MISSING: facts('account', 409),
  VAULT_KEY_WRONG: facts('account', 500),
  VAULT_RECORD_BROKEN: facts('account', 500),
  AUDIT_UNPROVED: facts('account', 500),
  // backups
  BACKUP_FAILED: facts('account', 503, true),
  BACKUP_BROKEN: facts('account', 422),
  BACKUP_REFUSED: facts('account', 409),
  // the gates
  PERMISSION_REQUIRED: facts('repository', 403),
  PERMISSION_UNREADABLE: facts('github', 503, true),
  ACTOR_CHANGED: facts('requester', 403),
  COMMENT_CHANGED: facts('requester', 409),
  HEAD_MOVED: facts('requester', 409),
  HEAD_UNPROVED: facts('requester', 409),
  HEAD_UNSETTLED: facts('github', 503, true),
  PULL_REQUEST_CLOSED: facts('requester', 409),
  PULL_REQUEST_REFUSED: facts('repository', 403),
  PULL_REQUEST_DRAFT: facts('requester', 409),
  PULL_REQUEST_BEHIND: facts('requester', 409),
  PULL_REQUEST_CONFLICTING: facts('requester', 409),
  BRANCH_REFUSED: facts('repository', 403),
  COMMIT_UNSIGNED: facts('requester', 403),
  CHECKS_FAILED: facts('requester', 409),
  CHECKS_PENDING: facts('requester', 409),
  CHECKS_UNREADABLE: facts('github', 503, true),
  REVIEW_REQUIRED: facts('requester', 409),
  OVERRIDE_REFUSED: facts('repository', 403),
  LOCKED: facts('requester', 423),
  QUEUE_FULL: facts('requester', 429, true),
  FROZEN: facts('repository', 409),
  ORDER_REQUIRED: facts('requester', 409),
  APPROVAL_REJECTED: facts('requester', 409),
  APPROVAL_NOT_ALLOWED: facts('repository', 403),
  // the commit that an image was built from
  IMAGE_COMMIT_UNKNOWN: facts('repository', 409),
  IMAGE_COMMIT_OTHER: facts('requester', 409),
  FORK_REFUSED: facts('repository', 403),
  TARGET_UNKNOWN: facts('repository', 409),
  TARGET_NOT_ALLOWED: facts('account', 403),
  WORKLOAD_CLAIMED: facts('repository', 409),
  SUPERSEDED: facts('requester', 409),
  // the registry
  CREDENTIAL_MISSING: facts('account', 409),
  CREDENTIAL_KIND_UNSUPPORTED: facts('account', 409),
  CREDENTIALS_INVALID: facts('account', 409),
  CREDENTIAL_EXPIRED: facts('account', 409),
  CREDENTIAL_LIFETIME_TOO_SHORT: facts('account', 409),
  CREDENTIAL_SOURCE_FAILED: facts('account', 502),
  PERMISSION_DENIED: facts('registry', 409),
  PUBLIC_IMAGE_BAD_CREDENTIAL: facts('account', 409),
  NETWORK_POLICY_DENIED: facts('registry', 502),
  NOT_FOUND_OR_HIDDEN: facts('requester', 404),
  REPOSITORY_NOT_FOUND: facts('requester', 404),
  TAG_NOT_FOUND: facts('requester', 404),
  MEDIA_TYPE_NOT_ACCEPTED: facts('gantry', 502),
  PLATFORM_MISSING: facts('requester', 422),
  DIGEST_MISMATCH: facts('registry', 502),
  TARGET_REGISTRY_UNSUPPORTED: facts('repository', 422),
  RATE_LIMITED: facts('account', 429, true),
  LOGIN_LOCKED: facts('account', 429),
  REGISTRY_UNAVAILABLE: facts('registry', 503, true),
  TIMEOUT: facts('registry', 504, true),
  DNS_FAILED: facts('requester', 502),
  TLS_UNTRUSTED: facts('registry', 502),
  TLS_NAME_MISMATCH: facts('registry', 502),
  TLS_EXPIRED: facts('registry', 502),
  TLS_PROTOCOL: facts('registry', 502),
  NETWORK_UNKNOWN: facts('account', 503, true),
  CLOCK_SKEW_LOCAL: facts('account', 500),
  CLOCK_SKEW_SERVER: facts('registry', 502),
  REGISTRY_REJECTS_ITS_OWN_TOKENS: facts('registry', 502),
  CHALLENGE_MISSING: facts('registry', 502),
  CHALLENGE_MALFORMED: facts('registry', 502),
  CHALLENGE_UNSUPPORTED: facts('registry', 502),
  REALM_NOT_TRUSTED: facts('account', 502),
  REALM_FORBIDDEN: facts('registry', 502),
  REDIRECT_FORBIDDEN: facts('registry', 502),
  TOKEN_RESPONSE_INVALID: facts('registry', 502),
  AUTH_ENDPOINT_BROKEN: facts('registry', 503, true),
  REGISTRY_PROTOCOL_ERROR: facts('gantry', 502),
  // the commit that an image was built from
  ATTESTATION_MISSING: facts('repository', 409),
  ATTESTATION_INVALID: facts('repository', 409),
  ATTESTATION_OTHER: facts('repository', 409),
  // the target
  IMAGE_UNUSABLE: facts('requester', 422),
  TARGET_UNAVAILABLE: facts('target', 503, true),
  TARGET_REFUSED: facts('target', 502),
  TARGET_UNHEALTHY: facts('requester', 502),
  TARGET_MOVED: facts('target', 409),
  TARGET_RUNS_OTHER: facts('target', 502),
  // GitHub and ourselves
  GITHUB_UNAVAILABLE: facts('github', 503, true),
  GITHUB_REFUSED: facts('account', 502),
  GITHUB_RATE_LIMITED: facts('github', 503, true),
  OBJECT_UNAVAILABLE: facts('gantry', 503, true),
  INTERNAL: facts('gantry', 500),
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
