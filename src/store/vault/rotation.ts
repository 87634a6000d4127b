import { Failure, type Problem } from '../../errors.ts'
import type { AccountSql } from '../sql.ts'
import type { AccountKeys } from './account-keys.ts'
import type { Accounts } from './accounts.ts'
import type { RandomBytes } from './aes-gcm.ts'
import { keyOf, type Entry, type Inventory } from './inventory.ts'
import type { KeySource } from './key-source.ts'
import { openUnder } from './opening.ts'
import { kidIn, sealRecord, type AccountKey } from './record.ts'
import type { Change, VaultRows } from './rows.ts'

/** What a rotation works with. */
export interface RotationParts {
  readonly sql: AccountSql
  readonly rows: VaultRows
  readonly keys: AccountKeys
  readonly accounts: Accounts
  readonly source: KeySource
  readonly random: RandomBytes
}

export interface RotationOptions {
  /** New keys for the accounts too, and every record sealed anew under them. */
  readonly records?: boolean
  /** Told of each record that was sealed anew. */
  readonly onRecord?: () => void
  /** Writes down what is done to what, in the same transaction. */
  readonly note?: Note
  /** Ends it early; the next rotation goes on from there. */
  readonly signal?: AbortSignal
}

type Note = (subject: string, after: string) => void

export interface Rotation {
  /** Account keys that are wrapped by the newest key now and were not before. */
  readonly rewrapped: number
  /** Records that were sealed anew. */
  readonly records: number
  /** Keys of the source that nothing needs any more. */
  readonly unneeded: readonly string[]
  /** What cannot be read, and so keeps its old key. */
  readonly problems: readonly Problem[]
}

type Noted = RotationOptions & { readonly note: Note }

/** Records that are sealed anew in one transaction. */
const BATCH = 100

export async function rotate(parts: RotationParts, options: RotationOptions = {}): Promise<Rotation> {
  const { sql, rows, source } = parts
  const { note = () => {} } = options
  const problems: Problem[] = []
  // Written down first: after a crash this list is what is left to do.
  if (options.records === true)
    sql.transaction(() => {
      rows.retireAll()
      note('vault', 'every account is to get a new key, and each of its secrets is to be sealed anew')
    })
  const rewrapped = await rewrapAll(parts, problems, { ...options, note })
  const accounts = [...new Set(rows.retiringKeys().map(({ account }) => account))]
  let records = 0
  await each(accounts, problems, options.signal, async (account) => {
    records += await renew(account, parts, problems, { ...options, note })
  })
  const inUse = new Set(rows.keksInUse())
  const unneeded = source
    .keys()
    .slice(1)
    .map(({ id }) => id)
    .filter((id) => !inUse.has(id))
  return { rewrapped, records, unneeded, problems }
}

/** One row for each account key: cheap, however many records there are. */
async function rewrapAll({ sql, rows, keys, source }: RotationParts, problems: Problem[], { signal, note }: Noted): Promise<number> {
  const [newest] = source.keys()
  let done = 0
  await each(newest === undefined ? [] : rows.keysNotUnder(newest.id), problems, signal, async (row) => {
    const made = await keys.wrapAnew(row)
    if (made === null) return
    sql.transaction(() => {
      // The account may be gone by now.
      if (rows.key(row.account, row.kid) === null) return
      rows.putKey(made.row, made.check)
      note(`account ${row.account}`, `its key is under ${made.row.kek} now`)
      done += 1
    })
  })
  return done
}

/** Seals an account's records anew, and answers how many. Those that cannot be read keep their key. */
async function renew(account: number, parts: RotationParts, problems: Problem[], { signal, note, onRecord = () => {} }: Noted): Promise<number> {
  const broken = new Map<string, Problem>()
  let done = 0
  for (let isLast = false; !isLast;) {
    if (signal?.aborted === true) return done
    const batch = await renewBatch(account, parts, broken)
    for (let told = 0; told < batch.sealed; told += 1) onRecord()
    done += batch.sealed
    isLast = batch.isLast
  }
  problems.push(...broken.values())
  removeUnused(account, parts, note)
  return done
}

/** The next records of an account, under its current key, which is made with the first of them. */
async function renewBatch(account: number, parts: RotationParts, broken: Map<string, Problem>) {
  let did = { sealed: 0, isLast: true }
  await parts.accounts.change(account, (before) => async (key) => {
    const entries = [...before.entries.values()].filter((entry) => kidIn(entry.stamp) !== key.kid && !broken.has(keyOf(entry))).slice(0, BATCH)
    const changes = (await Promise.all(entries.map((entry) => sealedAnew(entry, before, key, parts, broken)))).filter((change) => change !== null)
    did = { sealed: changes.length, isLast: entries.length < BATCH }
    return changes
  })
  return did
}

async function sealedAnew(
  entry: Entry,
  before: Inventory,
  key: AccountKey,
  { rows, keys, random }: RotationParts,
  broken: Map<string, Problem>,
): Promise<Change | null> {
  const { version } = entry
  try {
    const value = await openUnder({ rows, keys, see: () => before }, entry)
    return value === null ? null : { record: entry, version, sealed: await sealRecord(key, entry, version, value, random) }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    broken.set(keyOf(entry), error.problem)
    return null
  }
}

function removeUnused(account: number, { sql, rows }: RotationParts, note: Note): void {
  sql.transaction(() => {
    const inUse = new Set([rows.seal(account)?.kid, ...[...rows.entries(account).values()].map(({ stamp }) => kidIn(stamp))])
    const unused = rows.keysOf(account).filter(({ kid, isRetiring }) => isRetiring && !inUse.has(kid))
    for (const { kid } of unused) rows.removeKey(account, kid)
    if (unused.length > 0) note(`account ${account}`, 'its secrets are sealed under a new key, and the one of before is destroyed')
  })
}

/** What cannot be done is noted, and does not stand in the way of the rest. */
async function each<T>(items: readonly T[], problems: Problem[], signal: AbortSignal | undefined, work: (item: T) => Promise<void>): Promise<void> {
  for (const item of items) {
    if (signal?.aborted === true) return
    await work(item).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error
      problems.push(error.problem)
    })
  }
}
