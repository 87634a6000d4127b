import { openSqlite } from '../../src/runtime/sqlite.ts'
import { Secret } from '../../src/secret.ts'
import { migrateAccounts } from '../../src/store/migrations.ts'
import { credential, vaultOver, type KeyPair } from './vault.ts'

// A process that seals everything anew while it is read, and that may be killed: PATH RECORDS KEYS [records]. It prints what it has
// done every few milliseconds: one JSON object a line, the last with `isDone`.

const PER_ACCOUNT = 1_000
const EVERY = 20 // ms between reads: 50 a second

export interface Progress {
  readonly reads: number
  readonly failed: number
  readonly records: number
  readonly slowest: number
  readonly isDone: boolean
}

const recordAt = (at: number) => credential(`c${at}`, 'password', 1 + Math.floor(at / PER_ACCOUNT))
const valueAt = (at: number) => `the secret of ${at}`

/** A database with so many secrets. */
export async function fillVault(path: string, records: number, key: KeyPair): Promise<void> {
  const sql = openSqlite(path)
  migrateAccounts(sql)
  const vault = vaultOver(sql, key)
  const accounts = new Map<number, number[]>()
  for (let at = 0; at < records; at += 1) accounts.set(recordAt(at).account, [...(accounts.get(recordAt(at).account) ?? []), at])
  await Promise.all(
    [...accounts.values()].map(async (of) => {
      for (const at of of) await vault.seal(recordAt(at), new Secret(valueAt(at)))
    }),
  )
  sql.close()
}

/** How many of them these keys do not open. */
export async function unreadable(path: string, records: number, ...keys: readonly KeyPair[]): Promise<number> {
  const sql = openSqlite(path)
  const vault = vaultOver(sql, ...keys)
  await vault.check()
  let failed = 0
  for (let at = 0; at < records; at += 1) {
    const value = await vault.open(recordAt(at)).catch(() => null)
    if (value?.reveal() !== valueAt(at)) failed += 1
  }
  sql.close()
  return failed
}

export const keysText = (...keys: readonly KeyPair[]): string => keys.map(({ id, key }) => `${id}:${key.reveal()}`).join(',')

if (import.meta.main) {
  const [path = '', records = '0', keys = '', mode] = process.argv.slice(2)
  const pairs = keys.split(',').map((pair) => ({ id: pair.split(':')[0] ?? '', key: new Secret(pair.split(':')[1] ?? '') }))
  await rotateUnderLoad(path, Number(records), pairs, mode === 'records')
}

async function rotateUnderLoad(path: string, records: number, keys: readonly KeyPair[], isNew: boolean): Promise<void> {
  const sql = openSqlite(path)
  const vault = vaultOver(sql, ...keys)
  await vault.check()
  const progress = { reads: 0, failed: 0, records: 0, slowest: 0, isDone: false }
  const say = () => process.stdout.write(`${JSON.stringify(progress)}\n`)
  const read = async () => {
    const at = Math.floor(Math.random() * records)
    const before = performance.now()
    const value = await vault.open(recordAt(at)).catch(() => null)
    progress.reads += 1
    progress.slowest = Math.max(progress.slowest, Math.round(performance.now() - before))
    if (value?.reveal() !== valueAt(at)) progress.failed += 1
    say()
  }
  const load = setInterval(() => void read(), EVERY)
  const { problems } = await vault.rotate({ records: isNew, onRecord: () => (progress.records += 1) })
  clearInterval(load)
  await read()
  progress.failed += problems.length
  progress.isDone = true
  say()
  sql.close()
}
