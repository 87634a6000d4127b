import { describe, expect, test } from 'vitest'
import { NOTHING_ASKED, type Asks, type Door } from '../../../src/deploy/deployment.ts'
import { ROLES, type Demands, type EnvironmentRules } from '../../../src/deploy/environment.ts'
import { decide, gates, type Decision } from '../../../src/deploy/gates/index.ts'
import type { Situation } from '../../../src/deploy/gates/gate.ts'
import { Random } from '../../world/random.ts'
import {
  ADA,
  GRACE,
  HEAD,
  NOON,
  OTHER,
  asks,
  bound,
  digestOf,
  facts,
  placed,
  plan,
  proposal,
  pull,
  records,
  request,
  rules,
  situation,
  lockOn,
} from './situation.ts'

// What holds in every situation, also in those that nobody thought of.

/** Nothing sets these aside: neither going back nor an administrator. */
const NEVER = ['person', 'comment', 'override', 'expectation', 'bounds of the target', 'lock']

const ORIGINS: readonly Asks['origin'][] = [null, null, { kind: 'rollback', to: null }, { kind: 'promote', from: 'qa' }, { kind: 'retry', of: 'x' }]
const DOORS: readonly Door[] = ['comment', 'comment', 'label', 'button', 'page', 'push', 'checks', 'package']

function anyRules(random: Random): EnvironmentRules {
  return rules({
    allow: {
      role: random.pick(['write', 'maintain', 'admin']),
      any: random.chance(0.2) ? [{ kind: 'user', login: random.pick(['ada', 'grace']) }] : [],
    },
    from: { branches: random.chance(0.3) ? ['main'] : null, pullRequests: random.chance(0.9), forks: random.chance(0.3), drafts: random.chance(0.3) },
    after: random.chance(0.3) ? { environment: 'qa', healthyFor: 60_000 } : null,
    approvals: random.chance(0.3) ? { count: 1, by: [], not: random.pick([[], ['requester', 'author', 'pusher']]), expire: 60_000 } : null,
    require: {
      checks: random.pick([null, null, 'all', [{ name: 'build', app: 'github-actions' }]]),
      reviews: random.pick([0, 0, 1]),
      upToDate: random.chance(0.2),
      signed: random.chance(0.2),
    },
    verify: { commit: random.pick([null, null, 'claimed', 'proved']), attestation: null },
    freeze: random.chance(0.2) ? [{ from: { day: random.below(7), minute: 0 }, to: { day: random.below(7), minute: 1 }, zone: 'Europe/Berlin' }] : [],
  })
}

function anyFacts(random: Random): Situation['facts'] {
  if (random.chance(0.15)) return null
  const outcome = random.pick(['success', 'success', 'pending', 'failure'] as const)
  return facts({
    actor: { id: random.chance(0.9) ? ADA.id : random.pick([null, 99]), login: 'ada', role: random.pick([...ROLES, 'admin', 'write']) },
    comment: random.pick(['none', 'unchanged', 'unchanged', 'unchanged', 'edited', 'deleted']),
    pull: random.chance(0.2)
      ? null
      : pull({
          state: random.pick(['open', 'open', 'open', 'closed']),
          isFork: random.chance(0.2),
          isDraft: random.chance(0.2),
          base: random.pick(['main', 'main', 'next']),
          head: random.pick([HEAD, HEAD, HEAD, OTHER]),
          headSince: random.pick([NOON - 60_000, NOON - 60_000, NOON + 1, null]),
          merge: random.pick(['clean', 'unknown', 'conflicting']),
          behind: random.pick([0, 2, null]),
          reviews: random.pick([
            null,
            [],
            [{ author: GRACE, isApproval: random.chance(0.8), commit: random.pick([HEAD, OTHER]), counts: random.chance(0.9) }],
          ]),
        }),
    ref: random.chance(0.5) ? { name: random.pick(['main', 'wip']), commit: HEAD } : null,
    commit: random.chance(0.1)
      ? null
      : {
          sha: random.pick([HEAD, HEAD, OTHER]),
          tree: 'tree-1',
          isSigned: random.chance(0.7),
          checks: random.chance(0.1) ? null : [{ name: 'build', app: random.pick(['github-actions', 'impostor', null]), outcome, state: outcome }],
        },
    trees: random.chance(0.3) ? new Map([[OTHER, 'tree-1']]) : new Map(),
  })
}

function anySituation(random: Random): Situation {
  const own = anyRules(random)
  const hasPlan = random.chance(0.5)
  const isNamed = random.chance(0.9)
  const lock = lockOn('shop/staging', { owner: random.pick([ADA, GRACE, null]) })
  return situation({
    request: request({
      door: random.pick(DOORS),
      actor: { ...ADA, app: random.chance(0.1) ? { id: 7, slug: 'bot' } : null },
      headSeen: random.pick([null, null, HEAD]),
      asks: asks({
        ...NOTHING_ASKED,
        origin: random.pick(ORIGINS),
        ref: random.chance(0.2) ? 'main' : null,
        override: random.chance(0.3) ? 'it burns' : null,
        expect: random.pick([null, null, null, HEAD, OTHER, digestOf('1.1'), digestOf('1.2')]),
        whenGreen: random.chance(0.2),
      }),
    }),
    facts: anyFacts(random),
    proposal: random.chance(0.95) ? proposal({ rules: own, placed: placed({ bounds: random.chance(0.85) ? [bound()] : [] }) }) : null,
    plan: hasPlan
      ? plan({ artifacts: plan().artifacts.map((artifact) => ({ ...artifact, digest: random.chance(0.8) ? artifact.digest : null })) })
      : null,
    records: records({
      lock: random.chance(0.15) ? lock : null,
      planHash: hasPlan ? 'hash' : null,
      former: random.chance(0.6) ? { plan: plan(), since: NOON - random.pick([0, 3_600_000]) } : null,
      told: random.chance(0.2) ? { head: random.pick([HEAD, OTHER]), at: NOON - random.pick([-600, 0, 600_000]) } : null,
      built: isNamed ? { main: random.pick([HEAD, HEAD, OTHER, null]) } : {},
      proved: isNamed ? { main: random.pick([HEAD, OTHER]) } : {},
      approvals: random.chance(0.3) ? [{ deployment: 'd', planHash: 'hash', by: GRACE, isApproval: random.chance(0.8), reason: null, at: NOON }] : [],
    }),
  })
}

const CASES = 2_000
const situations = Array.from({ length: CASES }, (_, seed) => ({ seed, asked: anySituation(new Random(seed)) }))
/** The seeds of those situations that break a law. */
const broken = (law: (asked: Situation, decision: Decision) => boolean): number[] =>
  situations.filter(({ asked }) => !law(asked, decide(asked))).map(({ seed }) => seed)

const outcome = ({ verdicts }: Decision, gate: string) => verdicts.find((verdict) => verdict.gate === gate)?.outcome
const kind = (decision: Decision): string => ('refusal' in decision ? 'refused' : 'wait' in decision ? 'waits' : 'allowed')

test('the situations are of every kind, and every gate both passes and refuses or waits', () => {
  const decisions = situations.map(({ asked }) => decide(asked))
  const count = (wanted: string): number => decisions.filter((decision) => kind(decision) === wanted).length
  expect(Math.min(count('refused'), count('waits'), count('allowed'))).toBeGreaterThan(20)
  for (const { name } of gates) {
    const seen = new Set(decisions.map((decision) => outcome(decision, name)))
    expect([...seen], name).toContain('passed')
    expect(seen.has('refused') || seen.has('waits'), name).toBe(true)
  }
})

describe('in every situation', () => {
  test('what is refused is not allowed, and what is allowed has no gate against it', () => {
    const law = (_: Situation, decision: Decision): boolean => {
      const outcomes = new Set(decision.verdicts.map((verdict) => verdict.outcome))
      if ('refusal' in decision) return !('allowed' in decision) && !('wait' in decision) && outcomes.has('refused')
      return 'wait' in decision
        ? !('allowed' in decision) && !outcomes.has('refused') && outcomes.has('waits')
        : !outcomes.has('refused') && !outcomes.has('waits')
    }
    expect(broken(law)).toEqual([])
  })

  test('nothing is skipped that never may be, and nothing without a reason', () => {
    const law = ({ request: { asks: asked } }: Situation, { verdicts }: Decision): boolean => {
      const skipped = verdicts.filter((verdict) => verdict.outcome === 'skipped').map(({ gate }) => gate)
      const mayPass = asked.override !== null || asked.origin?.kind === 'rollback' || asked.origin?.kind === 'promote'
      return skipped.every((gate) => !NEVER.includes(gate)) && (mayPass || skipped.length === 0)
    }
    expect(broken(law)).toEqual([])
  })

  test.each<[string, Partial<Asks>]>([
    ['a rollback', { origin: { kind: 'rollback', to: null } }],
    ['a promotion', { origin: { kind: 'promote', from: 'qa' } }],
    ['an override', { override: 'it burns' }],
  ])('%s is judged by the person, the lock and the bounds as anything else is', (_, different) => {
    const law = (asked: Situation): boolean => {
      const plain = decide({ ...asked, request: { ...asked.request, asks: NOTHING_ASKED } })
      const special = decide({ ...asked, request: { ...asked.request, asks: { ...NOTHING_ASKED, ...different } } })
      return ['person', 'comment', 'lock', 'bounds of the target'].every((gate) => outcome(plain, gate) === outcome(special, gate))
    }
    expect(broken(law)).toEqual([])
  })

  test('an override allows nothing to whoever is no administrator', () => {
    const law = ({ request: { asks: asked, actor }, facts: seen }: Situation, decision: Decision): boolean =>
      asked.override === null || seen === null || (seen.actor.role === 'admin' && actor.app === null) || kind(decision) === 'refused'
    expect(broken(law)).toEqual([])
  })

  test('an expectation that is known not to hold is refused', () => {
    const law = ({ request: { asks: asked }, proposal: proposed }: Situation, decision: Decision): boolean =>
      asked.expect !== OTHER || proposed === null || kind(decision) === 'refused'
    expect(broken(law)).toEqual([])
  })

  test('without a word from GitHub no gate speaks that needs one', () => {
    const needs = ['person', 'comment', 'override', 'pull request', 'branch', 'mergeable', 'signature', 'checks', 'reviews']
    const law = (asked: Situation): boolean => {
      const { verdicts } = decide({ ...asked, facts: null })
      return verdicts.every(({ gate }) => !needs.includes(gate))
    }
    expect(broken(law)).toEqual([])
  })

  test('with the account’s demands it is what the repository’s rules say, and no less than what each demand says in their place', () => {
    const by = (asked: Situation, its: EnvironmentRules): string =>
      kind(decide({ ...asked, proposal: asked.proposal && { ...asked.proposal, rules: its } }))
    const seen = new Set<string>()
    const unlawful = situations.filter(({ seed, asked }) => {
      if (asked.proposal === null) return false
      const own = asked.proposal.rules
      const also = [1, 2].map((nth) => demandsOf(anyRules(new Random(CASES * nth + seed))))
      const apart = [own, ...also.map((demands) => ({ ...own, ...demands }))].map((its) => by(asked, its))
      const expected = ['refused', 'waits'].find((worst) => apart.includes(worst)) ?? 'allowed'
      seen.add(`${apart[0]} → ${expected}`)
      return by(asked, { ...own, also }) !== expected
    })
    expect(unlawful.map(({ seed }) => seed)).toEqual([])
    expect([...seen]).toEqual(expect.arrayContaining(['allowed → allowed', 'allowed → waits', 'allowed → refused', 'waits → refused']))
  })

  test('judging changes nothing and says the same again', () => {
    const law = (asked: Situation, decision: Decision): boolean => JSON.stringify(decide(structuredCloneOf(asked))) === JSON.stringify(decision)
    expect(broken(law)).toEqual([])
  })

  test('every refusal has found, wanted and next, and names no new commit ready to be deployed', () => {
    const law = (_: Situation, decision: Decision): boolean => {
      if (!('refusal' in decision)) return true
      const { sentence, found, wanted, next } = decision.refusal.problem
      return (
        [found, wanted].every((text) => text !== undefined && text !== '') &&
        !/\/deploy [^ ]* ?.*[0-9a-f]{7}/.test(`${sentence} ${next}`) &&
        !next.includes(OTHER.slice(0, 7))
      )
    }
    expect(broken(law)).toEqual([])
  })
})

const demandsOf = ({ allow, from, approvals, require, freeze }: EnvironmentRules): Demands => ({ allow, from, approvals, require, freeze })

/** The target's functions stay what they are. */
const structuredCloneOf = (asked: Situation): Situation => ({
  ...structuredClone({ ...asked, proposal: null }),
  proposal: asked.proposal,
})
