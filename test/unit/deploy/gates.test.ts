import { describe, expect, test } from 'vitest'
import { decide, gates } from '../../../src/deploy/gates/index.ts'
import type { Situation } from '../../../src/deploy/gates/gate.ts'
import { ROLES, type Role } from '../../../src/deploy/environment.ts'
import type { Proposal } from '../../../src/deploy/proposal.ts'
import type { Code, Problem } from '../../../src/errors.ts'
import { ADA, HEAD, IMAGE, NOON, OTHER, asks, bound, facts, idleTarget, plan, placed, proposal, pull, request, rules } from './situation.ts'

const situation = (different: Partial<Situation> = {}): Situation => ({
  request: request(),
  facts: facts(),
  proposal: proposal(),
  plan: null,
  ...different,
})

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
const someone = (role: Role, id: number | null = ADA.id) => ({ actor: { id, login: 'ada', role } })

test('where everything is in order each gate says why it lets pass', () => {
  expect(decide(situation())).toEqual({
    allowed: [
      'ada has the role write',
      'the comment stands as it was written',
      'the pull request is open',
      'the head is older than the comment',
      'target cluster is allowed to this repository for staging',
    ],
  })
})

describe('let pass', () => {
  const cases: [string, Partial<Situation>][] = [
    ['a label on the head that it was put on', { request: request(label), facts: facts({ comment: 'none' }) }],
    ['a plain issue', { facts: facts(onIssue) }],
    ['a named ref, wherever the head is', { request: request({ asks: asks({ ref: 'main' }) }), facts: facts({ pull: pull({ headSince: null }) }) }],
    [
      'a fork, where the configuration allows forks',
      { facts: facts({ pull: pull({ isFork: true }) }), proposal: proposal({ rules: rules({ from: { pullRequests: true, forks: true } }) }) },
    ],
    [
      'an issue, where pull requests are not deployed',
      { facts: facts(onIssue), proposal: proposal({ rules: rules({ from: { pullRequests: false, forks: false } }) }) },
    ],
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
  const from = (pullRequests: boolean, forks: boolean) => ({ proposal: proposal({ rules: rules({ from: { pullRequests, forks } }) }) })
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
    ['a pull request, where only issues are deployed', 'PULL_REQUEST_REFUSED', from(false, false)],
    ['a fork', 'FORK_REFUSED', { facts: facts({ pull: pull({ isFork: true }) }) }],
    ['a fork, rather than the head that nobody can prove there', 'FORK_REFUSED', { facts: facts({ pull: pull({ isFork: true, headSince: null }) }) }],
    ['a push after the comment', 'HEAD_MOVED', { facts: facts({ pull: pull({ headSince: NOON + 1_000 }) }) }],
    ['a push in the same second as the comment', 'HEAD_MOVED', { facts: facts({ pull: pull({ headSince: NOON }) }) }],
    ['a head whose time nothing proves', 'HEAD_UNPROVED', { facts: facts({ pull: pull({ headSince: null }) }) }],
    ['a push after the label', 'HEAD_MOVED', { request: request(label), facts: facts({ comment: 'none', pull: pull({ head: OTHER }) }) }],
    ['a push between plan and effect', 'HEAD_MOVED', { plan: plan(), facts: facts({ pull: pull({ head: OTHER, headSince: NOON - 60_000 }) }) }],
    ['a target without any entry', 'TARGET_NOT_ALLOWED', { proposal: proposal({ placed: placed({ bounds: [] }) }) }],
    ['a repository of another id, whatever it is called', 'TARGET_NOT_ALLOWED', within({ repositoryId: 43 })],
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
      proposal: proposal({ rules: rules({ allow: { role: needed } }) }),
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
  expect(gates.map(({ name }) => name)).toEqual(['person', 'comment', 'pull request', 'head commit', 'bounds of the target'])
  const everything = { facts: facts({ ...someone('read'), comment: 'deleted', pull: pull({ state: 'closed', head: OTHER }) }), plan: plan() } as const
  expect(refusalOf(everything)?.code).toBe('PERMISSION_REQUIRED')
})

test('what the bounds say names what was found and what is allowed', () => {
  const refused = refusalOf({ proposal: proposal({ placed: placed({ bounds: [bound({ images: ['ghcr.io/other/*'] })] }) }) })
  expect(refused).toMatchObject({ found: `image ${IMAGE}`, wanted: 'one of: ghcr.io/other/*', who: 'account' })
})
