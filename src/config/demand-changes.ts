import type { PermissionChange } from '../deploy/configuration-check.ts'
import type { EnvironmentRules } from '../deploy/environment.ts'
import { visible } from '../deploy/wording.ts'
import { demandsOf, type Defaults } from './account-file.ts'
import { fields, type Comparison } from './comparison.ts'
import { ruleChanges } from './rule-changes.ts'
import { parties, role } from './who-changes.ts'

const ORDER: readonly PermissionChange['direction'][] = ['looser', 'different', 'stricter']

/** What a change of the account's defaults does to what they demand, by pattern; what gets looser first. */
export function demandChanges(before: Defaults, after: Defaults): readonly PermissionChange[] {
  const [was, is] = [rulesOf(before), rulesOf(after)]
  const all = [...new Set([...was.keys(), ...is.keys()])].flatMap((pattern) =>
    compared(was.get(pattern) ?? ANYTHING, is.get(pattern) ?? ANYTHING).map(({ direction, words }) => ({
      direction,
      sentence: `${visible(pattern)}: ${words}.`,
    })),
  )
  return all.toSorted((a, b) => ORDER.indexOf(a.direction) - ORDER.indexOf(b.direction))
}

const ANYBODY: EnvironmentRules['allow'] = { role: 'write', any: [] }

/** Rules that demand nothing more than any file of a repository does. */
const ANYTHING: EnvironmentRules = {
  ...{ name: '', target: '', settings: {}, url: null, auto: null, queue: 'all', health: null, after: null, onFailure: 'keep', parameters: {} },
  allow: ANYBODY,
  from: { branches: null, pullRequests: true, forks: true, drafts: true },
  approvals: null,
  require: { checks: null, reviews: 0, upToDate: false, signed: false },
  verify: { commit: null, attestation: null },
  freeze: [],
}

const rulesOf = (defaults: Defaults): ReadonlyMap<string, EnvironmentRules> =>
  new Map(
    defaults.map(({ pattern, demands }) => [
      pattern,
      { ...ANYTHING, ...demandsOf(demands, ANYTHING), verify: { commit: demands.verify.commit ?? null, attestation: null } },
    ]),
  )

/** Unlike a repository's list, one of the account's lets no App in. */
const allow = fields<EnvironmentRules['allow']>({ role, any: parties('deploy') })

const compared: Comparison<EnvironmentRules> = (before, after) => [
  ...allow(before.allow, after.allow),
  ...ruleChanges({ ...before, allow: ANYBODY }, { ...after, allow: ANYBODY }),
]
