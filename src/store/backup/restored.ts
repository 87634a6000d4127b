import type { Deployment } from '../../deploy/deployment.ts'
import { EVERY_ENVIRONMENT, floorOf, generationOf } from '../../deploy/fence.ts'
import { seen } from '../../deploy/seen.ts'
import { utc } from '../../deploy/wording.ts'
import { problem, type Problem } from '../../errors.ts'
import { noteBackup, noteBackupOfRepositories, type BackupEntry, type Mac } from '../audit.ts'
import { createCaughtUp } from '../caught-up.ts'
import { createJournal } from '../deployments.ts'
import type { AccountSql, RepositorySql } from '../sql.ts'

/** What is true from now on of a database that was put back. */
export interface Restored {
  readonly now: number
  readonly madeAt: number
  /** Of the fences from now on (`deploy/fence.ts`). */
  readonly generation: number
  readonly mac: Mac
  readonly entry: Pick<BackupEntry, 'subject' | 'after' | 'why'>
}

export interface Ended {
  readonly cancelled: number
  readonly unknown: number
  /** Deliveries that nobody had handled. */
  readonly deliveries: number
}

/** Nothing that had begun goes on: what may have had an effect is `unknown`, the rest `cancelled`. Inside a transaction, of which its own are parts. */
export function restoredRepositories(sql: RepositorySql, restored: Restored): Ended {
  const { now, generation, mac, entry } = restored
  noteBackupOfRepositories(sql, mac, { ...entry, at: now, action: 'backup restored' })
  const journal = createJournal(sql, mac)
  journal.raise(EVERY_ENVIRONMENT, floorOf(generation))
  const open = journal.open()
  for (const deployment of open) {
    const before = isBegun(deployment) ? seen(journal.before(deployment.id)) : null
    journal.end(deployment.id, before === null ? 'cancelled' : 'unknown', { now, problem: interrupted(deployment, before, restored) })
  }
  looksFirst(sql, now)
  const deliveries = sql.all(`update delivery set handled_at = ?, payload = '' where handled_at is null returning 1 as handled`, now).length
  const unknown = open.filter(isBegun).length
  return { cancelled: open.length - unknown, unknown, deliveries }
}

/** What GitHub could not deliver until now is not fetched back, and nobody is signed in: who has signed out since is not in the backup. Inside a transaction. */
export function restoredAccounts(sql: AccountSql, { now, mac, entry }: Restored): void {
  noteBackup(sql, mac, { ...entry, at: now, action: 'backup restored' })
  createCaughtUp(sql).isUntil(now)
  sql.all('delete from session')
}

/** Of all fences that the database knows. */
export function generationIn(sql: RepositorySql): number {
  const [row] = sql.all<{ fence: number | null }>(
    'select max(fence) as fence from (select fence from environment union all select fence from deployment)',
  )
  return generationOf(row?.fence ?? 0)
}

const isBegun = ({ fence }: Deployment): boolean => fence !== null

/** What had not been said when the backup was made may have been said since: it is looked for before it is said. */
function looksFirst(sql: RepositorySql, now: number): void {
  for (const surface of ['comment', 'check', 'deployment']) {
    sql.all(
      `insert into said (key, surface, intent, intended_at) select key, ?1, 'restored', ?2 from announcement where is_complete = 0
       on conflict (key, surface) do update set intent = excluded.intent, intended_at = excluded.intended_at where node is null`,
      ...[surface, now],
    )
  }
}

function interrupted({ plan }: Deployment, before: string | null, { madeAt }: Restored): Problem {
  const sentence = `Gantry's database was restored from a backup of ${utc(madeAt)}, when this deployment had not ended, so it was not gone on with.`
  if (before === null) return problem('RESTORED', { sentence, next: 'Ask again if it is still wanted.' })
  const next = `Type /status ${plan?.environment ?? ''} to see what runs and to free the environment, then deploy what shall run there.`
  return problem('RESTORED', { sentence, found: `last seen before it began: ${before}`, next })
}
