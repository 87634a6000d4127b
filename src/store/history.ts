import type { EndState } from '../deploy/deployment.ts'
import type { Ended } from '../deploy/figures.ts'
import type { History } from '../deploy/journal.ts'
import { createRecords } from './records.ts'
import type { RepositorySql, Row } from './sql.ts'

/** Rows that one page looks at: whoever may only look must not keep everything else waiting while nothing fits. */
const LOOKED_AT = 2_000

/** A repository's deployments, page by page. */
export function createHistory(sql: RepositorySql): History {
  const records = createRecords(sql)
  return {
    page({ repository, environment, state, before }, limit) {
      const some = [repository, before ?? Number.MAX_SAFE_INTEGER, LOOKED_AT]
      const newest = `select sequence, environment, state, is_quiet from deployment where repository = ? and sequence < ? order by sequence desc limit ?`
      const wanted: [where: string, ...values: (string | number)[]][] = [['is_quiet = 0']]
      // The end of its key, whatever the app: no name has a colon.
      if (environment !== null) wanted.push([`substr(environment, -length(?) - 1) = ':' || ?`, environment, environment])
      if (state !== null) wanted.push(['state = ?', state])
      const where = `sequence in (select sequence from (${newest}) where ${wanted.map(([one]) => one).join(' and ')})`
      const found = records.newest(limit + 1, where, ...some, ...wanted.flatMap(([, ...values]) => values))
      const deployments = found.slice(0, limit)
      if (found.length > limit) return { deployments, next: deployments.at(-1)?.sequence ?? null }
      const [seen] = sql.all<{ n: number; last: number | null }>(`select count(*) as n, min(sequence) as last from (${newest})`, ...some)
      return { deployments, next: seen?.n === LOOKED_AT ? seen.last : null }
    },
    ended: (environment, limit) =>
      sql
        .all<EndedRow>(
          `select id, state, created_at, ended_at, already_running, json_extract(request, '$.asks.origin.kind') as origin,
             json_extract(plan, '$.commit') as judged
           from deployment where environment = ? and ended_at is not null and is_quiet = 0 order by sequence desc limit ?`,
          environment,
          limit,
        )
        .map(endedOf),
  }
}

interface EndedRow extends Row {
  id: string
  state: EndState
  created_at: number
  ended_at: number
  already_running: number
  origin: string | null
  judged: string | null
}

const endedOf = ({ id, state, created_at, ended_at, already_running, origin, judged }: EndedRow): Ended => ({
  ...{ id, state, startedAt: created_at, endedAt: ended_at },
  ...{ isRollback: origin === 'rollback', alreadyRunning: already_running === 1, commit: judged },
})
