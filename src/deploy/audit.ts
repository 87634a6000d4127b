import type { Person } from './deployment.ts'

/** Something that somebody did or was refused, for whoever has to answer for it later. Written with the change itself: both or neither. */
export interface AuditEntry {
  /** Milliseconds. */
  readonly at: number
  /** GitHub's id and the login of that moment; null: Gantry itself, or whoever has its machine. */
  readonly by: Person | null
  readonly action: AuditAction
  /** What it was done to: a deployment's id, `app/environment`, the name of a credential. */
  readonly subject: string
  /** What was there before and after, in a few words or as a fingerprint, never a secret; null where there was nothing. */
  readonly before: string | null
  readonly after: string | null
  /** In the person's own words, or a refusal's code. */
  readonly why: string | null
  /** What asked for it: a request's key, or the address of a comment; null where nobody did. */
  readonly request: string | null
}

export type AuditAction =
  | 'deployment requested'
  | 'deployment approved'
  | 'deployment rejected'
  | 'deployment cancelled'
  | 'deployment ended'
  | 'lock taken'
  | 'lock given up'
  | 'refused'
  | 'configuration changed'
  | 'operator file changed'
  | 'declaration kept'
  | 'declaration removed'
  | 'API token made'
  | 'API token revoked'
  | 'keys rotated'
  | 'secrets destroyed'
  | 'backup made'
  | 'backup restored'

/** Where refusals go that leave no other trace. */
export interface AuditLog {
  note(repository: number, entry: AuditEntry): void
}

/** The log's last record, so that it is noticed when the log is cut off before it. `number` 0: there is none. */
export interface AuditHead {
  readonly number: number
  readonly mac: string
}
