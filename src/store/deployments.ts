import type { Change, Ending, Journal } from '../deploy/journal.ts'
import { hasEnded } from '../deploy/deployment.ts'
import type { Approval, Cancellation, Deployment, DeployRequest, EndState, State, Step, StepName } from '../deploy/deployment.ts'
import { EVERY_ENVIRONMENT } from '../deploy/fence.ts'
import type { Observation } from '../deploy/target.ts'
import type { Problem } from '../errors.ts'
import { createRecords, requestIn, type Records } from './records.ts'
import type { Mac } from './audit.ts'
import { OCCUPIES } from './occupied.ts'
import type { RepositorySql } from './sql.ts'
import { createTrail, type Trail } from './trail.ts'

const LOG_LINES = 200
/** In the column of those that nobody asked for on a thread: GitHub counts issues from 1. */
const NO_SUBJECT = 0

/** The journal over one repository's (on Node: all repositories') rows. */
export function createJournal(sql: RepositorySql, mac: Mac): Journal {
  const records = createRecords(sql)
  return { ...lookups(sql, records), ...changes(sql, records, createTrail(sql, mac)) }
}

type Lookups =
  | 'find'
  | 'open'
  | 'lastSuccess'
  | 'successes'
  | 'succeeded'
  | 'recent'
  | 'newer'
  | 'twin'
  | 'asked'
  | 'crowd'
  | 'crowdOf'
  | 'ahead'
  | 'queued'
  | 'turn'
  | 'occupant'
  | 'fence'
  | 'before'
  | 'restoring'

function lookups(sql: RepositorySql, { one, many, newest, must }: Records): Pick<Journal, Lookups> {
  return {
    find: (id) => one('id = ?', id),
    asked: (key) => one('key = ?', key),
    open: () => many('ended_at is null'),
    lastSuccess: (environment) => one(`environment = ? and state = 'success' order by fence desc`, environment),
    successes: (after, limit) =>
      many(
        // SQLite takes the bare column from the row that has the maximum.
        `sequence in (select sequence from (
           select sequence, max(fence) from deployment where state = 'success' and environment > ? group by environment order by environment limit ?))`,
        after,
        limit,
      ).toSorted((a, b) => ((a.environment ?? '') < (b.environment ?? '') ? -1 : 1)),
    succeeded: (environment, limit) =>
      newest(limit, `environment = ? and state = 'success'`, environment).toSorted((a, b) => (b.fence ?? 0) - (a.fence ?? 0)),
    recent: (of, limit) =>
      'environment' in of
        ? newest(limit, 'environment = ?', of.environment)
        : newest(limit, 'repository = ? and subject = ? and is_quiet = 0', of.repository, of.subject),
    newer: (environment, sequence) =>
      one(`environment = ? and sequence > ? and ended_at is null and state in ('waiting', 'queued') order by sequence desc`, environment, sequence),
    twin: (id) =>
      one(
        `sequence = (
           select old.sequence from deployment me
             join deployment old on old.environment = me.environment and old.plan_hash = me.plan_hash and old.sequence < me.sequence
           where me.id = ?1 and old.ended_at is null and not exists (
             select 1 from deployment other
             where other.sequence > old.sequence and other.sequence < me.sequence and other.plan_hash is not me.plan_hash
               and (other.environment = me.environment or (other.environment is null and other.repository = me.repository))
               and (other.ended_at is null or other.state = 'success'))
           order by old.sequence limit 1)`,
        id,
      ),
    crowd: (repository) =>
      sql.all<{ n: number }>(
        'select count(*) as n from deployment where ended_at is null and repository = ? and environment is not null',
        repository,
      )[0]?.n ?? 0,
    crowdOf: (account) =>
      sql.all<{ n: number }>(
        // By the index of this expression.
        `select count(*) as n from deployment where ended_at is null and json_extract(request, '$.repository.account') = ? and environment is not null`,
        account,
      )[0]?.n ?? 0,
    ahead: (id) =>
      sql.all<{ n: number }>(
        `select count(*) as n from deployment old join deployment me on old.repository = me.repository and old.sequence < me.sequence
         where me.id = ? and old.ended_at is null`,
        id,
      )[0]?.n ?? 0,
    queued: (environment) => many(`environment = ? and state = 'queued' and ended_at is null`, environment),
    turn: (environment) => {
      const id = turnOf(sql, environment)
      return id === null ? null : must(id)
    },
    occupant: (environment) => one(`environment = ? and ${OCCUPIES}`, environment),
    fence: (environment) => fenceOf(sql, environment),
    restoring: (id) => {
      const fence = sql.all<{ restore_fence: number | null }>('select restore_fence from deployment where id = ?', id)[0]?.restore_fence
      return fence == null ? null : { fence }
    },
    before: (id) =>
      JSON.parse(sql.all<{ before: string | null }>('select before from deployment where id = ?', id)[0]?.before ?? '[]') as Observation[],
  }
}

function changes(sql: RepositorySql, { one, must }: Records, trail: Trail): Omit<Journal, Lookups> {
  return {
    request: (id, request, now) =>
      sql.transaction(() => {
        const inserted = sql.all(
          `insert into deployment (id, key, repository, subject, state, request, created_at) values (?, ?, ?, ?, 'requested', ?, ?)
           on conflict (key) do nothing returning id`,
          ...[id, request.key, request.repository.id, request.subject?.number ?? NO_SUBJECT, JSON.stringify(request), now],
        )
        if (inserted.length > 0) {
          sql.all('insert into announcement (key) values (?)', id)
          trail.requested(id, request, now)
        }
        return { deployment: one('key = ?', request.key) as Deployment, isNew: inserted.length > 0 }
      }),
    raise: (environment, fence) => raise(sql, environment, fence),
    move: (id, from, to, change) =>
      sql.transaction(() => {
        move(sql, id, from, to, change)
        const moved = must(id)
        if (change.plan !== undefined) trail.planned(moved, change.now)
        return moved
      }),
    wait: (id, from, wait, change) =>
      sql.transaction(() => {
        if (from === 'waiting') sql.all(`update deployment set verdicts = coalesce(?, verdicts) where id = ?`, jsonOr(change.verdicts), id)
        else move(sql, id, from, 'waiting', change)
        sql.all('update deployment set wait = ? where id = ?', JSON.stringify(wait), id)
        return must(id)
      }),
    approve: (word) => sql.transaction(() => approve(sql, word) && trail.approved(must(word.deployment), word)),
    cancel: (id, cancellation) =>
      sql.transaction(() => {
        const before = must(id)
        const outcome = cancel(sql, before, cancellation)
        if (outcome !== 'ended') trail.cancelled(before, cancellation, outcome)
        if (outcome === 'cancelled') trail.ended(must(id), cancellation.at)
        return outcome
      }),
    restore: (id, why, now) => sql.transaction(() => (restore(sql, must(id), why, now), must(id))),
    claim: (id, before, fence, now) =>
      sql.transaction(() => {
        const answer = claim(sql, id, before, fence, now)
        return answer === 'claimed' ? must(id) : answer
      }),
    end: (id, state, ending) =>
      sql.transaction(() => {
        end(sql, id, state, ending)
        const ended = must(id)
        trail.ended(ended, ending.now)
        return ended
      }),
    settle: (environment, now) => {
      sql.all(`update deployment set settled_at = ? where environment = ? and state = 'unknown' and ${OCCUPIES}`, now, environment)
    },
    log: (id, line) => {
      sql.all(
        `insert into log_line (deployment, n, line)
         select d.sequence, count(l.n), ? from deployment d left join log_line l on l.deployment = d.sequence where d.id = ? having count(l.n) < ?`,
        ...[line, id, LOG_LINES],
      )
    },
  }
}

/** False where a later word of the same person stands. */
function approve(sql: RepositorySql, { deployment, planHash, by, isApproval, reason, at }: Approval): boolean {
  const written = sql.all(
    `insert into approval (deployment, person, login, plan_hash, is_approval, reason, at)
     select sequence, ?, ?, ?, ?, ?, ? from deployment where id = ?
     on conflict (deployment, person) do update set login = excluded.login, plan_hash = excluded.plan_hash,
       is_approval = excluded.is_approval, reason = excluded.reason, at = excluded.at where excluded.at >= at
     returning 1 as written`,
    ...[by.id, by.login, planHash, isApproval ? 1 : 0, reason, at, deployment],
  )
  return written.length > 0
}

function move(sql: RepositorySql, id: string, from: State, to: State, change: Change): void {
  const plan = change.plan === undefined ? null : JSON.stringify(change.plan)
  const moved = sql.all<{ sequence: number }>(
    `update deployment set state = ?, environment = coalesce(?, environment), plan = coalesce(?, plan), plan_hash = coalesce(?, plan_hash),
       rules = coalesce(?, rules), verdicts = coalesce(?, verdicts), built = coalesce(?, built),
       proved = coalesce(?, proved), wait = null
     where id = ? and state = ? returning sequence`,
    ...[to, change.environment ?? null, plan, change.planHash ?? null],
    ...[jsonOr(change.rules), jsonOr(change.verdicts), jsonOr(change.built), jsonOr(change.proved), id, from],
  )[0]
  if (moved === undefined) throw new Error(`deployment ${id} is not in state ${from}`)
  closeStep(sql, moved.sequence, 'done', change.note ?? null, change.now)
  if (change.step !== undefined) openStep(sql, moved.sequence, change.step, change.now)
}

const jsonOr = (value: object | undefined): string | null => (value === undefined ? null : JSON.stringify(value))

/** Where nothing has begun it ends here and now; where it has, whoever applies it is asked to stop. */
function cancel(sql: RepositorySql, { id, state, cancellation: before }: Deployment, by: Cancellation): ReturnType<Journal['cancel']> {
  if (hasEnded(state)) return 'ended'
  if (state === 'observing' || state === 'restoring') return 'too late'
  if (before === null) sql.all('update deployment set cancellation = ? where id = ?', JSON.stringify(by), id)
  if (state === 'applying') return 'asked'
  end(sql, id, 'cancelled', { now: by.at })
  return 'cancelled'
}

function restore(sql: RepositorySql, { id, state, sequence, environment }: Deployment, why: Problem, now: number): void {
  if (environment === null || (state !== 'applying' && state !== 'observing')) throw new Error(`deployment ${id} has changed nothing`)
  const fence = fenceOf(sql, environment) + 1
  sql.all('insert into environment (key, fence) values (?, ?) on conflict (key) do update set fence = excluded.fence', environment, fence)
  sql.all(`update deployment set state = 'restoring', restore_fence = ?, problem = ? where id = ?`, fence, JSON.stringify(why), id)
  closeStep(sql, sequence, 'failed', null, now)
  openStep(sql, sequence, 'restore', now)
}

function claim(sql: RepositorySql, id: string, before: readonly Observation[], fence: number, now: number): 'claimed' | 'busy' | 'older' {
  const mine = sql.all<{ sequence: number; environment: string; request: string }>(
    `select sequence, environment, request from deployment where id = ? and state = 'queued'`,
    id,
  )[0]
  if (mine === undefined) throw new Error(`deployment ${id} is not queued`)
  const { sequence, environment } = mine
  if (isOvertaken(sql, environment, sequence, requestIn(mine.request))) return 'older'
  if (turnOf(sql, environment) !== id || fenceOf(sql, environment) !== fence) return 'busy'
  sql.all('insert into environment (key, fence) values (?, ?) on conflict (key) do update set fence = excluded.fence', environment, fence + 1)
  sql.all(`update deployment set state = 'applying', fence = ?, before = ? where id = ?`, fence + 1, JSON.stringify(before), id)
  closeStep(sql, sequence, 'done', null, now)
  openStep(sql, sequence, 'apply', now)
  return 'claimed'
}

/**
 * By order of arrival. What was missed arrived after everything else, so that between it and others GitHub's word counts on when each was asked,
 * which is whole seconds; within one of them its comments, which it numbers in their order, and where one of the two is none nobody is the later one.
 */
function isOvertaken(sql: RepositorySql, environment: string, sequence: number, { wasMissed, askedAt, comment, asks }: DeployRequest): boolean {
  if (asks.allowOlder) return false
  const later = sql.all(
    `with other as (
       select sequence, json_extract(request, '$.wasMissed') as missed, json_extract(request, '$.comment.id') as comment,
         coalesce(json_extract(request, '$.askedAt'), json_extract(request, '$.receivedAt')) / 1000 as second
       from deployment where environment = ?1 and state = 'success')
     select 1 from other
     where case when ?3 or missed then second > ?4 or (second = ?4 and comment > ?5) else sequence > ?2 end limit 1`,
    ...[environment, sequence, wasMissed === true ? 1 : 0, Math.floor(askedAt / 1000), comment?.id ?? null],
  )
  return later.length > 0
}

function end(sql: RepositorySql, id: string, state: EndState, ending: Ending): void {
  const ended = sql.all<{ sequence: number }>(
    `update deployment set state = ?, problem = ?, already_running = ?, is_quiet = ?, verdicts = coalesce(?, verdicts), wait = null, ended_at = ?
     where id = ? and ended_at is null returning sequence`,
    ...[state, jsonOr(ending.problem), ending.alreadyRunning === true ? 1 : 0, ending.isQuiet === true ? 1 : 0],
    ...[jsonOr(ending.verdicts), ending.now, id],
  )[0]
  if (ended === undefined) throw new Error(`deployment ${id} has ended before`)
  closeStep(
    sql,
    ended.sequence,
    ending.isStepDone === true || state === 'success' || state === 'superseded' ? 'done' : 'failed',
    ending.note ?? null,
    ending.now,
  )
}

function openStep(sql: RepositorySql, sequence: number, name: StepName, now: number): void {
  sql.all(
    'insert into step (deployment, n, name, started_at) select ?1, coalesce(max(n), 0) + 1, ?2, ?3 from step where deployment = ?1',
    ...[sequence, name, now],
  )
}

function closeStep(sql: RepositorySql, sequence: number, outcome: Step['outcome'], note: string | null, now: number): void {
  sql.all(
    'update step set ended_at = ?, outcome = ?, note = coalesce(?, note) where deployment = ? and ended_at is null',
    now,
    outcome,
    note,
    sequence,
  )
}

function turnOf(sql: RepositorySql, environment: string): string | null {
  if (sql.all(`select 1 from deployment where environment = ? and ${OCCUPIES}`, environment).length > 0) return null
  const first = sql.all<{ id: string; state: State }>(
    `select id, state from deployment where environment = ? and ended_at is null and state <> 'waiting' order by sequence limit 1`,
    environment,
  )[0]
  return first?.state === 'queued' ? first.id : null
}

function raise(sql: RepositorySql, environment: string, fence: number): void {
  sql.all(
    'insert into environment (key, fence) values (?, ?) on conflict (key) do update set fence = max(fence, excluded.fence)',
    ...[environment, fence],
  )
}

const fenceOf = (sql: RepositorySql, environment: string): number =>
  sql.all<{ fence: number | null }>('select max(fence) as fence from environment where key in (?, ?)', environment, EVERY_ENVIRONMENT)[0]?.fence ?? 0
