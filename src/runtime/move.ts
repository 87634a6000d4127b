import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Failure } from '../errors.ts'
import { readAuditMac } from '../store/audit-key.ts'
import { macUnder, type Mac } from '../store/audit.ts'
import { generationIn, type Ended } from '../store/backup/restored.ts'
import type { Manifest } from '../store/backup/manifest.ts'
import { unreadableSecrets } from '../store/backup/findings.ts'
import { migrateAccounts, migrateRepositories } from '../store/migrations.ts'
import { openArrivals } from '../store/moving/arriving.ts'
import { chainsOf, linesOf, type About, type Chain } from '../store/moving/leaving.ts'
import { indexForParts, partName, partsOf, type Part } from '../store/moving/parts.ts'
import { chunksOfBody, openPart, sealPart } from '../store/moving/sealed-part.ts'
import { settle } from '../store/moving/settling.ts'
import type { Sql } from '../store/sql.ts'
import { dropKeptTokens } from '../store/tokens.ts'
import { localKeys } from '../store/vault/local-keys.ts'
import { createVault } from '../store/vault.ts'
import { sealDatabase, type Place } from './backup.ts'
import { entropy, newId } from './entropy.ts'
import { hmac } from './mac.ts'
import type { OtherInstallation } from './operator-client.ts'
import { openSqlite } from './sqlite.ts'

/** Between one database and an installation that has its parts in objects (Workers), in both directions. */

export interface Sending {
  readonly place: Pick<Place, 'keys'>
  /** A copy that nobody else uses: it is changed. */
  readonly database: string
  /** For one sealed part after the other. */
  readonly folder: string
  /** When the database was as it is in the copy. */
  readonly madeAt: number
  readonly other: OtherInstallation
  readonly instead: boolean
  /** An audit log that was changed is taken along, with a word of that before it. */
  readonly anyway: boolean
  /** The generation of fences that was seen elsewhere: at targets, or in a restore. */
  readonly generation: number
  readonly tell: (part: string, at: number, of: number) => void
}

export interface Sent extends Ended {
  readonly parts: number
  /** What was wrong before: secrets that nobody can read, a log that was changed. */
  readonly findings: readonly string[]
}

/** Throws BACKUP_REFUSED where something is there already or a log was changed, what the other installation says, and what a vault without its keys does. */
export async function sendAll({ place, database, folder, madeAt, other, instead, anyway, generation: seen, tell }: Sending): Promise<Sent> {
  const source = localKeys(place.keys, entropy)
  const sql = openSqlite(database)
  try {
    const vault = createVault(sql, source, entropy)
    await vault.check()
    const audit = chainsOf(sql, macsOf(await readAuditMac(vault, hmac)))
    const wrong = findingsIn(audit)
    if (!anyway) refuseBroken(wrong)
    const unreadable = (await unreadableSecrets(sql, vault)).map(({ sentence }) => sentence)
    await dropKeptTokens(vault)
    const [parts, generation] = [partsOf(sql), 1 + Math.max(seen, generationIn(sql))]
    sql.transaction(() => indexForParts(sql))
    const about = { instance: instanceIn(sql), madeAt }
    let sent: Sent = { parts: parts.length, findings: [...unreadable, ...wrong], cancelled: 0, unknown: 0, deliveries: 0 }
    for (const [at, part] of parts.entries()) {
      const file = join(folder, 'part.sealed')
      const lines = linesOf(sql, { part, from: 'whole', generation, audit, nonce: newId() })
      await pipeline(Readable.from(sealPart(source, entropy, { ...about, part: partName(part) }, lines)), createWriteStream(file, { mode: 0o600 }))
      const { cancelled, unknown, deliveries } = await other.write(part, file, instead)
      await rm(file)
      sent = { ...sent, cancelled: sent.cancelled + cancelled, unknown: sent.unknown + unknown, deliveries: sent.deliveries + deliveries }
      tell(partName(part), at + 1, parts.length)
    }
    return sent
  } finally {
    sql.close()
  }
}

export interface Fetching {
  readonly place: Pick<Place, 'keys'>
  readonly other: Pick<OtherInstallation, 'list' | 'read'>
  /** That nobody else uses: a database is put together in it. */
  readonly folder: string
  readonly to: string
  readonly now: number
  readonly anyway: boolean
}

/** All parts of an installation as an ordinary backup. Throws like `sendAll`, and BACKUP_BROKEN. */
export async function fetchBackup({
  place,
  other,
  folder,
  to,
  now,
  anyway,
}: Fetching): Promise<{ readonly manifest: Manifest; readonly findings: readonly string[] }> {
  const source = localKeys(place.keys, entropy)
  const database = join(folder, 'whole.db')
  const sql = openSqlite(database)
  try {
    migrateRepositories(sql)
    migrateAccounts(sql)
    const nonce = newId()
    const arrivals = openArrivals(sql, nonce)
    const parts: About[] = []
    for (const part of await other.list()) parts.push(await arrivals.take(part, await linesFrom(other, part, source)))
    const wrong = [...new Set(parts.flatMap(({ part, audit }) => findingsIn(audit).map((finding) => `${part}: ${finding}`)))]
    if (!anyway) refuseBroken(wrong)
    const mac = await readAuditMac(createVault(arrivals.vault, source, entropy), hmac)
    sql.transaction(() => settle(sql, { nonce, now, mac, parts }))
    const vault = createVault(sql, source, entropy)
    await vault.check()
    await dropKeptTokens(vault)
    const findings = [...(await unreadableSecrets(sql, vault)).map(({ sentence }) => sentence), ...wrong]
    return { manifest: await sealDatabase(database, folder, place, to, now), findings }
  } finally {
    sql.close()
  }
}

async function linesFrom(other: Fetching['other'], part: Part, source: ReturnType<typeof localKeys>): Promise<AsyncIterable<string>> {
  return (await openPart(source, chunksOfBody(await other.read(part)))).lines
}

const macsOf = (mac: Mac): readonly Mac[] => [mac, macUnder(hmac, null)]

const instanceIn = (sql: Sql): string => {
  const [found] = sql.all<{ id: string }>('select id from instance')
  if (found !== undefined) return found.id
  throw new Failure('BACKUP_REFUSED', {
    sentence: 'Gantry has never started with this database, so it is no installation yet that could be moved.',
    next: 'Begin anew over there, or start Gantry here once and ask again.',
  })
}

function findingsIn({ repository_audit: repositories, account_audit: accounts }: About['audit']): readonly string[] {
  const said = (what: string, { finding }: Chain): readonly string[] => (finding === null ? [] : [`The audit log of ${what}: ${finding}`])
  return [...said('repositories', repositories), ...said('accounts', accounts)]
}

/** What moves is chained anew: afterwards nobody could see that something had been changed before. */
function refuseBroken([first, ...more]: readonly string[]): void {
  if (first === undefined) return
  throw new Failure('BACKUP_REFUSED', {
    sentence: 'An audit log is not as it was written, and moving writes it anew.',
    found: more.length === 0 ? first : `${first} And ${more.length} more.`,
    wanted: 'logs that verify: gantry audit verify',
    next: 'Find out why, and keep a copy of it as it is. To move it all the same, with a record of that before it, add --anyway.',
  })
}
