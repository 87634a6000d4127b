import type { AuditAction, AuditEntry } from '../deploy/audit.ts'
import type { Approval, Cancellation, Deployment, DeployRequest, Lock, Person } from '../deploy/deployment.ts'
import { shortDigest } from '../deploy/wording.ts'
import { appendRepository, type Mac } from './audit.ts'
import type { RepositorySql } from './sql.ts'

/** What the log says of each change of a repository's rows. Every method is called inside the transaction of the change. */
export interface Trail {
  requested(id: string, request: DeployRequest, now: number): void
  /** Where the configuration is another than the one that was seen last, that is told. */
  planned(deployment: Deployment, now: number): void
  approved(deployment: Deployment, word: Approval): void
  cancelled(deployment: Deployment, by: Cancellation, outcome: string): void
  ended(deployment: Deployment, now: number): void
  locked(lock: Lock): void
  /** `request`: what asked for it. */
  unlocked(lock: Lock, by: Person | null, request: string | null, now: number): void
}

export function createTrail(sql: RepositorySql, mac: Mac): Trail {
  const append = appendRepository(sql, mac)
  const about = (
    { id, request }: Pick<Deployment, 'id' | 'request'>,
    action: AuditAction,
    more: Pick<AuditEntry, 'at'> & Partial<AuditEntry>,
  ): void => append(request.repository.id, { ...NOTHING, action, subject: id, request: request.key, ...more })

  return {
    requested: (id, request, at) => about({ id, request }, 'deployment requested', { at, by: person(request.actor), after: askedWords(request) }),
    planned: ({ plan, request }, at) => {
      const blob = plan?.configuration ?? null
      const before = seenLast(sql, request.repository.id)
      if (blob === null || blob === before) return
      append(request.repository.id, {
        ...{ ...NOTHING, at, action: 'configuration changed', subject: '.github/deploy.yml', before, after: blob, request: request.key },
      })
    },
    approved: (deployment, { by, isApproval, reason: why, at, planHash: after }) =>
      about(deployment, isApproval ? 'deployment approved' : 'deployment rejected', { at, by: person(by), after, why }),
    cancelled: (deployment, { by, at, key: request }, outcome) =>
      about(deployment, 'deployment cancelled', { at, by: person(by), before: deployment.state, after: outcome, request }),
    ended: (deployment, at) => about(deployment, 'deployment ended', { at, after: endWords(deployment), why: deployment.problem?.code ?? null }),
    locked: ({ repository, environment, owner, former, since: at, until, reason: why, url: request }) =>
      append(repository.id, {
        ...{ at, by: owner === null ? null : person(owner), action: 'lock taken', subject: environment, why, request },
        ...{
          before: former === undefined ? null : former.login,
          after: until === null ? 'until it is given up' : `until ${new Date(until).toISOString()}`,
        },
      }),
    unlocked: ({ repository, environment, owner, reason: why }, by, request, at) =>
      append(repository.id, { at, by, action: 'lock given up', subject: environment, before: owner?.login ?? 'Gantry', after: null, why, request }),
  }
}

const NOTHING = { by: null, before: null, after: null, why: null } as const

const person = ({ id, login }: Person): Person => ({ id, login })

const seenLast = (sql: RepositorySql, repository: number): string | null =>
  sql.all<{ after: string }>(
    `select after from repository_audit where repository = ? and action = 'configuration changed' order by number desc limit 1`,
    repository,
  )[0]?.after ?? null

/** `comment: shop/production :1.2`, as it was asked. */
function askedWords({ door, asks }: DeployRequest): string {
  const place = [asks.app, asks.environment].filter((part) => part !== null).join('/')
  const origin =
    asks.origin === null
      ? null
      : Object.values(asks.origin)
          .filter((part) => part !== null)
          .join(' ')
  const words = [origin, place, asks.image, asks.ref, asks.override === null ? null : `override: ${asks.override}`]
  return [`${door}:`, ...words.filter((word) => word !== null && word !== '')].join(' ').slice(0, LONGEST)
}

function endWords({ state, plan }: Deployment): string {
  const images = (plan?.artifacts ?? []).map(({ name, digest }) => `${name}@${digest === null ? '?' : shortDigest(digest)}`)
  return [state, ...(plan === null ? [] : [`${plan.app}/${plan.environment}`]), ...images].join(' ').slice(0, LONGEST)
}

const LONGEST = 1_000
