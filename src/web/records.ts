import type { Account } from '../deploy/directory.ts'
import { deep, maskFor } from '../deploy/mask.ts'
import { ownRepository } from './asking.ts'
import type { Caller } from './caller.ts'
import type { Asking } from './endpoint.ts'
import { placeIn } from './places.ts'

export interface RecordsWish {
  /** One of the account's, as `owner/name`: its own log instead of the account's. */
  readonly repository: string | undefined
  readonly cursor: string | undefined
  readonly limit: number
}

/** A page of the audit log, without secrets, for whoever administers the account. `next`: the cursor of the page after it; null where there is none. */
export async function recordsOf(
  { id: account }: Pick<Account, 'id'>,
  caller: Caller,
  { repository: name, cursor, limit }: RecordsWish,
  doors: Asking,
) {
  const whose = name === undefined ? { account } : { repository: (await ownRepository(name, account, caller, doors)).id }
  const records = await doors.administration.audit(whose, placeIn(cursor), limit)
  const next = records.length < limit ? null : (records.at(-1)?.number.toString(36) ?? null)
  return { records: deep(records, maskFor(doors.mask, { account })), next }
}
