import type { SpentTokens } from '../deploy/journal.ts'
import type { RepositorySql } from './sql.ts'

/** Ids of tokens that are good for one change, until nobody would take them any more. */
export const createSpentTokens = (sql: RepositorySql): SpentTokens => ({
  spend: (id, until, now) =>
    sql.transaction(() => {
      sql.all('delete from spent_token where until < ?', now)
      const [spent] = sql.all('select 1 from spent_token where id = ?', id)
      if (spent !== undefined) return false
      sql.all('insert into spent_token (id, until) values (?, ?)', id, until)
      return true
    }),
})
