import { describe, expect, test } from 'vitest'
import { NOTHING_ASKED } from '../../../src/deploy/deployment.ts'
import type { EnvironmentRules } from '../../../src/deploy/environment.ts'
import { decide } from '../../../src/deploy/gates/index.ts'
import type { Situation } from '../../../src/deploy/gates/gate.ts'
import type { CheckResult, Facts, Review } from '../../../src/deploy/source.ts'
import type { Code, Problem } from '../../../src/errors.ts'
import { ADA, GRACE, HEAD, IMAGE, NOON, OTHER, asks, digestOf, facts, plan, proposal, pull, records, request, rules, situation } from './situation.ts'

// What is demanded of the commit and of the image that was built from it.

const refusalOf = (different: Partial<Situation>): Problem | null => {
  const decision = decide(situation(different))
  return 'refusal' in decision ? decision.refusal.problem : null
}

const sentenceOf = (gate: string, different: Partial<Situation>): string | undefined =>
  decide(situation(different)).verdicts.find((verdict) => verdict.gate === gate)?.sentence

const requiring = (require: Partial<EnvironmentRules['require']>, more: Partial<EnvironmentRules> = {}) => ({
  proposal: proposal({ rules: rules({ require: { ...rules().require, ...require }, ...more }) }),
})

const commit = (different: Partial<NonNullable<Facts['commit']>>): Facts =>
  facts({ commit: { sha: HEAD, tree: 'tree-1', isSigned: true, checks: [], ...different } })
const check = (name: string, outcome: CheckResult['outcome'] = 'success', app: string | null = 'github-actions'): CheckResult => ({
  name,
  app,
  outcome,
  state: { success: 'SUCCESS', pending: 'IN_PROGRESS', failure: 'TIMED_OUT' }[outcome],
})
const checked = (...checks: CheckResult[]): { facts: Facts } => ({ facts: commit({ checks }) })

const refuses = (cases: [string, Code, Partial<Situation>, string?][]) =>
  test.each(cases)('%s', (_, code, different, found) => {
    const problem = refusalOf(different)
    expect(problem?.code).toBe(code)
    expect(problem?.sentence).toMatch(/^\S.*[^.]\.$/s)
    expect(problem?.next).toMatch(/^[A-Z].*\.$/s)
    expect(problem?.wanted).toBeTruthy()
    expect(problem?.found).toBeTruthy()
    if (found !== undefined) expect(problem?.found).toBe(found)
  })

describe('a signature', () => {
  const signed = requiring({ signed: true })
  const unsigned = commit({ isSigned: false })

  test('is not asked for where no rule wants one', () => expect(refusalOf({ facts: unsigned })).toBeNull())
  test('that GitHub has verified will do', () => expect(sentenceOf('signature', signed)).toBe('the commit is signed'))
  test('cannot be told from our own records', () => expect(sentenceOf('signature', { ...signed, facts: null })).toBeUndefined())
  test('of a promoted commit is looked at once that has been', () => {
    const asked = { ...signed, request: request({ asks: asks({ origin: { kind: 'promote', from: 'qa' } }) }), facts: commit({ sha: OTHER }) }
    expect(sentenceOf('signature', asked)).toBeUndefined()
    expect(refusalOf({ ...asked, plan: plan() })?.code).toBe('COMMIT_UNSIGNED')
  })

  refuses([
    ['is missing', 'COMMIT_UNSIGNED', { ...signed, facts: unsigned }, 'aaaaaaa'],
    ['of a commit that GitHub does not know', 'COMMIT_UNSIGNED', { ...signed, facts: facts({ commit: null }) }],
    ['of another commit says nothing', 'COMMIT_UNSIGNED', { ...signed, facts: commit({ sha: OTHER }) }],
  ])
})

describe('checks', () => {
  const pinned = requiring({ checks: [{ name: 'build', app: 'github-actions' }] })
  const byAnybody = requiring({ checks: [{ name: 'build', app: null }] })
  const all = requiring({ checks: 'all' })
  const whenGreen = { request: request({ asks: asks({ whenGreen: true }) }) }

  test.each<[string, Partial<Situation>]>([
    ['nothing is required', checked(check('build', 'failure'))],
    ['the one that is named is green', { ...pinned, ...checked(check('build'), check('lint', 'failure')) }],
    ['another App reports red under its name', { ...pinned, ...checked(check('build'), check('build', 'failure', 'impostor')) }],
    ['a commit status has its name, and the App does not matter', { ...byAnybody, ...checked(check('build', 'success', null)) }],
    ['all of them are green', { ...all, ...checked(check('build'), check('ci/jenkins', 'success', null)) }],
    ['nobody has asked GitHub', { ...all, facts: null }],
    ['green ones are waited for, and are', { ...whenGreen, ...checked(check('build')) }],
  ])('let pass where %s', (_, different) => expect(refusalOf(different)).toBeNull())

  refuses([
    ['that cannot be read', 'CHECKS_UNREADABLE', { ...all, facts: facts({ commit: null }) }],
    ['whose list cannot be read', 'CHECKS_UNREADABLE', { ...pinned, facts: commit({ checks: null }) }],
    ['of another commit', 'CHECKS_UNREADABLE', { ...all, facts: commit({ sha: OTHER, checks: [check('build')] }) }],
    ['that failed', 'CHECKS_FAILED', { ...pinned, ...checked(check('build', 'failure')) }, 'build: TIMED_OUT'],
    ['of which one failed and one runs', 'CHECKS_FAILED', { ...all, ...checked(check('a', 'pending'), check('b', 'failure')) }, 'b: TIMED_OUT'],
    [
      'of which many failed: five are named',
      'CHECKS_FAILED',
      { ...all, ...checked(...'abcdefg'.split('').map((name) => check(name, 'failure'))) },
      'a: TIMED_OUT, b: TIMED_OUT, c: TIMED_OUT, d: TIMED_OUT, e: TIMED_OUT and 2 more',
    ],
    ['that run', 'CHECKS_PENDING', { ...pinned, ...checked(check('build', 'pending')) }, 'build: IN_PROGRESS'],
    ['that nobody has reported', 'CHECKS_PENDING', { ...pinned, ...checked() }, 'build: not reported yet'],
    ['that nobody has reported, where all have to be green', 'CHECKS_PENDING', { ...all, ...checked() }, 'no check has reported on this commit yet'],
    [
      'that another App reports',
      'CHECKS_PENDING',
      { ...pinned, ...checked(check('build', 'success', 'impostor'), check('build', 'success', null)) },
      'build: reported by the App impostor, a commit status, not by the App github-actions',
    ],
    [
      'of which a second report under the name is red',
      'CHECKS_FAILED',
      { ...byAnybody, ...checked(check('build'), check('build', 'failure', 'other')) },
    ],
    ['that failed, however long they would be waited for', 'CHECKS_FAILED', { ...whenGreen, ...checked(check('build', 'failure')) }],
  ])

  test('pending ones name the way to wait for them', () => {
    expect(refusalOf({ ...all, ...checked(check('build', 'pending')) })?.next).toContain('--when-green')
  })

  test.each<[string, Partial<Situation>]>([
    ['whoever asked wants to wait', whenGreen],
    ['that is wanted for a rule', { ...whenGreen, ...pinned }],
    ['it began by itself', { ...all, request: request({ door: 'push', comment: null, subject: null }) }],
    ['it begins with green checks', { request: request({ door: 'checks', comment: null, subject: null }) }],
  ])('are waited for where %s', (_, different) => {
    const decision = decide(situation({ ...checked(check('build', 'pending')), ...different }))
    expect(decision).toMatchObject({
      wait: {
        reason: 'checks',
        sentence: 'The checks on this commit are not green yet: build: IN_PROGRESS.',
        until: request().receivedAt + 30 * 60_000,
        lookAt: situation().now + 60_000,
      },
    })
  })
})

describe('reviews', () => {
  const one = requiring({ reviews: 1 })
  const review = (who: typeof ADA, different: Partial<Review> = {}): Review => ({
    author: { id: who.id, login: who.login },
    isApproval: true,
    commit: HEAD,
    counts: true,
    ...different,
  })
  const linus = { ...GRACE, id: 3, login: 'linus' }
  const reviewed = (...reviews: Review[]) => ({ facts: facts({ pull: pull({ reviews }) }) })

  test('of this commit, by somebody else, will do', () =>
    expect(sentenceOf('reviews', { ...one, ...reviewed(review(GRACE)) })).toBe('approved by grace'))
  test('are not asked for where no rule wants them', () => expect(refusalOf(reviewed(review(GRACE, { isApproval: false })))).toBeNull())
  test('of somebody who changed their mind: the last word counts', () => {
    expect(refusalOf({ ...one, ...reviewed(review(GRACE, { isApproval: false }), review(GRACE)) })).toBeNull()
    expect(refusalOf({ ...one, ...reviewed(review(GRACE), review(GRACE, { isApproval: false })) })?.code).toBe('REVIEW_REQUIRED')
  })
  test('of a change request by somebody who does not count', () => {
    expect(refusalOf({ ...one, ...reviewed(review(GRACE), review(linus, { isApproval: false, counts: false })) })).toBeNull()
  })

  refuses([
    ['are missing', 'REVIEW_REQUIRED', { ...one, ...reviewed() }, '0 approving reviews'],
    ['are too few', 'REVIEW_REQUIRED', { ...requiring({ reviews: 2 }), ...reviewed(review(GRACE)) }, '1 approving review'],
    [
      'are of an older commit',
      'REVIEW_REQUIRED',
      { ...one, ...reviewed(review(GRACE, { commit: OTHER })) },
      '0 approving reviews of this commit, 1 of an older one',
    ],
    ['are by the author', 'REVIEW_REQUIRED', { ...one, ...reviewed(review(ADA)) }],
    ['are by somebody who does not count', 'REVIEW_REQUIRED', { ...one, ...reviewed(review(GRACE, { counts: false })) }],
    ['are contradicted', 'REVIEW_REQUIRED', { ...one, ...reviewed(review(GRACE), review(linus, { isApproval: false, commit: OTHER })) }],
    ['cannot be read', 'REVIEW_REQUIRED', { ...one, facts: facts({ pull: pull({ reviews: null }) }) }],
    ['belong to pull requests', 'REVIEW_REQUIRED', { ...one, facts: facts({ pull: null, ref: { name: 'main', commit: HEAD } }) }],
    [
      'of the head say nothing of another ref',
      'REVIEW_REQUIRED',
      {
        proposal: proposal({ commit: OTHER, rules: rules({ require: { ...rules().require, reviews: 1 } }) }),
        request: request({ asks: asks({ ref: 'wip' }) }),
        facts: facts({ pull: pull({ reviews: [review(GRACE)] }), ref: { name: 'wip', commit: OTHER } }),
      },
    ],
  ])

  test('that cannot be read may be asked for again', () => {
    expect(refusalOf({ ...one, facts: facts({ pull: pull({ reviews: null }) }) })).toMatchObject({ who: 'github', retryable: true })
  })
})

describe('an expectation', () => {
  const expecting = (expected: string) => ({ request: request({ asks: asks({ expect: expected }) }) })
  const resolved = { plan: plan() }

  test.each<[string, Partial<Situation>]>([
    ['the commit', expecting(HEAD)],
    [
      'a commit of 64 digits',
      { ...expecting('c'.repeat(64)), proposal: proposal({ commit: 'c'.repeat(64) }), facts: facts({ pull: pull({ head: 'c'.repeat(64) }) }) },
    ],
    ['a digest that is not known yet', expecting(digestOf('1.2'))],
    ['the digest', { ...expecting(digestOf('1.1')), ...resolved }],
    ['a plan whose digests are not known yet', expecting(`plan:${'b'.repeat(64)}`)],
    ['the plan', { ...expecting(`plan:${'b'.repeat(64)}`), ...resolved, records: records({ planHash: 'b'.repeat(64) }) }],
    ['the digest, from our own records', { ...expecting(digestOf('1.1')), ...resolved, facts: null }],
  ])('is met by %s', (_, different) => expect(refusalOf(different)).toBeNull())

  refuses([
    ['of another commit', 'EXPECTATION_FAILED', expecting(OTHER), 'aaaaaaa'],
    ['of another digest', 'EXPECTATION_FAILED', { ...expecting(digestOf('1.2')), ...resolved }, digestOf('1.1').slice(0, 19)],
    [
      'of another plan',
      'EXPECTATION_FAILED',
      { ...expecting(`plan:${'b'.repeat(64)}`), ...resolved, records: records({ planHash: 'c'.repeat(64) }) },
      `${digestOf('1.1').slice(0, 19)} for the commit aaaaaaa`,
    ],
    ['of a part of a plan', 'EXPECTATION_FAILED', expecting(`plan:${'b'.repeat(12)}`)],
    ['of a few digits', 'EXPECTATION_FAILED', expecting(HEAD.slice(0, 12))],
    ['in capitals', 'EXPECTATION_FAILED', expecting('A'.repeat(40))],
    [
      'that a rollback does not meet',
      'EXPECTATION_FAILED',
      { request: request({ asks: asks({ expect: OTHER, origin: { kind: 'rollback', to: null } }) }) },
    ],
  ])

  test('of a digest says nothing before that is known', () => expect(sentenceOf('expectation', expecting(digestOf('1.1')))).toBeUndefined())
  test('of one of several digests is met by that one', () => {
    const artifacts = [...plan().artifacts, { name: 'side', repository: `${IMAGE}-side`, tag: '1.2', digest: digestOf('1.2') }]
    expect(refusalOf({ ...expecting(digestOf('1.2')), plan: plan({ artifacts }) })).toBeNull()
  })

  test('that failed offers no command with what was found', () => {
    const problem = refusalOf(expecting(OTHER))
    expect(`${problem?.sentence} ${problem?.next}`).not.toMatch(/aaaaaaa|\/deploy|--expect/)
  })
})

describe('the commit that an image was built from', () => {
  const claimed = { verify: { commit: 'claimed', attestation: null } } as const
  const proved = {
    verify: { commit: 'proved', attestation: { repository: 'acme/shop', workflow: '.github/workflows/release.yml', ref: null } },
  } as const
  const by = (more: Partial<EnvironmentRules>, of: Partial<Situation['records']>): Partial<Situation> => ({
    ...requiring({}, more),
    plan: plan(),
    records: records({ planHash: 'hash', ...of }),
  })
  const squashed = (tree: string) => ({ facts: facts({ trees: new Map([[OTHER, tree]]) }) })

  test.each<[string, Partial<Situation>, string | undefined]>([
    ['nothing where no rule asks', by({}, { built: { main: OTHER } }), undefined],
    ['nothing while the digest is not known', { ...by(claimed, {}), records: records() }, undefined],
    ['the same one, as its label says', by(claimed, { built: { main: HEAD } }), 'built from this commit, as its label says'],
    ['the same one, from our own records', { ...by(claimed, { built: { main: HEAD } }), facts: null }, 'built from this commit, as its label says'],
    ['nothing yet, of another one and without asking GitHub', { ...by(claimed, { built: { main: OTHER } }), facts: null }, undefined],
    [
      'one with the same files',
      { ...by(claimed, { built: { main: OTHER } }), ...squashed('tree-1') },
      'built, as its label says, from a commit with exactly the same files (before a squash or rebase)',
    ],
    ['the same one, as an attestation proves', by(proved, { proved: { main: HEAD } }), 'built from this commit, as a signed attestation proves'],
    ['nothing yet, in a dry run that asks for no attestation', { ...by(proved, { built: { main: HEAD } }), plan: null }, undefined],
  ])('is %s', (_, different, sentence) => {
    expect(refusalOf(different)).toBeNull()
    expect(sentenceOf('built from', different)).toBe(sentence)
  })

  const two = plan({
    artifacts: [
      { name: 'main', repository: IMAGE, tag: '1.1', digest: digestOf('1.1') },
      { name: 'side', repository: `${IMAGE}-side`, tag: '1.1', digest: digestOf('1.1') },
    ],
  })
  const green = checked(check('build'))
  refuses([
    ['is not said', 'IMAGE_COMMIT_UNKNOWN', by(claimed, { built: { main: null } })],
    ['is not even looked for', 'IMAGE_COMMIT_UNKNOWN', by(claimed, { built: {} })],
    ['is another', 'IMAGE_COMMIT_OTHER', by(claimed, { built: { main: OTHER } }), 'bbbbbbb'],
    ['has other files', 'IMAGE_COMMIT_OTHER', { ...by(claimed, { built: { main: OTHER } }), ...squashed('tree-2') }],
    [
      'has the files of a commit that is not the judged one',
      'IMAGE_COMMIT_OTHER',
      {
        ...by(claimed, { built: { main: OTHER } }),
        facts: facts({ trees: new Map([[OTHER, 'tree-1']]), commit: { sha: OTHER, tree: 'tree-1', isSigned: true, checks: [] } }),
      },
    ],
    ['is claimed where proof is wanted', 'IMAGE_COMMIT_UNKNOWN', by(proved, { built: { main: HEAD } })],
    ['is proved to be another', 'IMAGE_COMMIT_OTHER', by(proved, { built: { main: HEAD }, proved: { main: OTHER } })],
    ['is known of one image alone', 'IMAGE_COMMIT_UNKNOWN', { ...by(claimed, { built: { main: HEAD, side: null } }), plan: two }],
    [
      'is what checks were of',
      'IMAGE_COMMIT_UNKNOWN',
      { ...by({ require: { ...rules().require, checks: 'all' } }, { built: { main: null } }), ...green },
    ],
    [
      'is what was reviewed',
      'IMAGE_COMMIT_UNKNOWN',
      {
        ...by({ require: { ...rules().require, reviews: 1 } }, { built: { main: null } }),
        facts: facts({ pull: pull({ reviews: [{ author: GRACE, isApproval: true, commit: HEAD, counts: true }] }) }),
      },
    ],
    ['is what was signed', 'IMAGE_COMMIT_OTHER', by({ require: { ...rules().require, signed: true } }, { built: { main: OTHER } })],
  ])
})

test('a rollback passes the rules of the commit, and each says so', () => {
  const strict = requiring({ checks: 'all', reviews: 2, signed: true, upToDate: true })
  const decision = decide(
    situation({
      ...strict,
      request: request({ asks: { ...NOTHING_ASKED, origin: { kind: 'rollback', to: null } } }),
      facts: commit({ isSigned: false, checks: null }),
      plan: plan({ commit: OTHER }),
      records: records({ planHash: 'hash', built: { main: null } }),
      now: NOON,
    }),
  )
  expect('allowed' in decision).toBe(true)
  const skipped = decision.verdicts.filter(({ outcome }) => outcome === 'skipped')
  expect(skipped.map(({ gate }) => gate)).toEqual(['pull request', 'mergeable', 'head commit', 'signature', 'checks', 'reviews', 'built from'])
  expect(new Set(skipped.map(({ sentence }) => sentence))).toEqual(new Set(['not asked: a rollback repeats a plan that has passed it before']))
})
