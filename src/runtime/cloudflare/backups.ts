import { createHash } from 'node:crypto'
import { noteBackup, type Mac } from '../../store/audit.ts'
import { OPERATORS, partName, type Part } from '../../store/moving/parts.ts'
import { COMPLETE, turnName, writePartsManifest, type StoredPart } from '../../store/moving/parts-manifest.ts'
import { chunksOfBody } from '../../store/moving/sealed-part.ts'
import type { KeySource } from '../../store/vault/key-source.ts'
import { entropy } from '../entropy.ts'
import type { Log } from '../log.ts'
import { createBackupRows, type Turn } from './backup-rows.ts'
import type { DurableSql } from './durable-sql.ts'

/** What the operator's object backs up with. */
export interface BackupDoors {
  readonly sql: DurableSql
  readonly bucket: R2Bucket
  /** Complete backups that stay. */
  readonly keep: number
  readonly instance: string
  readonly source: KeySource
  readonly mac: Mac
  readonly log: Pick<Log, 'info' | 'error'>
  now(): number
  /** All that have an object. */
  accounts(): readonly number[]
  /** Of an account those that have an object. */
  repositories(account: number): Promise<readonly number[]>
  /** As `Parts.read`. */
  read(part: Part): Promise<ReadableStream<Uint8Array> | null>
}

/** Objects that are read at once: each takes two of the six connections that an invocation may have open. */
const AT_ONCE = 3
/** Parts within one alarm, which may make 1,000 requests (developers.cloudflare.com, "Workers limits"): each takes three and, where it is large, some more. */
const SLICE = 120
/** Milliseconds of one alarm's fifteen minutes. */
const LONGEST = 120_000
const TRIES = 3
const AGAIN_IN = 60_000
const LATER = 600_000
/** One that has not come to its end until then is given up for the next. */
const STALE = 20 * 3_600_000
/** Bytes: more than Cloudflare takes in one request, by which a part comes back. */
const LARGEST = 90_000_000

/** Begins one, unless one is being made or was made within the same minute. */
export function beginBackup({ sql, now, accounts, log }: Pick<BackupDoors, 'sql' | 'now' | 'accounts' | 'log'>): void {
  const rows = createBackupRows(sql)
  const found = rows.find()
  if (found !== null && now() - found.madeAt < STALE) return
  // It would change under the name of one that is whole.
  if (sql.all(`select 1 from account_audit where action = 'backup made' and subject = ?`, turnName(now())).length > 0) return
  if (found !== null) log.error({ backup: turnName(found.madeAt), missing: rows.missing().length, fix: FIX }, NOT_MADE)
  const first = [OPERATORS, ...accounts().map((id): Part => ({ kind: 'account', id }))]
  sql.transaction(() => rows.begin(now(), first))
}

/** As much of it as one alarm does. When there is more to do (milliseconds since 1970); null: not before the next one is begun. */
export async function continueBackup(doors: BackupDoors): Promise<number | null> {
  const rows = createBackupRows(doors.sql)
  const turn = rows.find()
  if (turn === null) return null
  const { now, log } = doors
  if (turn.notBefore > now()) return turn.notBefore
  const pause = (ms: number): number => {
    const until = now() + ms
    rows.pause(until)
    return until
  }
  for (let [begun, done] = [now(), 0]; done < SLICE && now() - begun < LONGEST; done += AT_ONCE) {
    const parts = rows.next(AT_ONCE, TRIES)
    if (parts.length === 0)
      return finish(doors, turn).catch((error: unknown) => {
        log.error({ backup: turnName(turn.madeAt), err: error, fix: FIX }, 'a backup could not be ended')
        return pause(LATER)
      })
    const stored = await Promise.all(parts.map((part) => storeOne(doors, turn, part)))
    if (stored.includes(false)) return pause(AGAIN_IN)
  }
  return now()
}

/** False where it has to be tried once more. */
async function storeOne(doors: BackupDoors, { madeAt }: Turn, part: Part): Promise<boolean> {
  const { sql, bucket, instance, log } = doors
  const rows = createBackupRows(sql)
  const about = { backup: turnName(madeAt), part: partName(part) }
  try {
    if (part.kind === 'account') rows.add((await doors.repositories(part.id)).map((id): Part => ({ kind: 'repository', id })))
    const stream = await doors.read(part)
    const stored = stream && (await storeStream(bucket, `${about.backup}/${about.part}`, instance, stream))
    if (stored === null) rows.gone(part)
    else if (stored !== 'too large') rows.stored(part, stored)
    else {
      rows.failed(part, TRIES)
      log.error({ ...about, largest: LARGEST, fix: FIX }, 'a part is too large to be backed up')
    }
    return true
  } catch (error) {
    rows.failed(part, 1)
    log.error({ ...about, err: error, fix: FIX }, 'a part could not be backed up')
    return false
  }
}

/** Of what goes in several pieces all but the last have this length; and what is held of a part at once, in 128 MB for all. */
const PIECE = 8 * 1024 * 1024

async function storeStream(
  bucket: R2Bucket,
  key: string,
  instance: string,
  stream: ReadableStream<Uint8Array>,
): Promise<Omit<StoredPart, 'name'> | 'too large'> {
  const [hash, about] = [createHash('sha256'), { customMetadata: { instance } }]
  let upload: R2MultipartUpload | null = null
  const uploaded: object[] = []
  let bytes = 0
  try {
    for await (const piece of inPieces(chunksOfBody(stream))) {
      hash.update(piece)
      bytes += piece.length
      if (bytes > LARGEST) {
        await upload?.abort()
        return 'too large'
      }
      if (upload === null && piece.length < PIECE) await bucket.put(key, piece, about)
      else uploaded.push(await (upload ??= await bucket.createMultipartUpload(key, about)).uploadPart(uploaded.length + 1, piece))
    }
    await upload?.complete(uploaded)
    return { bytes, hash: hash.digest('hex') }
  } catch (error) {
    await upload?.abort().catch(() => {})
    throw error
  }
}

/** All but the last have `PIECE` bytes; never none. */
async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held = new Uint8Array(64 * 1024)
  let length = 0
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      const some = chunk.subarray(from, from + PIECE - length)
      if (length + some.length > held.length) {
        const longer = new Uint8Array(Math.min(PIECE, Math.max(2 * held.length, length + some.length)))
        longer.set(held.subarray(0, length))
        held = longer
      }
      held.set(some, length)
      length += some.length
      from += some.length
      if (length < PIECE) continue
      yield held
      held = new Uint8Array(PIECE)
      length = 0
    }
  }
  if (length > 0) yield held.subarray(0, length)
}

async function finish(doors: BackupDoors, { madeAt }: Turn): Promise<null> {
  const { sql, bucket, instance, source, mac, now, log } = doors
  const rows = createBackupRows(sql)
  const [name, missing, parts] = [turnName(madeAt), rows.missing(), rows.all()]
  if (missing.length > 0) {
    sql.transaction(() => rows.end())
    log.error({ backup: name, missing: missing.length, first: missing[0], fix: FIX }, NOT_MADE)
    return null
  }
  const { text, manifest } = await writePartsManifest(source, entropy, { instance, madeAt, parts })
  await bucket.put(`${name}/${COMPLETE}`, text, { customMetadata: { instance } })
  const after = `sha256:${createHash('sha256').update(manifest).digest('hex')}`
  sql.transaction(() => {
    rows.end()
    noteBackup(sql, mac, { at: now(), action: 'backup made', subject: name, after, why: null })
  })
  const deleted = await deleteOlder(doors, name).catch((error: unknown) => (log.error({ err: error }, 'older backups could not be deleted'), 0))
  log.info({ backup: name, parts: parts.length, bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0), deleted }, 'a backup was made')
  return null
}

/** Whole ones beyond those that stay, and what was left of others. Never the one that was made just now, whatever the clock did, nor another installation's. */
async function deleteOlder({ bucket, keep, instance }: BackupDoors, made: string): Promise<number> {
  const older = (await turnsIn(bucket))
    .filter((name) => name !== made)
    .toSorted()
    .toReversed()
  const isOurs = async (key: string): Promise<boolean> => (await bucket.head(key))?.customMetadata?.['instance'] === instance
  let [whole, deleted] = [1, 0]
  for (const name of older) {
    const isWhole = await isOurs(`${name}/${COMPLETE}`)
    if (isWhole) whole += 1
    if (isWhole ? whole <= keep : name > made || !(await isOurs(`${name}/${partName(OPERATORS)}`))) continue
    await deleteTurn(bucket, name)
    deleted += 1
  }
  return deleted
}

async function turnsIn(bucket: R2Bucket): Promise<readonly string[]> {
  const found: string[] = []
  for (let cursor: string | undefined = ''; cursor !== undefined;) {
    const page: R2Objects = await bucket.list({ delimiter: '/', ...(cursor !== '' && { cursor }) })
    found.push(...page.delimitedPrefixes.map((prefix) => prefix.slice(0, -1)))
    cursor = page.cursor
  }
  return found.filter((name) => /^\d{4}-\d\d-\d\dT\d\d-\d\d$/.test(name))
}

/** What says that it is whole goes first, and what says whose it is last. */
async function deleteTurn(bucket: R2Bucket, name: string): Promise<void> {
  const last = `${name}/${partName(OPERATORS)}`
  await bucket.delete([`${name}/${COMPLETE}`])
  for (;;) {
    const { objects } = await bucket.list({ prefix: `${name}/` })
    const keys = objects.map(({ key }) => key).filter((key) => key !== last)
    if (keys.length === 0) break
    await bucket.delete(keys)
  }
  await bucket.delete([last])
}

const NOT_MADE = 'no backup was made'
const FIX = 'docs/operating.md'
