import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NOTHING_ASKED } from '../../../src/deploy/deployment.ts'
import { Asking } from './asking.ts'
import { Desk } from './desk.ts'

describe('which commit a ref is', () => {
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

  const head = (): string => desk.pull.pull?.head ?? ''
  const main = (): string => desk.github.repository.branches.get('main') ?? ''
  const meant = async (ref: string) => (await desk.source.look(asking.withRef(ref))).ref
  const COMPARE = 'GET /repos/{owner}/{repo}/compare/{basehead}'

  describe('--ref as a whole commit id', () => {
    test('on the pull request: its head, what was its head, and what the default branch holds', async () => {
      const before = head()
      desk.github.people.ada.pushes('checkout')
      for (const commit of [head(), before]) expect(await meant(commit)).toEqual({ name: commit, commit, isOfPull: true })
      expect(await meant(main())).toEqual({ name: main(), commit: main() })
    })

    test('on a plain issue: what the default branch holds, and not what only a pull request has', async () => {
      const issue = desk.github.people.ada.opensIssue()
      const before = main()
      desk.github.people.grace.pushes('main')
      const look = async (ref: string) => (await desk.source.look(asking.withRef(ref, issue))).ref
      expect(await look(before)).toEqual({ name: before, commit: before })
      expect(await look(head())).toBeNull()
    })

    test('another branch’s, a fork’s, one that was thrown away, one that is none: no', async () => {
      const { ada, eve, grace } = desk.github.people
      const elsewhere = grace.pushes('elsewhere')
      const fork = desk.github.forks(eve)
      const forked = eve.opensPullRequest({ from: fork, branch: 'evil' }).pull?.head ?? ''
      const thrownAway = head()
      ada.pushes('checkout', { force: true })
      for (const commit of [elsewhere, forked, thrownAway, 'f'.repeat(40)]) expect(await meant(commit)).toBeNull()
    })

    test('judges that commit: its checks, its tree', async () => {
      const before = head()
      desk.github.checks(before, 'build', 'success')
      desk.github.people.ada.pushes('checkout')
      const facts = await desk.source.look(asking.withRef(before))
      expect(facts.commit).toMatchObject({ sha: before, checks: [{ name: 'build' }] })
    })

    test('a branch or a tag that is named like one is never meant', async () => {
      const name = main()
      desk.github.people.grace.pushes('trap')
      desk.github.repository.branches.set('f'.repeat(40), head())
      desk.github.tags('e'.repeat(40), head())
      desk.github.repository.branches.set(name, head())
      expect(await meant('f'.repeat(40))).toBeNull()
      expect(await meant('e'.repeat(40))).toBeNull()
      expect(await meant(name)).toEqual({ name, commit: name })
    })

    test('the id of a tag’s own object is no commit', async () => {
      desk.github.tags('v1', head(), { isAnnotated: true })
      expect(await meant(desk.github.repository.tags.get('v1') ?? '')).toBeNull()
    })

    test('shorter, longer or in capitals it is a name like any other', async () => {
      const whole = head()
      for (const ref of [whole.slice(0, 7), `${whole}0`, whole.toUpperCase()]) expect(await meant(ref)).toBeNull()
      desk.github.repository.branches.set(whole.slice(0, 7), main())
      expect(await meant(whole.slice(0, 7))).toMatchObject({ name: whole.slice(0, 7), commit: main() })
    })

    test('costs one comparison with each of the two histories; a head itself costs none', async () => {
      const before = head()
      desk.github.people.ada.pushes('checkout')
      expect(await asking.calls(asking.withRef(before))).toHaveLength(4)
      expect(await asking.calls(asking.withRef(head()))).toHaveLength(3)
    })

    test('that cannot be compared is a failure, not a no', async () => {
      const before = head()
      desk.github.people.ada.pushes('checkout')
      const asked = asking.withRef(before)
      desk.github.answers(502).to(COMPARE)
      expect(await asking.failing(asked)).toBe('GITHUB_UNAVAILABLE')
    })
  })

  describe('--ref as a name', () => {
    test('a tag, and an annotated one, which stands for its commit', async () => {
      desk.github.checks(head(), 'build', 'success')
      desk.github.tags('light', head())
      desk.github.tags('v1', head(), { isAnnotated: true })
      for (const name of ['light', 'v1']) {
        const facts = await desk.source.look(asking.withRef(name))
        expect(facts.ref).toEqual({ name, commit: head() })
        expect(facts.commit).toMatchObject({ sha: head(), checks: [{ name: 'build' }] })
      }
      expect(await asking.calls(asking.withRef('v1'))).toHaveLength(3)
    })

    test('a branch goes before a tag of the same name', async () => {
      desk.github.tags('checkout', main())
      expect(await meant('checkout')).toMatchObject({ name: 'checkout', commit: head() })
    })

    test('of a branch it is told since when it is its head, so that a push after the comment is seen', async () => {
      const pushed = desk.github.people.grace.pushes('checkout')
      expect(await meant('checkout')).toEqual({ name: 'checkout', commit: pushed, since: desk.time.now() })
      desk.github.tags('light', head())
      expect(await meant('light')).toEqual({ name: 'light', commit: head() })
    })
  })

  describe('what begins by itself', () => {
    test('the commit that was pushed, though the branch has moved on', async () => {
      const pushed = desk.github.people.grace.pushes('main')
      desk.github.people.grace.pushes('main')
      const facts = await desk.source.look(asking.automatic(pushed))
      expect(facts).toMatchObject({ pull: null, ref: { name: 'main', commit: pushed }, commit: { sha: pushed }, comment: 'none' })
    })

    test('another branch by its name; without a commit its tip', async () => {
      expect((await desk.source.look(asking.automatic(head(), 'checkout'))).ref).toEqual({ name: 'checkout', commit: head() })
      const facts = await desk.source.look(asking.automatic(null, 'checkout'))
      expect(facts).toMatchObject({ ref: { name: 'checkout', commit: head() }, commit: { sha: head() } })
    })

    test('the default branch’s head where nothing is named; one call', async () => {
      const facts = await desk.source.look(asking.automatic(null))
      expect(facts).toMatchObject({ ref: { name: 'main', commit: main() }, commit: { sha: main() } })
      expect(await asking.calls(asking.automatic(null))).toHaveLength(1)
    })

    test('a branch that is gone', async () => {
      expect((await desk.source.look(asking.automatic(head(), 'gone'))).ref).toBeNull()
    })

    test('and a label on a pull request: its head, whatever the label saw', async () => {
      const asked = asking.request(null, { headSeen: 'f'.repeat(40), asks: NOTHING_ASKED })
      expect(await desk.source.look(asked)).toMatchObject({ ref: null, commit: { sha: head() }, pull: { head: head() } })
    })
  })

  describe('calls', () => {
    test('with every gate on: three at first, then two and one for each who approved', async () => {
      const { grace, ada } = desk.github.people
      desk.github.team('acme/leads', [grace])
      desk.github.checks(head(), 'build', 'success')
      grace.reviews(desk.pull, 'approve')
      const parties = [{ kind: 'team', organisation: 'acme', slug: 'leads' }] as const
      const asked = asking.request(asking.said())
      expect(await asking.calls(asked)).toHaveLength(3)
      // Which teams the configuration names is not known before it was read: once for each repository.
      expect(await asking.calls(asked, { parties })).toHaveLength(3)
      expect(await asking.calls(asked)).toHaveLength(3)
      const people = [{ id: grace.id, login: 'grace' }]
      const last = await asking.calls(asked, { commit: head(), built: [main()], parties, people })
      expect(last.toSorted()).toEqual([
        'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
        'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
        'POST /graphql repository repository node organization',
      ])
      expect(await asking.calls(asked, { commit: head(), people: [{ id: ada.id, login: 'ada' }] })).toHaveLength(2)
    })
  })
})
