import type { Door, EndState, StepName } from '../deploy/deployment.ts'
import type { Missed } from '../deploy/journal.ts'
import type { RepositorySql } from './sql.ts'

/** What has happened since the last look: the audit log and the inbox only grow, so each is read on from where it was left. */
export interface News {
  /** By which door each new deployment came. */
  readonly requested: readonly Door[]
  readonly ended: readonly Ended[]
  /** Codes of what was refused and is no deployment. */
  readonly refused: readonly string[]
  readonly deliveries: readonly { readonly event: string; readonly missed: Missed | null }[]
}

export interface Ended {
  readonly outcome: EndState
  /** Who can put right why it ended like that; null where nothing is wrong. */
  readonly who: string | null
  readonly code: string | null
  /** From the request on. */
  readonly seconds: number
  readonly steps: readonly { readonly name: StepName; readonly seconds: number }[]
}

/** Bounds one look; what is beyond is news the next time. */
const MOST = 5_000

/** From this moment on. */
export function followNews(sql: RepositorySql): () => News {
  const last = (query: string): number => sql.all<{ n: number | null }>(query)[0]?.n ?? 0
  const newestRecord = () => last('select max(number) as n from repository_audit')
  const newestDelivery = () => last('select max(sequence) as n from delivery')
  let [record, delivery] = [newestRecord(), newestDelivery()]
  return () => {
    const [toRecord, toDelivery] = [Math.min(newestRecord(), record + MOST), Math.min(newestDelivery(), delivery + MOST)]
    const rows = sql.all<RecordRow>(RECORDS, record, toRecord)
    const deliveries = sql.all<DeliveryRow>('select event, missed from delivery where sequence > ? and sequence <= ?', delivery, toDelivery)
    const news = {
      requested: rows.flatMap(({ action, door }) => (action === 'deployment requested' && door !== null ? [door] : [])),
      ended: rows.flatMap((row) => (row.action === 'deployment ended' && row.sequence !== null ? [endedOf(sql, row)] : [])),
      refused: rows.flatMap(({ action, why }) => (action === 'refused' && why !== null ? [why] : [])),
      deliveries,
    }
    ;[record, delivery] = [toRecord, toDelivery]
    return news
  }
}

const RECORDS = `select a.action, a.why, d.sequence, d.state, d.created_at, d.ended_at,
    json_extract(d.request, '$.door') as door, json_extract(d.problem, '$.who') as who
  from repository_audit a left join deployment d on d.id = a.subject
  where a.number > ? and a.number <= ? and a.action in ('deployment requested', 'deployment ended', 'refused') order by a.number`

type RecordRow = {
  action: string
  why: string | null
  sequence: number | null
  state: EndState
  created_at: number
  ended_at: number
  door: Door | null
  who: string | null
}

type DeliveryRow = { event: string; missed: Missed | null }

function endedOf(sql: RepositorySql, { sequence, state, why, who, created_at: createdAt, ended_at: endedAt }: RecordRow): Ended {
  const steps = sql.all<{ name: StepName; ms: number }>(
    'select name, ended_at - started_at as ms from step where deployment = ? and ended_at is not null order by n',
    sequence,
  )
  return {
    outcome: state,
    who,
    code: why,
    seconds: (endedAt - createdAt) / 1000,
    steps: steps.map(({ name, ms }) => ({ name, seconds: ms / 1000 })),
  }
}
