import type { History } from '../deploy/journal.ts'
import { createRecords } from './records.ts'
import type { RepositorySql } from './sql.ts'

/** A repository's deployments, page by page. */
export function createHistory(sql: RepositorySql): History {
  const records = createRecords(sql)
  return {
    page({ repository, environment, state, before }, limit) {
      const wanted: [where: string, ...values: (string | number)[]][] = [['repository = ? and is_quiet = 0', repository]]
      // The end of its key, whatever the app: no name has a colon.
      if (environment !== null) wanted.push([`substr(environment, -length(?) - 1) = ':' || ?`, environment, environment])
      if (state !== null) wanted.push(['state = ?', state])
      if (before !== null) wanted.push(['sequence < ?', before])
      return records.newest(limit, wanted.map(([where]) => where).join(' and '), ...wanted.flatMap(([, ...values]) => values))
    },
  }
}
