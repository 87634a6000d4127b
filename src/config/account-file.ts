import { matches, type Demands, type EnvironmentRules } from '../deploy/environment.ts'
import type { Problem } from '../errors.ts'
import { accountSchema, type DemandsDocument } from './account-schema.ts'
import { approvalsOf, checksOf, partyOf, windowOf } from './environment-rules.ts'
import { codeOf, problemOf, type Finding } from './finding.ts'
import { checkShape, findingAt } from './shape.ts'
import { readYaml, type Yaml } from './yaml.ts'

/** What an account demands of every repository's environments, in the order of its file. */
export type Defaults = readonly Entry[]

interface Entry {
  /** For `matches`. */
  readonly pattern: string
  readonly demands: DemandsDocument
}

const FILE = ".github/deploy-defaults.yml of the account's .github repository"

/**
 * The account's defaults → what they demand, or the first problem. Values are not repeated: the file may be of a private repository, and
 * the problem is said in a public one.
 */
export function readDefaults(text: string): { readonly defaults: Defaults } | { readonly problem: Problem } {
  const { defaults, findings } = interpretDefaults(text, false)
  const problem = problemOf(findings, codeOf, FILE)
  return problem === null ? { defaults } : { problem: { ...problem, sentence: `In ${FILE}: ${problem.sentence}`, who: 'account' } }
}

export interface DefaultsRead {
  /** Empty where there are findings. */
  readonly defaults: Defaults
  readonly findings: readonly Finding[]
}

export function interpretDefaults(text: string, repeats: boolean): DefaultsRead {
  const yaml = readYaml(text, repeats)
  if ('findings' in yaml) return { defaults: [], findings: yaml.findings }
  const shape = checkShape(yaml, accountSchema)
  if ('findings' in shape) return { defaults: [], findings: shape.findings }
  const entries = Object.entries(shape.value.environments).map(([pattern, demands]) => ({ pattern, demands }))
  const findings = entries.flatMap((entry) => impossible(entry, yaml))
  return { defaults: findings.length > 0 ? [] : entries, findings }
}

/** What is right key by key, and nothing could ever meet. */
function impossible({ pattern, demands: { freeze = [], require, from } }: Entry, yaml: Yaml): Finding[] {
  const empty = freeze.flatMap((window, index) => (window.from === window.to ? [['freeze', index, 'to'] as const] : []))
  const findings = empty.map((at) => sayAt(pattern, at, 'another moment than from', yaml))
  if (require.reviews !== undefined && from.pull_requests === false)
    findings.push(sayAt(pattern, ['require', 'reviews'], 'left out, or from.pull_requests left out: reviews belong to pull requests', yaml))
  return findings
}

function sayAt(pattern: string, at: readonly (string | number)[], wanted: string, yaml: Yaml): Finding {
  const path = ['environments', pattern, ...at]
  return findingAt(yaml.valueAt(path), path, wanted)
}

/**
 * The rules of one environment with everything that the account demands of it. One verification of the image is made, so that the
 * stricter one is; everything else is judged beside the environment's own rules.
 */
export function tightened(own: EnvironmentRules, defaults: Defaults): EnvironmentRules {
  const entries = defaults.filter(({ pattern }) => matches(pattern, own.name)).map(({ demands }) => demands)
  if (entries.length === 0) return own
  const commit = strictest([own.verify.commit, ...entries.map(({ verify }) => verify.commit ?? null)])
  return { ...own, verify: { ...own.verify, commit }, also: entries.map((demands) => demandsOf(demands, own)) }
}

type Proof = EnvironmentRules['verify']['commit']
const PROOFS: readonly Proof[] = [null, 'claimed', 'proved']
const strictest = (all: readonly Proof[]): Proof => PROOFS.findLast((proof) => all.includes(proof)) ?? null

/** What an entry leaves out is the environment's own, so that it refuses nothing more: an App that the repository names is still named. */
export function demandsOf({ allow, from, approvals, require, freeze }: DemandsDocument, own: EnvironmentRules): Demands {
  return {
    allow: { role: allow.role ?? own.allow.role, any: allow.any?.map(partyOf) ?? own.allow.any },
    from: {
      branches: from.branches ?? own.from.branches,
      pullRequests: own.from.pullRequests && from.pull_requests !== false,
      forks: own.from.forks && from.forks !== false,
      drafts: own.from.drafts && from.drafts !== false,
    },
    approvals: approvalsOf({ approvals }) ?? own.approvals,
    require: {
      checks: checksOf(require.checks) ?? own.require.checks,
      reviews: require.reviews ?? own.require.reviews,
      upToDate: own.require.upToDate || require.up_to_date,
      signed: own.require.signed || require.signed,
    },
    freeze: freeze?.map(windowOf) ?? own.freeze,
  }
}
