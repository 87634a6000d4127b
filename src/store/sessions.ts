import type { Synchronous } from '../deploy/awaitable.ts'
import { MOST_REPOSITORIES, type Session, type Sessions } from '../deploy/session.ts'
import type { Mac } from './audit.ts'
import type { AccountSql, Row } from './sql.ts'

export interface SessionDoors {
  /** Only `of` is used, for hashes and for what is derived from a cookie: whoever has the database alone has neither. */
  readonly mac: Pick<Mac, 'of'>
  /** At least 128 random bits as `[0-9a-z]`. */
  random(): string
}

const LASTS = 8 * 3_600_000
const MOST_OF_A_PERSON = 20

/** `<person id, base 36>.<at least 256 random bits>` */
const COOKIE = /^([0-9a-z]{1,11})\.([0-9a-z]{50,128})$/

/** Rows of the person who signed in: on Workers they are in the object of the person's own account. */
export function createSessions(sql: AccountSql, { mac, random }: SessionDoors): Synchronous<Sessions> {
  // Found by the hash as a key: how far two hashes agree tells nothing of the cookie, which nobody can foresee.
  const hashOf = (cookie: string): string => mac.of(`session ${cookie}`)
  return {
    begin({ person, accounts, repositories }, now) {
      const cookie = `${person.id.toString(36)}.${random()}${random()}`
      const kept: Kept = { person, accounts, repositories: repositories.slice(0, MOST_REPOSITORIES) }
      sql.transaction(() => {
        sql.all('delete from session where until <= ?', now)
        sql.all(
          `delete from session where hash in (select hash from session where person = ? order by since desc, rowid desc limit -1 offset ?)`,
          ...[person.id, MOST_OF_A_PERSON - 1],
        )
        sql.all(
          'insert into session (hash, person, since, until, session) values (?, ?, ?, ?, ?)',
          ...[hashOf(cookie), person.id, now, now + LASTS, JSON.stringify(kept)],
        )
      })
      return cookie
    },
    find(cookie, now) {
      const [, person] = COOKIE.exec(cookie) ?? []
      if (person === undefined) return null
      const [row] = sql.all<SessionRow>('select * from session where hash = ?', hashOf(cookie))
      if (row === undefined || row.person.toString(36) !== person || row.until <= now) return null
      const { since, until, session } = row
      // Derived, so that a copy of the database holds nothing that a form would be believed for.
      return { ...(JSON.parse(session) as Kept), formToken: mac.of(`form ${cookie}`), since, until }
    },
    end: (cookie) => void sql.all('delete from session where hash = ?', hashOf(cookie)),
    endAll: (person) => void sql.all('delete from session where person = ?', person),
  }
}

type Kept = Pick<Session, 'person' | 'accounts' | 'repositories'>

interface SessionRow extends Row {
  hash: string
  person: number
  since: number
  until: number
  session: string
}
