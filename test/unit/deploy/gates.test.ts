import { describe, expect, test } from 'vitest'
import { decide, gates } from '../../../src/deploy/gates/index.ts'
import type { Situation } from '../../../src/deploy/gates/gate.ts'
import { ROLES, type EnvironmentRules, type Role } from '../../../src/deploy/environment.ts'
import type { Proposal } from '../../../src/deploy/proposal.ts'
import type { Code, Problem } from '../../../src/errors.ts'
import {
  ADA,
  HEAD,
  IMAGE,
  NOON,
  OTHER,
  asks,
  bound,
  facts,
  idleTarget,
  plan,
  placed,
  proposal,
  pull,
  records,
  request,
  rules,
  situation,
} from './situation.ts'

const refusalOf = (different: Partial<Situation>): Problem | null => {
  const decision = decide(situation(different))
  return 'refusal' in decision ? decision.refusal.problem : null
}

/** Settings, as a target with the guarded key `volumes` sees them, and the patterns that bound them. */
const having = (settings: Proposal['settings'], patterns: ReadonlyMap<string, string>): Partial<Situation> => ({
  proposal: proposal({ settings, placed: placed({ target: idleTarget({ guarded: ['volumes'] }), bounds: [bound({ settings: patterns })] }) }),
})

const label = { door: 'label', comment: null, headSeen: HEAD } as const
const onIssue = { pull: null, ref: { name: 'main', commit: HEAD } }
const from = (different: Partial<EnvironmentRules['from']>) => ({ proposal: proposal({ rules: rules({ from: { ...rules().from, ...different } }) }) })
const someone = (role: Role, id: number | null = ADA.id) => ({ actor: { id, login: 'ada', role } })

test('where everything is in order each gate says why it lets pass', () => {
  expect(decide(situation())).toEqual({
    allowed: true,
    verdicts: [
      ['person', 'ada has the role write'],
      ['comment', 'the comment stands as it was written'],
      ['pull request', 'the pull request is open'],
      ['mergeable', 'the pull request could be merged'],
      ['head commit', 'the head is older than the comment'],
      ['bounds of the target', 'target cluster is allowed to this repository for staging'],
    ].map(([gate, sentence]) => ({ gate, outcome: 'passed', sentence })),
  })
})

const upToDate = { proposal: proposal({ rules: rules({ require: { ...rules().require, upToDate: true } }) }) }
const told = (head: string, at: number) => records({ told: { head, at } })
const retry = { kind: 'retry', of: null } as const

describe('let pass', () => {
  const cases: [string, Partial<Situation>][] = [
    ['a label on the head that it was put on', { request: request(label), facts: facts({ comment: 'none' }) }],
    ['a plain issue', { facts: facts(onIssue) }],
    ['a named ref, wherever the head is', { request: request({ asks: asks({ ref: 'main' }) }), facts: facts({ pull: pull({ headSince: null }) }) }],
    ['a fork, where the configuration allows forks', { facts: facts({ pull: pull({ isFork: true }) }), ...from({ forks: true }) }],
    ['an issue, where pull requests are not deployed', { facts: facts(onIssue), ...from({ pullRequests: false }) }],
    ['a draft, where the configuration allows drafts', { ...from({ drafts: true }), facts: facts({ pull: pull({ isDraft: true }) }) }],
    [
      'a named ref, on a draft',
      { request: request({ asks: asks({ ref: 'main' }) }), facts: facts({ pull: pull({ isDraft: true, merge: 'conflicting' }) }) },
    ],
    ['a branch that lags behind, where nothing forbids it', { facts: facts({ pull: pull({ behind: 9, merge: 'unknown' }) }) }],
    ['a branch with everything', { ...upToDate, facts: facts({ pull: pull({ behind: 0 }) }) }],
    ['a pull request for a branch that fits', { ...from({ branches: ['next', 'ma*'] }) }],
    ['a default branch that fits, on an issue', { ...from({ branches: ['main'] }), facts: facts(onIssue) }],
    [
      'a commit named whole, on a fork',
      {
        ...from({ forks: true }),
        request: request({ asks: asks({ expect: HEAD }) }),
        facts: facts({ pull: pull({ isFork: true, headSince: null }) }),
      },
    ],
    ['a commit named whole, whatever a webhook told', { request: request({ asks: asks({ expect: HEAD }) }), records: told(OTHER, NOON) }],
    ['a webhook that told the same head', { records: told(HEAD, NOON) }],
    ['a head that came after what a webhook told', { records: told(OTHER, NOON - 120_000) }],
    ['a plan that was settled after what a webhook told', { plan: plan(), records: told(OTHER, NOON - 120_000) }],
    ['the same head at the recheck, however young', { plan: plan(), facts: facts({ pull: pull({ headSince: NOON + 1 }) }) }],
    [
      'a second entry for the repository that fits',
      { proposal: proposal({ placed: placed({ bounds: [bound({ environments: ['production'] }), bound()] }) }) },
    ],
    ['a setting inside its pattern', { proposal: proposal({ placed: placed({ bounds: [bound({ settings: new Map([['path', '/srv/*']]) })] }) }) }],
    [
      'the person alone, while nothing is proposed',
      { proposal: null, facts: facts({ pull: pull({ state: 'closed', head: OTHER, headSince: null }) }) },
    ],
  ]
  test.each(cases)('%s', (_, different) => expect(refusalOf(different)).toBeNull())
})

describe('refused', () => {
  const within = (different: Parameters<typeof bound>[0]) => ({ proposal: proposal({ placed: placed({ bounds: [bound(different)] }) }) })
  const settings = new Map([['path', '/srv/*']])
  const cases: [string, Code, Partial<Situation>][] = [
    ['a login that somebody else has now', 'ACTOR_CHANGED', { facts: facts(someone('admin', 99)) }],
    ['a login that nobody has any more', 'ACTOR_CHANGED', { facts: facts(someone('none', null)) }],
    ['an edited comment', 'COMMENT_CHANGED', { facts: facts({ comment: 'edited' }) }],
    ['a deleted comment', 'COMMENT_CHANGED', { facts: facts({ comment: 'deleted' }) }],
    ['an edited comment, before the configuration is read', 'COMMENT_CHANGED', { proposal: null, facts: facts({ comment: 'edited' }) }],
    ['a closed pull request', 'PULL_REQUEST_CLOSED', { facts: facts({ pull: pull({ state: 'closed' }) }) }],
    ['a merged pull request', 'PULL_REQUEST_CLOSED', { facts: facts({ pull: pull({ state: 'merged' }) }) }],
    ['a closed one, whatever its head', 'PULL_REQUEST_CLOSED', { facts: facts({ pull: pull({ state: 'closed', headSince: null }) }) }],
    ['a pull request, where only issues are deployed', 'PULL_REQUEST_REFUSED', from({ pullRequests: false })],
    ['a fork', 'FORK_REFUSED', { facts: facts({ pull: pull({ isFork: true }) }) }],
    ['a fork, rather than the head that nobody can prove there', 'FORK_REFUSED', { facts: facts({ pull: pull({ isFork: true, headSince: null }) }) }],
    ['a push after the comment', 'HEAD_MOVED', { facts: facts({ pull: pull({ headSince: NOON + 1_000 }) }) }],
    ['a push in the same second as the comment', 'HEAD_MOVED', { facts: facts({ pull: pull({ headSince: NOON }) }) }],
    ['a head whose time nothing proves', 'HEAD_UNPROVED', { facts: facts({ pull: pull({ headSince: null }) }) }],
    ['a push after the label', 'HEAD_MOVED', { request: request(label), facts: facts({ comment: 'none', pull: pull({ head: OTHER }) }) }],
    ['a draft', 'PULL_REQUEST_DRAFT', { facts: facts({ pull: pull({ isDraft: true }) }) }],
    ['a conflict', 'PULL_REQUEST_CONFLICTING', { facts: facts({ pull: pull({ merge: 'conflicting' }) }) }],
    ['a branch that lags behind', 'PULL_REQUEST_BEHIND', { ...upToDate, facts: facts({ pull: pull({ behind: 2 }) }) }],
    ['a branch of which nobody knows whether it does', 'PULL_REQUEST_BEHIND', { ...upToDate, facts: facts({ pull: pull({ behind: null }) }) }],
    ['a pull request for another branch', 'BRANCH_REFUSED', { ...from({ branches: ['main'] }), facts: facts({ pull: pull({ base: 'next' }) }) }],
    [
      'a fork whose branch has the right name',
      'BRANCH_REFUSED',
      { ...from({ branches: ['main'], forks: true }), facts: facts({ pull: pull({ branch: 'main', base: 'next', isFork: true }) }) },
    ],
    ['another default branch, on an issue', 'BRANCH_REFUSED', { ...from({ branches: ['release/*'] }), facts: facts(onIssue) }],
    [
      'a ref on a pull request that would be right',
      'BRANCH_REFUSED',
      { ...from({ branches: ['main'] }), request: request({ asks: asks({ ref: 'wip' }) }), facts: facts({ ref: { name: 'wip', commit: OTHER } }) },
    ],
    [
      'another try of a plan whose commit is no longer the branch’s',
      'BRANCH_REFUSED',
      {
        ...from({ branches: ['main'] }),
        request: request({ asks: asks({ origin: retry }) }),
        facts: facts({ pull: null, ref: { name: 'main', commit: OTHER } }),
      },
    ],
    [
      'another try on a pull request that has moved on',
      'BRANCH_REFUSED',
      { ...from({ branches: ['main'] }), request: request({ asks: asks({ origin: retry }) }), facts: facts({ pull: pull({ head: OTHER }) }) },
    ],
    [
      'a digest that was named, which proves no head',
      'HEAD_UNPROVED',
      { request: request({ asks: asks({ expect: `sha256:${'0'.repeat(64)}` }) }), facts: facts({ pull: pull({ headSince: null }) }) },
    ],
    [
      'another try after a push',
      'HEAD_MOVED',
      { request: request({ asks: asks({ origin: retry }) }), facts: facts({ pull: pull({ head: OTHER }) }) },
    ],
    ['a head that a webhook told otherwise', 'HEAD_UNSETTLED', { records: told(OTHER, NOON) }],
    [
      'a head that a webhook told otherwise, after the label',
      'HEAD_UNSETTLED',
      { request: request(label), facts: facts({ comment: 'none' }), records: told(OTHER, NOON) },
    ],
    ['a push that a webhook told of after the plan', 'HEAD_MOVED', { plan: plan(), records: told(OTHER, NOON + 700) }],
    ['a push that a webhook told of, without asking GitHub', 'HEAD_MOVED', { plan: plan(), facts: null, records: told(OTHER, NOON + 700) }],
    [
      'a push to a named commit, after the plan',
      'HEAD_MOVED',
      { plan: plan(), request: request({ asks: asks({ expect: HEAD }) }), facts: facts({ pull: pull({ head: OTHER }) }) },
    ],
    ['a push between plan and effect', 'HEAD_MOVED', { plan: plan(), facts: facts({ pull: pull({ head: OTHER, headSince: NOON - 60_000 }) }) }],
    ['a target without any entry', 'TARGET_NOT_ALLOWED', { proposal: proposal({ placed: placed({ bounds: [] }) }) }],
    ['a repository of another id, whatever it is called', 'TARGET_NOT_ALLOWED', within({ repositoryId: 43 })],
    ['a repository that belongs to another account by now', 'TARGET_NOT_ALLOWED', within({ owner: 'others' })],
    ['an environment outside the pattern', 'TARGET_NOT_ALLOWED', within({ environments: ['preview-*'] })],
    ['an image outside the patterns', 'TARGET_NOT_ALLOWED', within({ images: ['ghcr.io/other/*', 'docker.io/acme/*'] })],
    ['an image whose name only begins alike', 'TARGET_NOT_ALLOWED', within({ images: ['ghcr.io/acme'] })],
    [
      'a setting outside its pattern',
      'TARGET_NOT_ALLOWED',
      { proposal: proposal({ settings: { path: '/etc' }, placed: placed({ bounds: [bound({ settings })] }) }) },
    ],
    [
      'a setting that climbs out',
      'TARGET_NOT_ALLOWED',
      { proposal: proposal({ settings: { path: '/srv/..' }, placed: placed({ bounds: [bound({ settings })] }) }) },
    ],
    ['a bounded setting left out', 'TARGET_NOT_ALLOWED', { proposal: proposal({ settings: {}, placed: placed({ bounds: [bound({ settings })] }) }) }],
    ['a bounded setting that is no text', 'TARGET_NOT_ALLOWED', having({ path: 7 }, settings)],
    ['a list with one text outside the pattern', 'TARGET_NOT_ALLOWED', having({ path: ['/srv/a', '/etc'] }, settings)],
    ['a list with something that is no text', 'TARGET_NOT_ALLOWED', having({ path: ['/srv/a', {}] }, settings)],
    ['a guarded setting that no pattern speaks of', 'TARGET_NOT_ALLOWED', having({ path: '/srv/a', volumes: ['data:/data'] }, settings)],
    [
      'no entry that allows all of it at once',
      'TARGET_NOT_ALLOWED',
      { proposal: proposal({ placed: placed({ bounds: [bound({ environments: ['other'] }), bound({ images: ['ghcr.io/x/*'] })] }) }) },
    ],
  ]
  test.each(cases)('%s', (_, code, different) => {
    const problem = refusalOf(different)
    expect(problem?.code).toBe(code)
    expect(problem?.sentence).toMatch(/^\S.*[^.]\.$/s)
    expect(problem?.next).toMatch(/^[A-Z].*\.$/s)
    expect(problem?.wanted).toBeTruthy()
    expect(problem?.found).toBeTruthy()
  })
})

describe('roles', () => {
  const matrix = [false, true].flatMap((isPrivate) => ROLES.flatMap((role) => ROLES.map((needed) => ({ isPrivate, role, needed }))))
  test.each(matrix)('private: $isPrivate, has $role, needs $needed', ({ isPrivate, role, needed }) => {
    const refused = refusalOf({
      facts: facts({ ...someone(role), repository: { isPrivate, defaultBranch: 'main' } }),
      proposal: proposal({ rules: rules({ allow: { role: needed, any: [] } }) }),
    })
    expect(refused?.code ?? 'allowed').toBe(ROLES.indexOf(role) >= ROLES.indexOf(needed) ? 'allowed' : 'PERMISSION_REQUIRED')
  })

  test.each(ROLES)('%s, before the configuration is read: at least write', (role) => {
    const refused = refusalOf({ proposal: null, facts: facts(someone(role)) })
    expect(refused?.code ?? 'allowed').toBe(['write', 'maintain', 'admin'].includes(role) ? 'allowed' : 'PERMISSION_REQUIRED')
  })
})

test('the refusal of a stranger names nothing of the configuration', () => {
  const refused = refusalOf({ proposal: null, facts: facts(someone('read')) })
  expect(JSON.stringify(refused)).not.toContain('staging')
  expect(refused).toMatchObject({ found: 'role read', wanted: 'role write or higher on this repository' })
})

test('no sentence about a moved head offers the new commit ready to be accepted', () => {
  const refused = refusalOf({ facts: facts({ pull: pull({ head: OTHER, headSince: NOON + 1_000 }) }) })
  expect(`${refused?.sentence} ${refused?.next}`).not.toContain(OTHER.slice(0, 7))
  expect(refused?.next).not.toContain('/deploy')
})

test('the first refusal in the order of the gates is the one that is said', () => {
  expect(gates.map(({ name }) => name)).toEqual([
    ...['person', 'comment', 'override', 'pull request', 'branch', 'promotion', 'mergeable', 'head commit', 'expectation'],
    ...['signature', 'checks', 'reviews', 'bounds of the target', 'lock', 'freeze', 'order', 'built from', 'approvals'],
  ])
  const everything = { facts: facts({ ...someone('read'), comment: 'deleted', pull: pull({ state: 'closed', head: OTHER }) }), plan: plan() } as const
  expect(refusalOf(everything)?.code).toBe('PERMISSION_REQUIRED')
})

test('what the bounds say names what was found and what is allowed', () => {
  const refused = refusalOf({ proposal: proposal({ placed: placed({ bounds: [bound({ images: ['ghcr.io/other/*'] })] }) }) })
  expect(refused).toMatchObject({ found: `image ${IMAGE}`, wanted: 'one of: ghcr.io/other/*', who: 'account' })
})

const PROMOTED = {
  request: request({ asks: asks({ origin: { kind: 'promote', from: 'qa' } }) }),
  facts: facts({ pull: pull({ state: 'closed', isDraft: true, base: 'next' }) }),
}

test('a promotion is not asked about the pull request of now, and each gate says so', () => {
  const decision = decide(situation({ ...PROMOTED, ...from({ branches: ['main'] }) }))
  expect('allowed' in decision).toBe(true)
  expect(decision.verdicts.filter(({ outcome }) => outcome === 'skipped')).toEqual(
    ['pull request', 'branch', 'mergeable', 'head commit'].map((gate) => ({
      gate,
      outcome: 'skipped',
      sentence: 'not asked: what runs elsewhere has passed it there',
    })),
  )
})

describe('a promotion is judged by where its commit came from', () => {
  const promoting = (source: Proposal['source'], rule: Partial<Proposal['rules']['from']>) => {
    const { proposal: ruled } = from(rule)
    return refusalOf({ ...PROMOTED, proposal: { ...ruled, source } })?.code ?? null
  }
  const pulled = { isPull: true, isFork: false, branch: 'main' }
  test.each([
    ['a pull request for a branch that is taken', pulled, { branches: ['main'] }, null],
    ['a pull request for another one', { ...pulled, branch: 'next' }, { branches: ['main'] }, 'BRANCH_REFUSED'],
    ['a pull request, where none is taken', pulled, { pullRequests: false }, 'PULL_REQUEST_REFUSED'],
    ['a fork, where forks are not taken', { ...pulled, isFork: true }, {}, 'FORK_REFUSED'],
    ['a fork, where they are', { ...pulled, isFork: true }, { forks: true }, null],
    ['the default branch', { isPull: false, isFork: false, branch: 'main' }, { pullRequests: false, branches: ['main'] }, null],
    ['nobody knows where', null, {}, 'BRANCH_REFUSED'],
  ] as const)('%s', (_, source, rule, code) => expect(promoting(source, rule)).toBe(code))
})

describe('a branch that is named, or the default branch on an issue', () => {
  const named = (since: number | null, more: Partial<Proposal> = {}) =>
    refusalOf({
      request: request({ asks: asks({ ref: 'main' }) }),
      facts: facts({ ref: { name: 'main', commit: OTHER, since } }),
      proposal: proposal({ commit: OTHER, ...more }),
    })?.code ?? null

  test('may not have moved since the comment', () => {
    expect(named(NOON - 60_000)).toBeNull()
    expect(named(NOON)).toBe('HEAD_MOVED')
    expect(named(NOON + 60_000)).toBe('HEAD_MOVED')
  })

  test('is taken as it is where nothing tells when it moved, and where the commit was named whole', () => {
    expect(named(null)).toBeNull()
    const expected = request({ asks: asks({ ref: 'main', expect: OTHER }) })
    expect(
      refusalOf({
        request: expected,
        facts: facts({ ref: { name: 'main', commit: OTHER, since: NOON + 1 } }),
        proposal: proposal({ commit: OTHER }),
      }),
    ).toBeNull()
  })
})
