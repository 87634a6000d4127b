import type { Secret } from '../secret.ts'
import type { Awaitable } from './awaitable.ts'
import type { Person } from './deployment.ts'
import type { Source } from './source.ts'

/** What somebody with an API token may do: look; deploy, roll back, cancel; keep credentials and targets. */
export const ACTIONS = ['read', 'deploy', 'configure'] as const
export type Action = (typeof ACTIONS)[number]

/** A token for programs that an administrator of an account has made. What it may deploy is said by the rules that name it, within what it was made for. */
export interface ApiToken {
  /** Of all accounts only this one has it, for good. */
  readonly id: string
  /** GitHub's id of the account whose repositories it is for. */
  readonly account: number
  /** What the rules call it: `token:NAME`. Of the account's valid ones only this one has it. */
  readonly name: string
  /** By GitHub's ids, with the names of then; null: all of the account's. */
  readonly repositories: readonly { readonly id: number; readonly name: string }[] | null
  /** Patterns (`matches`) for the environments that it may deploy to. */
  readonly environments: readonly string[]
  readonly actions: readonly Action[]
  readonly madeBy: Person
  /** Milliseconds since 1970, as everywhere below. */
  readonly madeAt: number
  readonly expiresAt: number
  /** To the minute; null: never. */
  readonly lastUsedAt: number | null
}

export type WantedToken = Omit<ApiToken, 'id' | 'madeAt' | 'lastUsedAt'>

/** Kept where the account is, which may be somewhere else. */
export interface ApiTokens {
  /** `secret` is shown once and kept nowhere. Null where the account has a valid one of this name. */
  make(wanted: WantedToken, now: number): Promise<{ readonly token: ApiToken; readonly secret: Secret } | null>
  /** Null for every text that is no valid token now, for whatever reason. */
  find(secret: Secret, now: number): Promise<ApiToken | null>
  /** Those that are not revoked, by name; those that are over, too. */
  list(account: number): Awaitable<readonly ApiToken[]>
  /** From then on it is none. False where the account has none of this name. */
  revoke(account: number, name: string, by: Person, now: number): Awaitable<boolean>
  /** `account`: whose it is; left out where a record of an older version does not say it. */
  isRevoked(id: string, account: number | undefined): Awaitable<boolean>
}

/** `gantry_`, the account in base 36, the token's id, at least 256 secret bits, and six digits that tell a slip of the pen from a guess. */
export const API_TOKEN = /^gantry_([0-9a-z]{1,11})_([0-9a-z]{10})_([0-9a-z]{50,128})_([0-9a-f]{6})$/

/** Rights are those of now, too: behind a token that was revoked there is nobody any more. That it is over meanwhile does not matter. */
export const withoutRevoked = (source: Source, { isRevoked }: Pick<ApiTokens, 'isRevoked'>): Source => ({
  look: async (request, besides) => {
    const facts = await source.look(request, besides)
    const { program } = request.actor
    const isNobody = program?.kind === 'token' && (await isRevoked(program.id, request.repository.account))
    return isNobody ? { ...facts, actor: { ...facts.actor, id: null } } : facts
  },
})
