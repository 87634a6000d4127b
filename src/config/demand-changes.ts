import type { PermissionChange } from '../deploy/configuration-check.ts'
import { isProgram, partyName, type EnvironmentRules, type Party } from '../deploy/environment.ts'
import { visible } from '../deploy/wording.ts'
import { demandsOf, type Defaults } from './account-file.ts'
import { byName, fields, looser, stricter, texts, type Comparison } from './comparison.ts'
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

/** Unlike a repository's list, one of the account's lets no program in that the repository's own does not name. */
const allow = fields<EnvironmentRules['allow']>({
  role,
  any: (before, after) => [
    ...parties('deploy', 'the role')(before, after),
    ...(before.length === 0 || after.length === 0 ? [] : programsKept(before, after)),
  ],
})

const programsKept: Comparison<EnvironmentRules['allow']['any']> = (before, after) =>
  byName(programsAmong(before), programsAmong(after), {
    comes: (name) => looser(`${visible(name)} may deploy where the repository's file names it`),
    goes: (name) => stricter(`${visible(name)} may no longer deploy, though the repository's file names it`),
  })

const programsAmong = (parties: readonly Party[]): ReadonlyMap<string, string> => texts(parties.filter(isProgram).map((party) => partyName(party)))

const compared: Comparison<EnvironmentRules> = (before, after) => [
  ...allow(before.allow, after.allow),
  ...ruleChanges(besides(before), besides(after)),
]

const besides = (rules: EnvironmentRules) => ({ rules: { ...rules, allow: ANYBODY }, images: new Map() })
