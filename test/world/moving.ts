import { Secret } from '../../src/secret.ts'
import { createAnnouncements } from '../../src/store/announcements.ts'
import { createApiTokens } from '../../src/store/api-tokens.ts'
import { auditMac } from '../../src/store/audit-key.ts'
import type { Mac } from '../../src/store/audit.ts'
import { createCaughtUp } from '../../src/store/caught-up.ts'
import { createClaims } from '../../src/store/claims.ts'
import { createDeclarations } from '../../src/store/declarations.ts'
import { createJournal } from '../../src/store/deployments.ts'
import { createDrifts } from '../../src/store/drifts.ts'
import { createHeads } from '../../src/store/heads.ts'
import { createInbox } from '../../src/store/inbox.ts'
import { instanceId } from '../../src/store/instance.ts'
import { createLocks } from '../../src/store/locks.ts'
import { createRenewalRows } from '../../src/store/renewals.ts'
import { createSessions } from '../../src/store/sessions.ts'
import { createSpentTokens } from '../../src/store/spent-tokens.ts'
import type { Sql } from '../../src/store/sql.ts'
import { ADA, NOON, plan, request, rules } from '../unit/deploy/situation.ts'
import { HMAC } from './mac.ts'
import { credential, randomBytes, vaultOver, type KeyPair } from './vault.ts'

/** Two repositories of two accounts that were at work at the same time, a third that only was told of heads, and something of everything that rows can be. */
export const REPOSITORIES = [42, 43] as const
export const ACCOUNTS = [4711, 99] as const
export const LATER = NOON + 3_600_000

export async function furnishAll(sql: Sql, key: KeyPair): Promise<Mac> {
  instanceId(sql, () => 'an-installation')
  const vault = vaultOver(sql, key)
  const mac = await auditMac(vault, true, randomBytes, HMAC)
  await ofOperator(sql, vault, mac)
  for (const [at, account] of ACCOUNTS.entries()) await ofAccount(sql, vault, mac, account, at)
  // By turns, so that the order of one database is not that of its repositories.
  for (let turn = 0; turn < 3; turn += 1) for (const repository of REPOSITORIES) ofRepository(sql, mac, repository, turn)
  createHeads(sql).told(44, 3, 'c'.repeat(40), NOON)
  return mac
}

type Vault = ReturnType<typeof vaultOver>

async function ofOperator(sql: Sql, vault: Vault, mac: Mac): Promise<void> {
  await createDeclarations(vault, sql, mac).put({ account: 0, kind: 'credential', name: 'ghcr', json: '{"secret":"canary-of-the-operator"}' }, NOON)
  await vault.seal({ account: 0, kind: 'registry-token', id: 'a'.repeat(64), field: 'token' }, new Secret('["s",1,"canary-of-a-token"]'))
  createCaughtUp(sql).isUntil(NOON)
  createClaims(sql).claim('cluster', ['shop/web'], '42:shop:staging', 'acme/shop')
  createRenewalRows(sql).put({ credential: 'ecr', mintedAt: NOON, endsAt: LATER, dueAt: LATER, failures: 0 })
  createSpentTokens(sql).spend('sign-in:x', LATER, NOON)
  createInbox(sql).store([{ key: 'g:9:deleted:1', guid: 'g', event: 'installation', payload: '{}', receivedAt: NOON }])
  createInbox(sql).handled('g:9:deleted:1', NOON)
}

async function ofAccount(sql: Sql, vault: Vault, mac: Mac, account: number, at: number): Promise<void> {
  await vault.seal(credential('ghcr', 'password', account), new Secret(`canary-of-account-${account}`))
  const random = (): string => randomBytes(20).toHex()
  const scope = { repositories: null, environments: ['staging'], actions: ['deploy'] } as const
  await createApiTokens(sql, { mac, random }).make({ account, name: 'ci', ...scope, madeBy: ADA, expiresAt: LATER }, NOON + at)
  createClaims(sql).claim(`prod@${account}`, ['web'], `${REPOSITORIES[at]}:shop:production`, 'acme/shop')
  createRenewalRows(sql).put({ credential: `gar@${account}`, mintedAt: NOON, endsAt: LATER, dueAt: LATER, failures: 0 })
  createSessions(sql, { mac, random }).begin({ person: ADA, accounts: [], repositories: [] }, NOON)
}

function ofRepository(sql: Sql, mac: Mac, repository: number, turn: number): void {
  const [journal, inbox, announcements, locks] = [createJournal(sql, mac), createInbox(sql), createAnnouncements(sql), createLocks(sql, mac)]
  const now = NOON + turn * 60_000 + repository
  const where = { ...request().repository, id: repository, node: `R_${repository}`, account: repository === 42 ? 4711 : 99 }
  const key = `c:${repository}:${turn}`
  inbox.store([{ key, guid: `g-${turn}`, event: 'issue_comment', payload: '{"a":1}', receivedAt: now }])
  // The last one is not handled yet.
  if (turn < 2) inbox.handled(key, now)
  const id = `${repository.toString(36)}-${turn}`
  const environment = `${repository}:shop:staging`
  journal.request(id, request({ key: `${key}:1`, repository: where }), now)
  journal.move(id, 'requested', 'gating', { now })
  journal.move(id, 'gating', 'queued', { now, plan: plan(), environment, rules: rules(), planHash: 'hash' })
  journal.approve({ deployment: id, planHash: 'hash', by: ADA, isApproval: true, reason: null, at: now })
  journal.claim(id, [], turn, now)
  journal.log(id, `line ${turn} — of ${repository}`)
  announcements.intend(id, new Map([['comment', 'h']]), now)
  announcements.said(id, 'comment', { node: `IC_${id}`, number: 1, hash: 'h' })
  if (turn < 2) {
    journal.end(id, 'success', { now: now + 1 })
    announcements.complete(id)
  }
  const lock = locks.take(
    {
      ...{ repository: where, environment: 'staging', owner: ADA, reason: 'a look', url: null, subject: null, since: now, askedAt: now, until: null },
    },
    {},
  )
  if (lock === null) throw new Error('the lock stands')
  announcements.answer({ ...answerOf(`n:${repository}:lock:${lock.id}:kept`, now), repository: where })
  if (turn < 2) locks.release(lock.id, { by: ADA, at: now, request: null })
  createHeads(sql).told(repository, turn, 'a'.repeat(40), now)
  createDrifts(sql).noticed(environment, id, 'something', now)
  createSpentTokens(sql).spend(`${repository}:${turn}`, LATER, NOON)
  sql.all('insert into told_limit (repository, person, until) values (?, ?, ?)', repository, turn, LATER)
}

const answerOf = (key: string, createdAt: number) => ({ key, subject: { number: 7, node: 'PR_7' }, markdown: 'a word', createdAt })

/** Everything in some tables but what `without` names, as text. */
export function rowsOf(sql: Sql, tables: readonly string[], without: readonly string[] = []): readonly string[] {
  return tables.flatMap((table) =>
    sql
      .all(`select * from ${table}`)
      .map((row) =>
        JSON.stringify([
          table,
          Object.fromEntries(
            Object.entries(row)
              .filter(([column]) => !without.includes(column))
              .map(([column, value]) => [column, value instanceof Uint8Array ? [...value] : value]),
          ),
        ]),
      )
      .toSorted(),
  )
}
