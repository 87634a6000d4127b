import type { Change, Ending, Journal } from '../deploy/journal.ts'
import type { Deployment, DeployRequest, EndState, State, Step, StepName } from '../deploy/deployment.ts'
import type { Observation } from '../deploy/target.ts'
import type { Plan } from '../deploy/plan.ts'
import type { Problem } from '../errors.ts'
import type { RepositorySql, Row } from './sql.ts'

const OCCUPIES = `(state in ('applying', 'observing') or (state = 'unknown' and settled_at is null))`
const LOG_LINES = 200

/** The journal over one repository's (on Node: all repositories') rows. */
export function createJournal(sql: RepositorySql): Journal {
  const one = (where: string, ...params: (string | number)[]): Deployment | null => {
    const row = sql.all<DeploymentRow>(`select * from deployment where ${where} limit 1`, ...params)[0]
    return row === undefined ? null : read(sql, row)
  }
  const many = (where: string, ...params: (string | number)[]): Deployment[] =>
    sql.all<DeploymentRow>(`select * from deployment where ${where} order by sequence`, ...params).map((row) => read(sql, row))
  const must = (id: string): Deployment => {
    const found = one('id = ?', id)
    if (found === null) throw new Error(`no deployment ${id}`)
    return found
  }

  return {
    request: (id, request, now) =>
      sql.transaction(() => {
        const inserted = sql.all(
          `insert into deployment (id, key, repository, subject, state, request, created_at) values (?, ?, ?, ?, 'requested', ?, ?)
           on conflict (key) do nothing returning id`,
          ...[id, request.key, request.repository.id, request.subject.number, JSON.stringify(request), now],
        )
        if (inserted.length > 0) sql.all('insert into announcement (key) values (?)', id)
        return { deployment: one('key = ?', request.key) as Deployment, isNew: inserted.length > 0 }
      }),
    find: (id) => one('id = ?', id),
    open: () => many('ended_at is null'),
    lastSuccess: (environment) => one(`environment = ? and state = 'success' order by sequence desc`, environment),
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
    queued: (environment) => many(`environment = ? and state = 'queued' and ended_at is null`, environment),
    turn: (environment) => {
      const id = turnOf(sql, environment)
      return id === null ? null : must(id)
    },
    occupant: (environment) => one(`environment = ? and ${OCCUPIES}`, environment),
    fence: (environment) => fenceOf(sql, environment),
    raise: (environment, fence) => {
      sql.all(
        'insert into environment (key, fence) values (?, ?) on conflict (key) do update set fence = max(fence, excluded.fence)',
        environment,
        fence,
      )
    },
    move: (id, from, to, change) => sql.transaction(() => (move(sql, id, from, to, change), must(id))),
    claim: (id, before, fence, now) =>
      sql.transaction(() => {
        const answer = claim(sql, id, before, fence, now)
        return answer === 'claimed' ? must(id) : answer
      }),
    before: (id) =>
      JSON.parse(sql.all<{ before: string | null }>('select before from deployment where id = ?', id)[0]?.before ?? '[]') as Observation[],
    end: (id, state, ending) => sql.transaction(() => (end(sql, id, state, ending), must(id))),
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

function move(sql: RepositorySql, id: string, from: State, to: State, change: Change): void {
  const plan = change.plan === undefined ? null : JSON.stringify(change.plan)
  const moved = sql.all<{ sequence: number }>(
    `update deployment set state = ?, environment = coalesce(?, environment), plan = coalesce(?, plan), plan_hash = coalesce(?, plan_hash)
     where id = ? and state = ? returning sequence`,
    ...[to, change.environment ?? null, plan, change.planHash ?? null, id, from],
  )[0]
  if (moved === undefined) throw new Error(`deployment ${id} is not in state ${from}`)
  closeStep(sql, moved.sequence, 'done', change.note ?? null, change.now)
  if (change.step !== undefined) openStep(sql, moved.sequence, change.step, change.now)
}

function claim(sql: RepositorySql, id: string, before: readonly Observation[], fence: number, now: number): 'claimed' | 'busy' | 'older' {
  const mine = sql.all<{ sequence: number; environment: string; request: string }>(
    `select sequence, environment, request from deployment where id = ? and state = 'queued'`,
    id,
  )[0]
  if (mine === undefined) throw new Error(`deployment ${id} is not queued`)
  const { sequence, environment } = mine
  if (isOvertaken(sql, environment, sequence, JSON.parse(mine.request) as DeployRequest)) return 'older'
  if (turnOf(sql, environment) !== id || fenceOf(sql, environment) !== fence) return 'busy'
  sql.all('insert into environment (key, fence) values (?, ?) on conflict (key) do update set fence = excluded.fence', environment, fence + 1)
  sql.all(`update deployment set state = 'applying', fence = ?, before = ? where id = ?`, fence + 1, JSON.stringify(before), id)
  closeStep(sql, sequence, 'done', null, now)
  openStep(sql, sequence, 'apply', now)
  return 'claimed'
}

/** By order of arrival; what was missed arrived after everything else, so that for it the time counts at which each was asked. */
function isOvertaken(sql: RepositorySql, environment: string, sequence: number, { wasMissed, receivedAt }: DeployRequest): boolean {
  const later = sql.all(
    `select 1 from deployment where environment = ?1 and state = 'success'
       and (sequence > ?2 or (?3 is not null and json_extract(request, '$.receivedAt') > ?3)) limit 1`,
    ...[environment, sequence, wasMissed === true ? receivedAt : null],
  )
  return later.length > 0
}

function end(sql: RepositorySql, id: string, state: EndState, ending: Ending): void {
  const ended = sql.all<{ sequence: number }>(
    `update deployment set state = ?, problem = ?, already_running = ?, is_quiet = ?, ended_at = ? where id = ? and ended_at is null returning sequence`,
    ...[state, ending.problem === undefined ? null : JSON.stringify(ending.problem)],
    ...[ending.alreadyRunning === true ? 1 : 0, ending.isQuiet === true ? 1 : 0, ending.now, id],
  )[0]
  if (ended === undefined) throw new Error(`deployment ${id} has ended before`)
  closeStep(sql, ended.sequence, state === 'success' || state === 'superseded' ? 'done' : 'failed', ending.note ?? null, ending.now)
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
    'select id, state from deployment where environment = ? and ended_at is null order by sequence limit 1',
    environment,
  )[0]
  return first?.state === 'queued' ? first.id : null
}

const fenceOf = (sql: RepositorySql, environment: string): number =>
  sql.all<{ fence: number }>('select fence from environment where key = ?', environment)[0]?.fence ?? 0

interface DeploymentRow extends Row {
  sequence: number
  id: string
  state: State
  environment: string | null
  request: string
  plan: string | null
  fence: number | null
  problem: string | null
  already_running: number
  is_quiet: number
  created_at: number
  ended_at: number | null
}

// Rows are written by this file alone, so their JSON is trusted to have the shape that went in.
function read(sql: RepositorySql, row: DeploymentRow): Deployment {
  return {
    id: row.id,
    sequence: row.sequence,
    request: JSON.parse(row.request) as DeployRequest,
    state: row.state,
    environment: row.environment,
    plan: row.plan === null ? null : (JSON.parse(row.plan) as Plan),
    fence: row.fence,
    steps: sql.all<StepRow>('select * from step where deployment = ? order by n', row.sequence).map(readStep),
    log: sql.all<{ line: string }>('select line from log_line where deployment = ? order by n', row.sequence).map(({ line }) => line),
    problem: row.problem === null ? null : (JSON.parse(row.problem) as Problem),
    alreadyRunning: row.already_running === 1,
    isQuiet: row.is_quiet === 1,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  }
}

interface StepRow extends Row {
  name: StepName
  started_at: number
  ended_at: number | null
  outcome: Step['outcome']
  note: string | null
}

const readStep = (row: StepRow): Step => ({
  name: row.name,
  startedAt: row.started_at,
  endedAt: row.ended_at,
  outcome: row.outcome,
  note: row.note,
})
