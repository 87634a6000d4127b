import { join } from 'node:path'
import { openSecrets, type Secrets } from '../assemble.ts'
import type { Settings } from '../settings.ts'
import { readAuditMac } from '../store/audit-key.ts'
import { createDeclarations } from '../store/declarations.ts'
import { migrateRepositories } from '../store/migrations.ts'
import type { AccountSql } from '../store/sql.ts'
import { localKeys } from '../store/vault/local-keys.ts'
import { createVault } from '../store/vault.ts'
import { entropy } from './entropy.ts'
import { openStopped } from './keys.ts'
import { hmac } from './mac.ts'
import { readSqlite } from './sqlite.ts'

type Where = Pick<Settings, 'data' | 'keys'>

/** The secrets of a Gantry that does not run: nothing is made where there is no database yet but that. Throws a `Failure`. */
export async function withWritable<T>(settings: Where, work: (secrets: Secrets) => Promise<T>): Promise<T> {
  const sql = openStopped(join(settings.data, 'gantry.db'))
  try {
    migrateRepositories(sql)
    return await work(await openSecrets(settings, { accounts: sql, entropy, hmac }))
  } finally {
    sql.close()
  }
}

/** Beside a Gantry that runs, to look only. Throws a `Failure`. */
export async function withReadable<T>({ data, keys }: Where, work: (secrets: Secrets) => Promise<T>): Promise<T> {
  const sql = readSqlite(join(data, 'gantry.db'))
  try {
    return await work(await secretsIn(sql, { keys }))
  } finally {
    sql.close()
  }
}

/** Of a database that is only looked at. Throws a `Failure`. */
export async function secretsIn(sql: AccountSql, { keys }: Pick<Settings, 'keys'>): Promise<Secrets> {
  const vault = createVault(sql, localKeys(keys, entropy), entropy)
  const mac = await readAuditMac(vault, hmac)
  return { vault, mac, declarations: createDeclarations(vault, sql, mac) }
}
