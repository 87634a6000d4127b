import { NOTHING_ASKED } from '../deploy/deployment.ts'
import type { Approval, Cancellation, Deployment, DeployRequest, State, Step, StepName, Verdict, Wait } from '../deploy/deployment.ts'
import type { EnvironmentRules } from '../deploy/environment.ts'
import type { Plan } from '../deploy/plan.ts'
import type { Problem } from '../errors.ts'
import type { RepositorySql, Row } from './sql.ts'

/** Deployments as their rows say, each read whole. `where` is SQL of this folder's own; values go in by parameters alone. */
export interface Records {
  one(where: string, ...params: (string | number)[]): Deployment | null
  /** In order of arrival. */
  many(where: string, ...params: (string | number)[]): readonly Deployment[]
  /** Newest first, so many of them. */
  newest(limit: number, where: string, ...params: (string | number)[]): readonly Deployment[]
  must(id: string): Deployment
}

export function createRecords(sql: RepositorySql): Records {
  const all = (rest: string, ...params: (string | number)[]): Deployment[] =>
    sql.all<DeploymentRow>(`select * from deployment where ${rest}`, ...params).map((row) => readRow(sql, row))
  const one: Records['one'] = (where, ...params) => all(`${where} limit 1`, ...params)[0] ?? null
  return {
    one,
    many: (where, ...params) => all(`${where} order by sequence`, ...params),
    newest: (limit, where, ...params) => all(`${where} order by sequence desc limit ?`, ...params, limit),
    must: (id) => {
      const found = one('id = ?', id)
      if (found === null) throw new Error(`no deployment ${id}`)
      return found
    },
  }
}

interface DeploymentRow extends Row {
  sequence: number
  id: string
  state: State
  environment: string | null
  request: string
  plan: string | null
  fence: number | null
  plan_hash: string | null
  rules: string | null
  wait: string | null
  verdicts: string | null
  built: string | null
  proved: string | null
  cancellation: string | null
  problem: string | null
  already_running: number
  is_quiet: number
  created_at: number
  ended_at: number | null
}

// Rows are written by `deployments.ts` alone, so their JSON is trusted to have the shape that went in.
function readRow(sql: RepositorySql, row: DeploymentRow): Deployment {
  return {
    id: row.id,
    sequence: row.sequence,
    request: requestIn(row.request),
    state: row.state,
    environment: row.environment,
    plan: json(row.plan) as Plan | null,
    planHash: row.plan_hash,
    fence: row.fence,
    rules: json(row.rules) as EnvironmentRules | null,
    wait: json(row.wait) as Wait | null,
    verdicts: (json(row.verdicts) ?? []) as Verdict[],
    built: (json(row.built) ?? {}) as Deployment['built'],
    proved: (json(row.proved) ?? {}) as Deployment['proved'],
    approvals: sql.all<ApprovalRow>('select * from approval where deployment = ? order by at', row.sequence).map((one) => approvalOf(row.id, one)),
    cancellation: json(row.cancellation) as Cancellation | null,
    steps: sql.all<StepRow>('select * from step where deployment = ? order by n', row.sequence).map(readStep),
    log: sql.all<{ line: string }>('select line from log_line where deployment = ? order by n', row.sequence).map(({ line }) => line),
    problem: json(row.problem) as Problem | null,
    alreadyRunning: row.already_running === 1,
    isQuiet: row.is_quiet === 1,
    createdAt: row.created_at,
    endedAt: row.ended_at,
  }
}

const json = (text: string | null): unknown => (text === null ? null : JSON.parse(text))

/** A request of an older version says nothing of what it could not ask. */
export function requestIn(text: string): DeployRequest {
  const request = JSON.parse(text) as DeployRequest & { readonly comment: { readonly createdAt?: number } | null }
  const askedAt = request.askedAt ?? request.comment?.createdAt ?? request.receivedAt
  return { ...request, askedAt, actor: { ...request.actor, app: request.actor.app ?? null }, asks: { ...NOTHING_ASKED, ...request.asks } }
}

interface ApprovalRow extends Row {
  person: number
  login: string
  plan_hash: string
  is_approval: number
  reason: string | null
  at: number
}

const approvalOf = (deployment: string, { person, login, plan_hash: planHash, is_approval, reason, at }: ApprovalRow): Approval => ({
  deployment,
  planHash,
  by: { id: person, login },
  isApproval: is_approval === 1,
  reason,
  at,
})

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
