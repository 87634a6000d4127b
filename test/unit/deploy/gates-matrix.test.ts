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

/** Ada, an administrator, has begun the run and made the token: that counts for nothing. */
function workflow(different: object): Asker {
  const program = { kind: 'workflow', file: 'release.yml', ref: 'refs/heads/main', environment: null, run: 1, attempt: 1, ...different } as const
  return { actor: { id: 15, login: 'ada', app: null, program }, now: { id: 15, login: 'ada', role: 'none' } }
}
function token(different: object, now: number | null = 15): Asker {
  const program = { kind: 'token', id: 'k3v9x2m1q8', name: 'ci', environments: ['stag*'], ...different } as const
  return { actor: { id: 15, login: 'ada', app: null, program }, now: { id: now, login: 'ada', role: 'none' } }
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
  'workflow that is named': workflow({}),
  'workflow of another branch': workflow({ ref: 'refs/heads/feature' }),
  'workflow of another file': workflow({ file: 'ci.yml' }),
  'workflow for another environment': workflow({ environment: 'production' }),
  'workflow for this environment': workflow({ environment: 'Staging' }),
  'workflow of a branch that is named': workflow({ file: 'hotfix.yml', ref: 'refs/heads/hotfix/7' }),
  'token that is named': token({}),
  'token for other environments': token({ environments: ['prod-*', 'STAGING'] }),
  'token of another name': token({ name: 'cd' }),
  'token that was revoked': token({}, null),
} satisfies Record<string, Asker>
type Who = keyof typeof ASKERS

const DOORS: readonly Door[] = ['comment', 'label', 'push', 'checks', 'package', 'api', 'button', 'page']

const WEEK_END: EnvironmentRules['freeze'][number] = { from: { day: 0, minute: 0 }, to: { day: 2, minute: 0 }, zone: 'UTC' }
const SECOND_PERSON: EnvironmentRules['approvals'] = { count: 1, by: [], not: ['requester', 'author', 'pusher'], expire: 3_600_000 }

const POLICIES = {
  default: {},
  maintain: { allow: { role: 'maintain', any: [] } },
  // Its members: wanda, rita and milo.
  team: { allow: { role: 'write', any: [{ kind: 'team', organisation: 'acme', slug: 'releasers' }] } },
  // A user who is named still needs the role.
  named: { allow: { role: 'write', any: [{ kind: 'user', login: 'Max' }, { kind: 'user', login: 'rita' }, { kind: 'user', login: 'lena' }, { kind: 'app', app: 77 }, { kind: 'workflow', file: 'release.yml', ref: null }, { kind: 'workflow', file: 'hotfix.yml', ref: 'hotfix/*' }, { kind: 'token', name: 'ci' }] } }, // prettier-ignore
  approvals: { allow: { role: 'admin', any: [] }, approvals: SECOND_PERSON },
  locked: {},
  frozen: { freeze: [WEEK_END] },
} satisfies Record<string, Partial<EnvironmentRules>>
type Policy = keyof typeof POLICIES

/**
 * A letter for each door, in the order above: `+` allowed, `P` PERMISSION_REQUIRED, `C` ACTOR_CHANGED, `L` LOCKED (by somebody else),
 * `F` FROZEN, `w` waits. What begins by itself is the configuration's own act: nobody is judged as its actor.
 */
type Right = Record<Policy, string>
/** By these rules they may do nothing. */
const NOBODY: Right = {
  default: 'PP+++PPP',
  maintain: 'PP+++PPP',
  team: 'PP+++PPP',
  named: 'PP+++PPP',
  approvals: 'PPwwwPPP',
  locked: 'PPLLLPPP',
  frozen: 'PPwwwPPP',
}
/** Nothing but a role. */
const WRITER: Right = {
  default: '++++++++',
  maintain: 'PP+++PPP',
  team: 'PP+++PPP',
  named: 'PP+++PPP',
  approvals: 'PPwwwPPP',
  locked: 'LLLLLLLL',
  frozen: 'FFwwwFFF',
}
/** Whoever they were, they are not the same any more. */
const CHANGED: Right = {
  default: 'CC+++CCC',
  maintain: 'CC+++CCC',
  team: 'CC+++CCC',
  named: 'CC+++CCC',
  approvals: 'CCwwwCCC',
  locked: 'CCLLLCCC',
  frozen: 'CCwwwCCC',
}
/** Only where they are named. */
const NAMED: Right = {
  default: 'PP+++PPP',
  maintain: 'PP+++PPP',
  team: 'PP+++PPP',
  named: '++++++++',
  approvals: 'PPwwwPPP',
  locked: 'PPLLLPPP',
  frozen: 'PPwwwPPP',
}

const RIGHT: Record<Who, Right> = {
  nobody: NOBODY,
  reader: NOBODY,
  triager: NOBODY,
  writer: {
    default: '++++++++',
    maintain: 'PP+++PPP',
    team: '++++++++',
    named: 'PP+++PPP',
    approvals: 'PPwwwPPP',
    locked: 'LLLLLLLL',
    frozen: 'FFwwwFFF',
  },
  maintainer: {
    default: '++++++++',
    maintain: '++++++++',
    team: 'PP+++PPP',
    named: '++++++++',
    approvals: 'PPwwwPPP',
    locked: 'LLLLLLLL',
    frozen: 'FFwwwFFF',
  },
  administrator: {
    default: '++++++++',
    maintain: '++++++++',
    team: 'PP+++PPP',
    named: 'PP+++PPP',
    approvals: 'wwwwwwww',
    locked: 'LLLLLLLL',
    frozen: 'FFwwwFFF',
  },
  'custom role on read': NOBODY,
  'custom role on write': WRITER,
  'member without access': NOBODY,
  'outside collaborator': WRITER,
  'account that is gone': CHANGED,
  'login of somebody else now': CHANGED,
  'machine account': NOBODY,
  'App that is named': NAMED,
  'other App of that name': NOBODY,
  'workflow that is named': NAMED,
  'workflow of another branch': NOBODY,
  'workflow of another file': NOBODY,
  'workflow for another environment': NOBODY,
  'workflow for this environment': NAMED,
  'workflow of a branch that is named': NAMED,
  'token that is named': NAMED,
  'token for other environments': NOBODY,
  'token of another name': NOBODY,
  'token that was revoked': NOBODY,
}

/** The same deployment as it comes in at a door: on a pull request by hand, of the default branch by itself. */
const BY_HAND = {
  ...{ comment: {}, label: { comment: null, headSeen: HEAD }, button: { comment: null, headSeen: HEAD } },
  ...{ api: { comment: null, subject: null }, page: { comment: null, subject: null } },
} satisfies Partial<Record<Door, Partial<DeployRequest>>>
const isByHand = (door: Door): door is keyof typeof BY_HAND => door in BY_HAND
const BY_ITSELF: Partial<DeployRequest> = { comment: null, subject: null, headSeen: HEAD }

function cell(who: Who, door: Door, policy: Policy): Situation {
  const { actor, now } = ASKERS[who]
  const asked: Partial<DeployRequest> = { ...(isByHand(door) ? BY_HAND[door] : BY_ITSELF), door, actor }
  return situation({
    request: request(asked),
    facts: facts({
      actor: now,
      comment: door === 'comment' ? 'unchanged' : 'none',
      ...(asked.subject === null && { pull: null, ref: { name: 'main', commit: HEAD } }),
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
      'one of user:Max, user:rita, user:lena, app:77, workflow:release.yml, workflow:hotfix.yml@hotfix/*, token:ci',
      'one of the programs under allow.any, where there is none yet',
      'an environment that it was made or started for',
      'a token that is valid when the deployment begins, too',
    ]),
  )
})
