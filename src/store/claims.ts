import type { Synchronous } from '../deploy/awaitable.ts'
import type { Claims } from '../deploy/journal.ts'
import type { AccountSql } from './sql.ts'

/** Which environment a workload belongs to. The first to ask keeps it; asking again is answered alike. */
export function createClaims(sql: AccountSql): Synchronous<Claims> {
  return {
    claim: (target, workloads, environment, label) =>
      sql.transaction(() => {
        for (const workload of workloads) {
          const held = sql.all<{ environment: string; label: string }>(
            'select environment, label from workload_claim where target = ? and workload = ?',
            ...[target, workload],
          )[0]
          if (held !== undefined && held.environment !== environment) return { environment: held.environment, takenBy: held.label, workload }
        }
        for (const workload of workloads) {
          sql.all(
            'insert into workload_claim (target, workload, environment, label) values (?, ?, ?, ?) on conflict do nothing',
            ...[target, workload, environment, label],
          )
        }
        return null
      }),
    release: (target, workload, environment) => {
      sql.all('delete from workload_claim where target = ? and workload = ? and environment = ?', target, workload, environment)
    },
  }
}
