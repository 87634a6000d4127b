import type { EnvironmentRules, FreezeWindow, Parameter, Party, WeekMoment } from '../deploy/environment.ts'
import type { EnvironmentDocument, ParameterDocument } from './repository-schema.ts'

/** An environment as the file writes it → its rules, every one in force: what is left out is at its strictest, or off where it is a demand. */
export function rulesOf(name: string, document: EnvironmentDocument): EnvironmentRules {
  const { target, settings, url, allow, from, queue, health, after, require, verify, freeze } = document
  return {
    name,
    target,
    settings,
    url: url ?? null,
    allow: { role: allow.role, any: allow.any.map(partyOf) },
    from: { branches: from.branches ?? null, pullRequests: from.pull_requests, forks: from.forks, drafts: from.drafts },
    auto: autoOf(document),
    queue,
    health: health ?? null,
    after: after === undefined ? null : { environment: after.environment, healthyFor: after.healthy_for },
    approvals: approvalsOf(document),
    require: { checks: checksOf(require.checks), reviews: require.reviews ?? 0, upToDate: require.up_to_date, signed: require.signed },
    verify: verificationOf(verify),
    freeze: freeze.map(windowOf),
    onFailure: document.on_failure,
    parameters: Object.fromEntries(Object.entries(document.parameters).map(([key, parameter]) => [key, parameterOf(parameter)])),
  }
}

const autoOf = ({ auto }: EnvironmentDocument): EnvironmentRules['auto'] =>
  auto === undefined ? null : { push: auto.push ?? [], checks: auto.checks === 'green', package: auto.package === 'published' }

export const approvalsOf = ({ approvals }: Pick<EnvironmentDocument, 'approvals'>): EnvironmentRules['approvals'] =>
  approvals === undefined ? null : { ...approvals, by: approvals.by.map(partyOf) }

export const checksOf = (checks: EnvironmentDocument['require']['checks']): EnvironmentRules['require']['checks'] =>
  Array.isArray(checks) ? checks.map(({ name, app }) => ({ name, app: app ?? null })) : (checks ?? null)

/** Whoever names an attestation wants it to prove something. */
function verificationOf({ commit, attestation }: EnvironmentDocument['verify']): EnvironmentRules['verify'] {
  if (attestation === undefined) return { commit: commit ?? null, attestation: null }
  return { commit: commit ?? 'proved', attestation: { ...attestation, ref: attestation.ref ?? null } }
}

/** `team:acme/releasers`, `user:ada`, `app:release-bot` or `app:12345`, `workflow:release.yml` or `workflow:release.yml@release/*`, `token:ci`. */
export function partyOf(text: string): Party {
  const [, kind = '', name = ''] = /^(\w+):(.*)$/.exec(text) ?? []
  const [organisation = '', slug = ''] = name.split('/')
  if (kind === 'team') return { kind, organisation, slug }
  if (kind === 'user') return { kind, login: name }
  if (kind === 'token') return { kind, name }
  const [, file = '', ref = null] = /^([^@]*)(?:@(.+))?$/.exec(name) ?? []
  if (kind === 'workflow') return { kind, file, ref }
  return { kind: 'app', app: /^\d+$/.test(name) ? Number(name) : name }
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** `fri 15:00` */
function momentOf(text: string): WeekMoment {
  const [day = '', time = ''] = text.split(' ')
  const [hours, minutes] = time.split(':').map(Number)
  return { day: DAYS.indexOf(day), minute: (hours ?? 0) * 60 + (minutes ?? 0) }
}

export const windowOf = ({ from, to, zone }: EnvironmentDocument['freeze'][number]): FreezeWindow => ({
  from: momentOf(from),
  to: momentOf(to),
  zone,
})

export const parameterOf = (parameter: ParameterDocument): Parameter => ({
  type: parameter.type,
  of: parameter.of ?? [],
  default: parameter.default === undefined ? null : String(parameter.default),
})
