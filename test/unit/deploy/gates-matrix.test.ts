import { describe, expect, test } from 'vitest'
import type { Actor, Door, DeployRequest } from '../../../src/deploy/deployment.ts'
import type { EnvironmentRules, Role } from '../../../src/deploy/environment.ts'
import { decide } from '../../../src/deploy/gates/index.ts'
import type { Situation } from '../../../src/deploy/gates/gate.ts'
import type { Facts } from '../../../src/deploy/source.ts'
import { HEAD, facts, plan, proposal, records, request, rules, situation, lockOn } from './situation.ts'

// Who may deploy: every kind of actor, at every door, under every kind of rule. The tables below are written by hand and say what is right.

interface Asker {
  readonly actor: Actor
  /** What GitHub answers about them now. */
  readonly now: Facts['actor']
}

function person(id: number, login: string, role: Role, now: number | null = id): Asker {
  return { actor: { id, login, app: null }, now: { id: now, login, role } }
}

/** An App comments as `slug[bot]`, a user of its own that is nobody's collaborator. */
function app(id: number, slug: string): Asker {
  const login = `${slug}[bot]`
  return { actor: { id: 1000 + id, login, app: { id, slug } }, now: { id: 1000 + id, login, role: 'none' } }
}

const ASKERS = {
  nobody: person(10, 'mallory', 'none'),
  reader: person(11, 'rita', 'read'),
  triager: person(12, 'tom', 'triage'),
  writer: person(13, 'wanda', 'write'),
  maintainer: person(14, 'max', 'maintain'),
  administrator: person(15, 'ada', 'admin'),
  // A custom role counts as the one that it is built on.
  'custom role on read': person(16, 'carl', 'read'),
  'custom role on write': person(17, 'cora', 'write'),
  'member without access': person(18, 'milo', 'none'),
  'outside collaborator': person(19, 'otto', 'write'),
  'account that is gone': person(20, 'ghost', 'none', null),
  'login of somebody else now': person(21, 'lena', 'admin', 99),
  'machine account': person(22, 'deploy-bot', 'none'),
  'App that is named': app(77, 'releaser'),
  'other App of that name': app(78, 'releaser'),
} satisfies Record<string, Asker>
type Who = keyof typeof ASKERS

const DOORS: readonly Door[] = ['comment', 'label', 'push', 'checks', 'package']

const WEEK_END: EnvironmentRules['freeze'][number] = { from: { day: 0, minute: 0 }, to: { day: 2, minute: 0 }, zone: 'UTC' }
const SECOND_PERSON: EnvironmentRules['approvals'] = { count: 1, by: [], not: ['requester', 'author', 'pusher'], expire: 3_600_000 }

const POLICIES = {
  default: {},
  maintain: { allow: { role: 'maintain', any: [] } },
  // Its members: wanda, rita and milo.
  team: { allow: { role: 'write', any: [{ kind: 'team', organisation: 'acme', slug: 'releasers' }] } },
  // A user who is named still needs the role.
  named: { allow: { role: 'write', any: [{ kind: 'user', login: 'Max' }, { kind: 'user', login: 'rita' }, { kind: 'user', login: 'lena' }, { kind: 'app', app: 77 }] } }, // prettier-ignore
  approvals: { allow: { role: 'admin', any: [] }, approvals: SECOND_PERSON },
  locked: {},
  frozen: { freeze: [WEEK_END] },
} satisfies Record<string, Partial<EnvironmentRules>>
type Policy = keyof typeof POLICIES

/**
 * A letter for each door, in the order above: `+` allowed, `P` PERMISSION_REQUIRED, `C` ACTOR_CHANGED, `L` LOCKED (by somebody else),
 * `F` FROZEN, `w` waits. What begins by itself is the configuration's own act: nobody is judged as its actor.
 */
const RIGHT: Record<Who, Record<Policy, string>> = {
  nobody: { default: 'PP+++', maintain: 'PP+++', team: 'PP+++', named: 'PP+++', approvals: 'PPwww', locked: 'PPLLL', frozen: 'PPwww' },
  reader: { default: 'PP+++', maintain: 'PP+++', team: 'PP+++', named: 'PP+++', approvals: 'PPwww', locked: 'PPLLL', frozen: 'PPwww' },
  triager: { default: 'PP+++', maintain: 'PP+++', team: 'PP+++', named: 'PP+++', approvals: 'PPwww', locked: 'PPLLL', frozen: 'PPwww' },
  writer: { default: '+++++', maintain: 'PP+++', team: '+++++', named: 'PP+++', approvals: 'PPwww', locked: 'LLLLL', frozen: 'FFwww' },
  maintainer: { default: '+++++', maintain: '+++++', team: 'PP+++', named: '+++++', approvals: 'PPwww', locked: 'LLLLL', frozen: 'FFwww' },
  administrator: { default: '+++++', maintain: '+++++', team: 'PP+++', named: 'PP+++', approvals: 'wwwww', locked: 'LLLLL', frozen: 'FFwww' },
  'custom role on read': { default: 'PP+++', maintain: 'PP+++', team: 'PP+++', named: 'PP+++', approvals: 'PPwww', locked: 'PPLLL', frozen: 'PPwww' },
  'custom role on write': {
    default: '+++++',
    maintain: 'PP+++',
    team: 'PP+++',
    named: 'PP+++',
    approvals: 'PPwww',
    locked: 'LLLLL',
    frozen: 'FFwww',
  },
  'member without access': {
    default: 'PP+++',
    maintain: 'PP+++',
    team: 'PP+++',
    named: 'PP+++',
    approvals: 'PPwww',
    locked: 'PPLLL',
    frozen: 'PPwww',
  },
  'outside collaborator': {
    default: '+++++',
    maintain: 'PP+++',
    team: 'PP+++',
    named: 'PP+++',
    approvals: 'PPwww',
    locked: 'LLLLL',
    frozen: 'FFwww',
  },
  'account that is gone': {
    default: 'CC+++',
    maintain: 'CC+++',
    team: 'CC+++',
    named: 'CC+++',
    approvals: 'CCwww',
    locked: 'CCLLL',
    frozen: 'CCwww',
  },
  'login of somebody else now': {
    default: 'CC+++',
    maintain: 'CC+++',
    team: 'CC+++',
    named: 'CC+++',
    approvals: 'CCwww',
    locked: 'CCLLL',
    frozen: 'CCwww',
  },
  'machine account': { default: 'PP+++', maintain: 'PP+++', team: 'PP+++', named: 'PP+++', approvals: 'PPwww', locked: 'PPLLL', frozen: 'PPwww' },
  'App that is named': { default: 'PP+++', maintain: 'PP+++', team: 'PP+++', named: '+++++', approvals: 'PPwww', locked: 'PPLLL', frozen: 'PPwww' },
  'other App of that name': {
    default: 'PP+++',
    maintain: 'PP+++',
    team: 'PP+++',
    named: 'PP+++',
    approvals: 'PPwww',
    locked: 'PPLLL',
    frozen: 'PPwww',
  },
}

/** The same deployment as it comes in at a door: on a pull request by hand, of the default branch by itself. */
const BY_HAND: Record<'comment' | 'label', Partial<DeployRequest>> = { comment: {}, label: { comment: null, headSeen: HEAD } }
const BY_ITSELF: Partial<DeployRequest> = { comment: null, subject: null, headSeen: HEAD }

function cell(who: Who, door: Door, policy: Policy): Situation {
  const { actor, now } = ASKERS[who]
  const isByHand = door === 'comment' || door === 'label'
  const asked = { ...(isByHand ? BY_HAND[door] : BY_ITSELF), door, actor }
  return situation({
    request: request(asked),
    facts: facts({
      actor: now,
      comment: door === 'comment' ? 'unchanged' : 'none',
      ...(!isByHand && { pull: null, ref: { name: 'main', commit: HEAD } }),
      commit: {
        sha: HEAD,
        tree: 'tree-1',
        isSigned: true,
        checks: [{ name: 'build', app: 'github-actions', outcome: 'success', state: 'SUCCESS' }],
      },
      members: new Map([['team:acme/releasers', [ASKERS.writer, ASKERS.reader, ASKERS['member without access']].map((one) => one.actor.id)]]),
    }),
    proposal: proposal({ rules: rules(POLICIES[policy]) }),
    ...(policy === 'approvals' && { plan: plan(), records: records({ planHash: 'hash' }) }),
    ...(policy === 'locked' && { records: records({ lock: LOCK }) }),
  })
}

const LOCK = lockOn('shop/staging', { owner: { id: 30, login: 'linus' } })

const LETTERS: Record<string, string> = { PERMISSION_REQUIRED: 'P', ACTOR_CHANGED: 'C', LOCKED: 'L', FROZEN: 'F' }

function letterOf(asked: Situation): string {
  const decision = decide(asked)
  if ('refusal' in decision) return LETTERS[decision.refusal.problem.code] ?? decision.refusal.problem.code
  return 'wait' in decision ? 'w' : '+'
}

describe.each(Object.keys(POLICIES) as Policy[])('under the rules: %s', (policy) => {
  test.each(Object.keys(ASKERS) as Who[])('%s', (who) => {
    expect(DOORS.map((door) => letterOf(cell(who, door, policy))).join('')).toBe(RIGHT[who][policy])
  })
})

test('whoever is refused for what they may is told which role is needed, or who is named', () => {
  const told = (Object.keys(ASKERS) as Who[]).flatMap((who) =>
    (Object.keys(POLICIES) as Policy[]).flatMap((policy) => {
      const decision = decide(cell(who, 'comment', policy))
      return 'refusal' in decision && decision.refusal.problem.code === 'PERMISSION_REQUIRED' ? [decision.refusal.problem.wanted] : []
    }),
  )
  expect(new Set(told)).toEqual(
    new Set([
      'role write or higher on this repository',
      'role maintain or higher on this repository',
      'role admin or higher on this repository',
      'one of team:acme/releasers',
      'one of user:Max, user:rita, user:lena, app:77',
      'one of the Apps under allow.any, where there is none yet',
    ]),
  )
})
