import { Secret } from '../secret.ts'
import type { Doors } from './doors.ts'
import type { Scope } from './scope.ts'

/** A bearer token. Opaque: of a JWT only how long it lives is read, and only where the server does not say it. */
export interface Token {
  readonly key: string
  readonly value: Secret
  /** By `Doors.now`: when it was asked for, and until when it is used. Before 0 where an earlier process asked. */
  readonly askedAt: number
  readonly usableUntil: number
  /** Milliseconds, as the server says. */
  readonly lifetime: number
  /** What it was asked for; the server may have granted less. */
  readonly scopes: readonly Scope[]
  /** The token server's own clock then; NaN where it does not say. */
  readonly serverDate: number
}

/** Keeps tokens, and what clouds minted, for longer than a process lives. Its methods never throw: what cannot be kept or found is asked for again. */
export interface TokenStore {
  find(key: string): Promise<Secret | null>
  keep(key: string, token: KeptToken): Promise<void>
  drop(key: string): Promise<void>
}

export interface KeptToken {
  /** The fingerprint of what it was asked for with: a credential, or all that a cloud was given. */
  readonly source: string
  /** By the wall clock, milliseconds since 1970: from then on it is worth nothing. */
  readonly until: number
  /** For `find`. */
  readonly value: Secret
}

/** As it is kept: by the wall clock, because the monotonic one begins anew with the process. */
export function keptToken({ value, askedAt, usableUntil, lifetime, serverDate }: Token, source: string, doors: Doors): KeptToken {
  const toWall = doors.date() - doors.now()
  const until = usableUntil + toWall
  return { source, until, value: new Secret(JSON.stringify([value.reveal(), askedAt + toWall, until, lifetime, serverDate])) }
}

/** Null where its time is over. Never longer than it lives in all, whatever became of the clock. */
export function tokenIn(kept: Secret, of: Pick<Token, 'key' | 'scopes'>, doors: Doors): Token | null {
  const [value, askedAt, until, lifetime, serverDate] = JSON.parse(kept.reveal()) as [string, number, number, number, number | null]
  const toMonotonic = doors.now() - doors.date()
  const usableUntil = Math.min(until + toMonotonic, doors.now() + lifetime)
  if (usableUntil <= doors.now()) return null
  return { ...of, value: new Secret(value), askedAt: askedAt + toMonotonic, usableUntil, lifetime, serverDate: serverDate ?? Number.NaN }
}
