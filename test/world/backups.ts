import { DatabaseSync } from 'node:sqlite'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha256Hash } from '../../src/runtime/backup.ts'
import { openSqlite, readSqlite, rewriteSqlite } from '../../src/runtime/sqlite.ts'
import { Secret } from '../../src/secret.ts'
import { auditMac } from '../../src/store/audit-key.ts'
import { canonicalHash } from '../../src/store/backup/canonical.ts'
import { createJournal } from '../../src/store/deployments.ts'
import { createInbox } from '../../src/store/inbox.ts'
import { instanceId } from '../../src/store/instance.ts'
import { migrateAccounts, migrateRepositories } from '../../src/store/migrations.ts'
import { NOON, plan, request, rules } from '../unit/deploy/situation.ts'
import { GantryProcess } from './gantry-process.ts'
import { HMAC } from './mac.ts'
import type { Stage } from './stage.ts'
import { credential, randomBytes, vaultOver, type KeyPair } from './vault.ts'

/** The data folder of an installation with a key: so many deployments that succeeded, and one in each state that a restore ends. */
export async function furnish(data: string, key: KeyPair, deployments = 3): Promise<void> {
  const sql = openSqlite(join(data, 'gantry.db'))
  migrateRepositories(sql)
  migrateAccounts(sql)
  instanceId(sql, () => randomBytes(20).toHex())
  const vault = vaultOver(sql, key)
  const mac = await auditMac(vault, true, randomBytes, HMAC)
  await vault.seal(credential('ghcr'), new Secret('canary-of-the-vault'))
  sql.close()
  rewriteSqlite(join(data, 'gantry.db'), (all) => {
    const journal = createJournal(all, mac)
    for (let at = 0; at < deployments; at += 1) {
      claimed(journal, `done-${at}`)
      for (let line = 0; line < LOG_LINES; line += 1) journal.log(`done-${at}`, `line ${line} of what the target said`)
      journal.end(`done-${at}`, 'success', { now: NOON })
    }
    journal.request('asked', request({ key: 'key of asked' }), NOON)
    claimed(journal, 'applying')
    createInbox(all).store([{ key: 'c:42:1', guid: 'g', event: 'issue_comment', payload: '{}', receivedAt: NOON }])
  })
}

const LOG_LINES = 10

function claimed(journal: ReturnType<typeof createJournal>, id: string): void {
  const environment = `42:shop:${id}`
  journal.request(id, request({ key: `key of ${id}` }), NOON)
  journal.move(id, 'requested', 'gating', { now: NOON })
  journal.move(id, 'gating', 'queued', { now: NOON, plan: plan(), environment, rules: rules(), planHash: 'hash' })
  journal.claim(id, [], 0, NOON)
}

/** The canonical hash of a database in a file, and everything else that must not change where nothing may. */
export function stateOf(data: string): { readonly hash: string | null; readonly bytes: string | null } {
  const path = join(data, 'gantry.db')
  if (!existsSync(path)) return { hash: null, bytes: null }
  const bytes = sha256Hash()
  bytes.update(readFileSync(path).toString('latin1'))
  return { hash: contentOf(path), bytes: bytes.digest() }
}

export function contentOf(path: string): string {
  const sql = readSqlite(path)
  try {
    return canonicalHash(sql, sha256Hash()).hash
  } finally {
    sql.close()
  }
}

/** Writes into the database of a furnished folder without closing it: what it wrote stays in its `-wal`. */
export function writerOf(data: string): DatabaseSync {
  const database = new DatabaseSync(join(data, 'gantry.db'), { timeout: 5_000 })
  database.exec('PRAGMA wal_autocheckpoint = 0')
  return database
}

/** `gantry WORDS…` beside the stage's own process, as people type it. */
export async function types(stage: Stage, environment: Readonly<Record<string, string>>, ...words: string[]) {
  const typed = new GantryProcess({ folder: stage.folder, words, environment: { ...environment, GANTRY_BACKUPS: 'off' } })
  return { code: await typed.ended, output: typed.output }
}
