import type { Synchronous } from '../deploy/awaitable.ts'
import { API_TOKEN, type ApiToken, type ApiTokens, type WantedToken } from '../deploy/api-token.ts'
import type { AuditEntry } from '../deploy/audit.ts'
import { sha256 } from '../deploy/plan.ts'
import { Secret } from '../secret.ts'
import { appendAccount, type Mac } from './audit.ts'
import type { AccountSql, Row } from './sql.ts'

export interface ApiTokenDoors {
  readonly mac: Mac
  /** At least 128 random bits as `[0-9a-z]`. */
  random(): string
}

/** What is kept of a token is a hash of 256 random bits, which no dictionary has. */
export function createApiTokens(sql: AccountSql, { mac, random }: ApiTokenDoors): Synchronous<ApiTokens> {
  const append = appendAccount(sql, mac)
  const note = (account: number, entry: Pick<AuditEntry, 'at' | 'by' | 'action' | 'subject' | 'before' | 'after'>): void =>
    append(account, { ...entry, why: null, request: null })
  const named = (account: number, name: string): ApiTokenRow | undefined =>
    sql.all<ApiTokenRow>(`select * from api_token where account = ? and name = ? and revoked_at is null`, account, name)[0]

  return {
    async make(wanted, now) {
      const [id, key] = [random().slice(0, 10), `${random()}${random()}`]
      const hash = await sha256(key)
      const body = `gantry_${wanted.account.toString(36)}_${id}_${key}`
      const secret = new Secret(`${body}_${await checkOf(body)}`)
      const isMade = sql.transaction(() => {
        const former = named(wanted.account, wanted.name)
        if (former !== undefined && former.expires_at > now) return false
        // One that is over makes room for the next of its name.
        if (former !== undefined) sql.all('update api_token set revoked_at = ? where id = ?', now, former.id)
        insert(sql, { id, hash, wanted, now })
        note(wanted.account, {
          at: now,
          by: wanted.madeBy,
          action: 'API token made',
          subject: subjectOf(wanted),
          before: null,
          after: scopeWords(id, wanted),
        })
        return true
      })
      return isMade ? { token: { ...wanted, id, madeAt: now, lastUsedAt: null }, secret } : null
    },
    async find(secret, now) {
      const [whole = '', account = '', id = '', key = '', check = ''] = API_TOKEN.exec(secret.reveal()) ?? []
      if (whole === '' || check !== (await checkOf(whole.slice(0, -7)))) return null
      const hash = await sha256(key)
      const [row] = sql.all<ApiTokenRow>('select * from api_token where id = ?', id)
      // Hashes of secrets that nobody can foresee: how far two of them agree tells nothing of either secret.
      if (row === undefined || row.hash !== hash || row.account.toString(36) !== account) return null
      if (row.revoked_at !== null || row.expires_at <= now) return null
      noteUse(sql, row, now)
      return tokenOf(row)
    },
    list: (account) => sql.all<ApiTokenRow>('select * from api_token where account = ? and revoked_at is null order by name', account).map(tokenOf),
    revoke: (account, name, by, now) =>
      sql.transaction(() => {
        const found = named(account, name)
        if (found === undefined) return false
        sql.all('update api_token set revoked_at = ? where id = ?', now, found.id)
        note(account, { at: now, by, action: 'API token revoked', subject: subjectOf(tokenOf(found)), before: found.id, after: null })
        return true
      }),
    isRevoked: (id) => sql.all<ApiTokenRow>('select * from api_token where id = ?', id)[0]?.revoked_at !== null,
  }
}

interface ApiTokenRow extends Row {
  id: string
  account: number
  name: string
  hash: string
  scope: string
  made_by: number
  made_by_login: string
  made_at: number
  expires_at: number
  last_used_at: number | null
  revoked_at: number | null
}

type Scope = Pick<ApiToken, 'repositories' | 'environments' | 'actions'>

const tokenOf = ({ id, account, name, scope, made_by, made_by_login, made_at, expires_at, last_used_at }: ApiTokenRow): ApiToken => ({
  ...{ id, account, name, ...(JSON.parse(scope) as Scope) },
  ...{ madeBy: { id: made_by, login: made_by_login }, madeAt: made_at, expiresAt: expires_at, lastUsedAt: last_used_at },
})

function insert(sql: AccountSql, { id, hash, wanted, now }: { id: string; hash: string; wanted: WantedToken; now: number }): void {
  const { account, name, repositories, environments, actions, madeBy, expiresAt } = wanted
  const scope: Scope = { repositories, environments, actions }
  sql.all(
    `insert into api_token (id, account, name, hash, scope, made_by, made_by_login, made_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[id, account, name, hash, JSON.stringify(scope), madeBy.id, madeBy.login, now, expiresAt],
  )
}

const MINUTE = 60_000

/** Whoever looks for tokens that nobody needs wants the day; a row for each call would be a write for each read. */
function noteUse(sql: AccountSql, { id, last_used_at: last }: ApiTokenRow, now: number): void {
  if (last !== null && now - last < MINUTE) return
  try {
    sql.all('update api_token set last_used_at = ? where id = ?', now, id)
  } catch {
    // On a disk that is full: whoever looks is not kept from it by what is nice to know. Whatever changes something is told soon enough.
  }
}

const subjectOf = ({ name, account }: Pick<ApiToken, 'name' | 'account'>): string => `token ${name} of account ${account}`

const scopeWords = (id: string, { repositories, environments, actions, expiresAt }: WantedToken): string =>
  `${id}: ${actions.join(', ')} in ${repositories?.map(({ id: its, name }) => `${name} (${its})`).join(', ') ?? 'every repository'}, ${environments.join(', ')}, until ${new Date(expiresAt).toISOString()}`

const checkOf = async (body: string): Promise<string> => (await sha256(body)).slice(0, 6)
