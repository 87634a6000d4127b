import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Party } from '../../../src/deploy/environment.ts'
import type { Look } from '../../../src/deploy/source.ts'
import type { Person } from '../../world/github/people.ts'
import { Asking } from './asking.ts'
import { Desk } from './desk.ts'

const team = (slug: string, organisation = 'acme'): Party => ({ kind: 'team', organisation, slug })
const who = ({ id, login }: Person) => ({ id, login })

describe('who somebody is', () => {
  let desk: Desk
  let asking: Asking
  beforeEach(async () => {
    desk = new Desk()
    asking = new Asking(desk)
    await desk.time.passes('1 hour')
  })
  afterEach(() => {
    desk.github.verdict()
  })

  describe('teams and people', () => {
    const look = async (besides: Look, part: 'members' | 'roles') =>
      Object.fromEntries<unknown>((await desk.source.look(asking.request(asking.said()), besides))[part])
    const members = async (parties: readonly Party[], more: Look = {}) => look({ parties, ...more }, 'members')
    const roles = async (people: readonly Person[]) => look({ people: people.map(who) }, 'roles')

    test('which of the actor and the others are in them', async () => {
      const { ada, grace, trent } = desk.github.people
      desk.github.team('acme/releasers', [ada, trent])
      desk.github.team('acme/leads', [grace])
      const people = [who(grace), who(trent)]
      expect(await members([team('releasers'), team('leads')], { people })).toEqual({
        'team:acme/releasers': [ada.id, trent.id],
        'team:acme/leads': [grace.id],
      })
    })

    test('a member of a team below is a member', async () => {
      desk.github.team('acme/releasers', [])
      desk.github.team('acme/night-shift', [desk.github.people.ada], 'acme/releasers')
      expect(await members([team('releasers')])).toEqual({ 'team:acme/releasers': [desk.github.people.ada.id] })
    })

    test('a login that contains another one is another person', async () => {
      desk.github.team('acme/releasers', [desk.github.joins('ada-lovelace')])
      expect(await members([team('releasers')])).toEqual({ 'team:acme/releasers': [] })
    })

    test('more hits than a page holds, without the one that is looked for: nobody knows', async () => {
      desk.github.team(
        'acme/releasers',
        Array.from({ length: 101 }, (_, index) => desk.github.joins(`ada${index}`)),
      )
      expect(await asking.failing(asking.request(asking.said()), { parties: [team('releasers')] })).toBe('GITHUB_UNAVAILABLE')
    })

    test.each([team('nobody-made-it'), team('releasers', 'no-such-organisation')])('a team that does not exist has no members: %j', async (party) => {
      expect(Object.values(await members([party]))).toEqual([[]])
    })

    test('a team that cannot be read is a failure, where somebody asks for it', async () => {
      desk.github.team('acme/releasers', [desk.github.people.ada])
      expect(Object.keys(await members([team('releasers')]))).toHaveLength(1)
      desk.github.installation.permissions.delete('members')
      desk.starts()
      expect(await asking.failing(asking.request(asking.said()), { parties: [team('releasers')] })).toBe('GITHUB_REFUSED')
      expect(await members([])).toEqual({})
    })

    test('users and Apps are not asked for: a rule names them as they are', async () => {
      expect(
        await members([
          { kind: 'user', login: 'ada' },
          { kind: 'app', app: 'robot' },
        ]),
      ).toEqual({})
    })

    test('are remembered for the repository: asked for unasked, in the same query', async () => {
      desk.github.team('acme/releasers', [desk.github.people.ada])
      const asked = asking.request(asking.said())
      expect(await members([])).toEqual({})
      await members([team('releasers')])
      expect(await asking.calls(asked)).toHaveLength(3)
      expect(await members([])).toEqual({ 'team:acme/releasers': [desk.github.people.ada.id] })
    })

    test('one that is remembered and can no longer be read stops nobody', async () => {
      desk.github.team('acme/releasers', [desk.github.people.ada])
      await members([team('releasers')])
      for (const { permissions } of desk.github.auth.tokens) (permissions as Map<string, string>).delete('members')
      expect(await members([])).toEqual({})
      expect(await asking.failing(asking.request(asking.said()), { parties: [team('releasers')] })).toBe('GITHUB_REFUSED')
    })

    test('the roles of others, each by the account that was meant', async () => {
      const { grace, trent, ada } = desk.github.people
      expect(await roles([grace, trent, ada])).toEqual({ [grace.id]: 'admin', [trent.id]: 'triage', [ada.id]: 'write' })
      const known = who(grace)
      grace.account.login = 'grace-hopper'
      desk.github.repository.roles.set(desk.github.joins('grace').id, { role: 'admin', name: 'admin' })
      expect(await look({ people: [known] }, 'roles')).toEqual({ [grace.id]: 'none' })
    })

    test('a role that cannot be read is a failure', async () => {
      const asked = asking.request(asking.said())
      desk.github.answers(502).to('GET /repos/{owner}/{repo}/collaborators/{username}/permission')
      expect(await asking.failing(asked, { people: [who(desk.github.people.grace)] })).toBe('PERMISSION_UNREADABLE')
    })
  })

  describe('an App as the actor', () => {
    test('has no role, is in no team, and nobody is asked about it', async () => {
      desk.github.team('acme/releasers', [desk.github.people.ada])
      const { robot } = desk.github.people
      const asked = asking.request(robot.comments(desk.pull, '/deploy'), {}, desk.pull, robot)
      expect(await asking.calls(asked)).toHaveLength(2)
      const facts = await desk.source.look(asked, { parties: [team('releasers')] })
      expect(facts.actor).toEqual({ id: robot.id, login: 'robot[bot]', role: 'none' })
      expect(facts.members).toEqual(new Map([['team:acme/releasers', []]]))
    })
  })
})
