import { describe, expect, test } from 'vitest'
import { everyRules, partiesOf, type Demands, type EnvironmentRules, type Party } from '../../../src/deploy/environment.ts'
import { decide } from '../../../src/deploy/gates/index.ts'
import type { Situation } from '../../../src/deploy/gates/gate.ts'
import { HEAD, NOON, facts, proposal, pull, records, request, rules, situation } from './situation.ts'

// The account's demands beside the repository's own rules: what one of the two forbids is forbidden.

const team = (slug: string): Party => ({ kind: 'team', organisation: 'acme', slug })
const approvals = (different: Partial<NonNullable<EnvironmentRules['approvals']>> = {}): EnvironmentRules['approvals'] => ({
  ...{ count: 1, by: [], not: ['requester', 'author', 'pusher'], expire: 3_600_000 },
  ...different,
})

/** The account's demand: what it does not say is the environment's own. */
function under(own: Partial<EnvironmentRules>, ...demands: readonly Partial<Demands>[]): EnvironmentRules {
  const { allow, from, approvals: second, require, freeze } = rules(own)
  return { ...rules(own), also: demands.map((one) => ({ allow, from, approvals: second, require, freeze, ...one })) }
}

const judged = (its: EnvironmentRules, different: Partial<Situation> = {}) => decide(situation({ ...different, proposal: proposal({ rules: its }) }))

const { from, require, allow } = rules()
const FRIDAY_ON: EnvironmentRules['freeze'] = [{ from: { day: 0, minute: 0 }, to: { day: 2, minute: 0 }, zone: 'UTC' }]
const NEVER_NOW: EnvironmentRules['freeze'] = [{ from: { day: 4, minute: 0 }, to: { day: 5, minute: 0 }, zone: 'UTC' }]

describe('what is not about people', () => {
  test.each<[string, Partial<EnvironmentRules>, Partial<Demands>, Partial<Situation>, string]>([
    ['neither asks for anything', {}, {}, {}, 'allowed'],
    ['the account wants a branch that it is', {}, { from: { ...from, branches: ['main'] } }, {}, 'allowed'],
    ['the account wants another branch', {}, { from: { ...from, branches: ['release/*'] } }, {}, 'BRANCH_REFUSED'],
    [
      'both want one, and only one of them this one',
      { from: { ...from, branches: ['main'] } },
      { from: { ...from, branches: ['v1'] } },
      {},
      'BRANCH_REFUSED',
    ],
    ['both let it in', { from: { ...from, branches: ['main', 'dev'] } }, { from: { ...from, branches: ['m*'] } }, {}, 'allowed'],
    ['the account wants no pull requests', {}, { from: { ...from, pullRequests: false } }, {}, 'PULL_REQUEST_REFUSED'],
    [
      'a fork that the repository would take',
      { from: { ...from, forks: true } },
      { from },
      { facts: facts({ pull: pull({ isFork: true }) }), request: request({ asks: { ...request().asks, expect: HEAD } }) },
      'FORK_REFUSED',
    ],
    [
      'a draft that the repository would take',
      { from: { ...from, drafts: true } },
      { from },
      { facts: facts({ pull: pull({ isDraft: true }) }) },
      'PULL_REQUEST_DRAFT',
    ],
    ['the account wants reviews', {}, { require: { ...require, reviews: 1 } }, {}, 'REVIEW_REQUIRED'],
    [
      'the account wants a signature',
      {},
      { require: { ...require, signed: true } },
      { facts: facts({ commit: { sha: HEAD, tree: 't', isSigned: false, checks: [] } }) },
      'COMMIT_UNSIGNED',
    ],
    ['the account wants checks', {}, { require: { ...require, checks: 'all' } }, {}, 'CHECKS_PENDING'],
    ['the account is frozen', {}, { freeze: FRIDAY_ON }, {}, 'FROZEN'],
    ['the repository is frozen, and the account at another time', { freeze: FRIDAY_ON }, { freeze: NEVER_NOW }, {}, 'FROZEN'],
    ['two freezes, neither now', { freeze: NEVER_NOW }, { freeze: NEVER_NOW }, {}, 'allowed'],
    [
      'what the account judges has to be what the image was built from',
      {},
      { require: { ...require, signed: true } },
      { records: records({ planHash: 'h', built: { main: null } }) },
      'IMAGE_COMMIT_UNKNOWN',
    ],
  ])('%s: %s', (_, own, demands, different, expected) => {
    const decision = judged(under(own, demands), different)
    expect('refusal' in decision ? decision.refusal.problem.code : 'allowed' in decision ? 'allowed' : 'waits').toBe(expected)
  })

  test('each entry is asked', () => {
    const its = under({}, { from: { ...from, branches: ['main'] } }, { require: { ...require, reviews: 1 } })
    expect(judged(its)).toMatchObject({ refusal: { problem: { code: 'REVIEW_REQUIRED' } } })
  })
})

describe('who deploys', () => {
  const app = { id: 1001, login: 'bot[bot]', app: { id: 7, slug: 'bot' } }
  const named: EnvironmentRules['allow'] = { role: 'write', any: [{ kind: 'app', app: 7 }] }
  const members = new Map([['team:acme/releasers', [1]]])
  test.each<[string, Partial<EnvironmentRules>, Partial<Demands>, Partial<Situation>, string | null]>([
    [
      'a role that is too weak for the account',
      {},
      { allow: { role: 'maintain', any: [] } },
      {},
      "role maintain or higher on this repository (the account's defaults)",
    ],
    [
      'a role that is too weak for the repository',
      { allow: { role: 'admin', any: [] } },
      { allow: { role: 'maintain', any: [] } },
      {},
      'role admin or higher on this repository',
    ],
    [
      'somebody whom both name',
      { allow: { role: 'write', any: [{ kind: 'user', login: 'ada' }] } },
      { allow: { role: 'write', any: [team('releasers')] } },
      { facts: facts({ members }) },
      null,
    ],
    [
      'somebody whom only the repository names',
      { allow: { role: 'write', any: [{ kind: 'user', login: 'ada' }] } },
      { allow: { role: 'write', any: [team('others')] } },
      {},
      "one of team:acme/others (the account's defaults)",
    ],
    [
      'an App that the repository names, where the account names nobody',
      { allow: named },
      { allow: { ...named, role: 'maintain' } },
      { request: request({ actor: app }) },
      null,
    ],
    [
      'an App that the repository names, and the account does not',
      { allow: named },
      { allow: { role: 'write', any: [team('releasers')] } },
      { request: request({ actor: app }) },
      "one of team:acme/releasers (the account's defaults)",
    ],
    [
      'an App that only the account names',
      { allow },
      { allow: named },
      { request: request({ actor: app }) },
      'one of the programs under allow.any, where there is none yet',
    ],
  ])('%s', (_, own, demands, different, wanted) => {
    const decision = judged(under(own, demands), different)
    expect('refusal' in decision ? decision.refusal.problem : null).toEqual(
      wanted === null ? null : expect.objectContaining({ code: 'PERMISSION_REQUIRED', wanted }),
    )
  })

  test('who can put it right are those whose rule it is', () => {
    const who = (own: Partial<EnvironmentRules>, demands: Partial<Demands>) => {
      const decision = judged(under(own, demands))
      return 'refusal' in decision ? decision.refusal.problem.who : null
    }
    expect(who({}, { allow: { role: 'admin', any: [] } })).toBe('account')
    expect(who({ allow: { role: 'admin', any: [] } }, {})).toBe('repository')
    expect(who({}, { require: { ...require, reviews: 1 } })).toBe('requester')
  })
})

describe('who approves', () => {
  const LEADS = team('leads')
  const members = new Map([['team:acme/leads', [3]]])
  const roles = new Map([
    [2, 'write'],
    [3, 'write'],
  ] as const)
  const word = (id: number, login: string) => ({ deployment: 'd', planHash: 'h', by: { id, login }, isApproval: true, reason: null, at: NOON })
  const [GRACE, LEA] = [word(2, 'grace'), word(3, 'lea')]
  const after = (its: EnvironmentRules, ...words: readonly (typeof GRACE)[]) => {
    const decision = judged(its, { facts: facts({ members, roles }), records: records({ planHash: 'h', plannedAt: NOON, approvals: words }) })
    return 'wait' in decision ? decision.wait.sentence : 'refusal' in decision ? decision.refusal.problem.code : 'allowed'
  }
  const ANYBODY = 'An approval by somebody else with the role write is missing.'
  const ONE_OF_LEADS = "An approval by one of team:acme/leads is missing (the account's defaults)."

  test.each<[string, Partial<EnvironmentRules>, Partial<Demands>, readonly (typeof GRACE)[], string]>([
    [
      'only the account asks',
      {},
      { approvals: approvals() },
      [],
      "An approval by somebody else with the role write is missing (the account's defaults).",
    ],
    ['only the account asks, and somebody has', {}, { approvals: approvals() }, [GRACE], 'allowed'],
    ['only the repository asks: said once', { approvals: approvals() }, {}, [], ANYBODY],
    ['both ask, and nobody has', { approvals: approvals() }, { approvals: approvals({ by: [LEADS] }) }, [], `${ANYBODY} ${ONE_OF_LEADS}`],
    ['somebody who counts for one of them', { approvals: approvals() }, { approvals: approvals({ by: [LEADS] }) }, [GRACE], ONE_OF_LEADS],
    ['somebody who counts for both', { approvals: approvals() }, { approvals: approvals({ by: [LEADS] }) }, [LEA], 'allowed'],
    [
      'two lists',
      { approvals: approvals({ by: [{ kind: 'user', login: 'grace' }] }) },
      { approvals: approvals({ by: [LEADS] }) },
      [LEA],
      'An approval by one of user:grace is missing.',
    ],
    [
      'two lists, and one of each',
      { approvals: approvals({ by: [{ kind: 'user', login: 'grace' }] }) },
      { approvals: approvals({ by: [LEADS] }) },
      [GRACE, LEA],
      'allowed',
    ],
    [
      'the account wants more',
      { approvals: approvals() },
      { approvals: approvals({ count: 2 }) },
      [GRACE],
      "An approval by somebody else with the role write is missing (the account's defaults).",
    ],
    ['a word against it counts for both', { approvals: approvals() }, {}, [{ ...GRACE, isApproval: false }], 'APPROVAL_REJECTED'],
  ])('%s', (_, own, demands, words, expected) => expect(after(under(own, demands), ...words)).toBe(expected))

  test('the one that is given up first is looked at first', () => {
    const its = under({ approvals: approvals() }, { approvals: approvals({ expire: 60_000 }) })
    const decision = judged(its, { records: records({ planHash: 'h', plannedAt: NOON }) })
    expect(decision).toMatchObject({ wait: { until: NOON + 60_000, sentence: ANYBODY } })
  })
})

test('/why tells which of the two says what', () => {
  const { verdicts } = judged(under({ from: { ...from, branches: ['main'] } }, { from: { ...from, branches: ['v1'] } }))
  expect(verdicts.find(({ gate }) => gate === 'branch')).toMatchObject({ outcome: 'refused' })
  const passed = judged(under({}, { from: { ...from, branches: ['main'] } })).verdicts.find(({ gate }) => gate === 'branch')
  expect(passed).toEqual({ gate: 'branch', outcome: 'passed', sentence: "a pull request for main may be deployed here (the account's defaults)" })
})

test('the teams of both are asked about', () => {
  const its = under(
    { allow: { role: 'write', any: [team('a')] } },
    { allow: { role: 'write', any: [team('b')] }, approvals: approvals({ by: [team('c')] }) },
  )
  expect(partiesOf(its)).toEqual([team('a'), team('b'), team('c')])
})

test('rules that were stored before there were account defaults are rules all the same', () => {
  expect(everyRules(JSON.parse(JSON.stringify(rules())))).toEqual([rules()])
})
