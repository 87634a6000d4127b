import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { GitHub, GraphqlError } from '../../../src/bot/github.ts'
import { createSource } from '../../../src/bot/source.ts'
import type { CheckResult, Facts, Look, Review } from '../../../src/deploy/source.ts'
import type { Person } from '../../world/github/people.ts'
import { Asking } from './asking.ts'
import { Desk } from './desk.ts'

interface Answered {
  readonly pull: {
    readonly baseRef: { readonly compare: { readonly headTarget: { oid: string } } }
    readonly commits: { readonly nodes: readonly { readonly commit: { oid: string } }[] }
  }
  readonly errors: GraphqlError[]
}

describe('what the gates judge', () => {
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
  const pull = async (besides: Look = {}): Promise<NonNullable<Facts['pull']>> => {
    const facts = await desk.source.look(asking.request(asking.said()), besides)
    if (facts.pull === null) throw new Error('no pull request')
    return facts.pull
  }
  /** GitHub answers the query a little otherwise than the simulated one would. */
  const answering = async (change: (answer: Answered) => void): Promise<NonNullable<Facts['pull']>> => {
    const reading: GitHub['reading'] = (where) => {
      const client = desk.door.reading(where)
      const graphql: typeof client.graphql = async (...question) => {
        const answer = structuredClone(await client.graphql(...question))
        const { repository } = answer.data as { repository: { issueOrPullRequest: Answered['pull'] } }
        change({ pull: repository.issueOrPullRequest, errors: answer.errors as Answered['errors'] })
        return answer
      }
      return { ...client, graphql }
    }
    const facts = await createSource({ ...desk.door, reading }, desk.github.identity.id, desk.time).look(asking.request(asking.said()))
    return facts.pull as NonNullable<Facts['pull']>
  }
  const who = ({ id, login }: Person) => ({ id, login })

  describe('checks', () => {
    const checks = async (besides: Look = {}): Promise<readonly CheckResult[] | null> => {
      const { commit } = await desk.source.look(asking.request(asking.said()), besides)
      return commit?.checks ?? null
    }
    const told = async () => (await checks())?.map(({ name, app, outcome, state }) => [name, app, outcome, state].join(' '))

    test.each([
      ['queued', 'pending QUEUED'],
      ['in_progress', 'pending IN_PROGRESS'],
      ['success', 'success SUCCESS'],
      ['neutral', 'success NEUTRAL'],
      ['skipped', 'success SKIPPED'],
      ['failure', 'failure FAILURE'],
      ['cancelled', 'failure CANCELLED'],
      ['timed_out', 'failure TIMED_OUT'],
      ['action_required', 'failure ACTION_REQUIRED'],
    ])('a check run that is %s', async (result, outcome) => {
      desk.github.checks(head(), 'build', result)
      expect(await told()).toEqual([`build github-actions ${outcome}`])
    })

    test.each([
      ['success', 'success SUCCESS'],
      ['pending', 'pending PENDING'],
      ['failure', 'failure FAILURE'],
      ['error', 'failure ERROR'],
    ])('a commit status that is %s, of nobody in particular', async (state, outcome) => {
      desk.github.checks(head(), 'build', state, { app: null })
      expect(await told()).toEqual([`build  ${outcome}`])
    })

    test('the same name from another App, or as a status, is another check', async () => {
      desk.github.checks(head(), 'build', 'failure')
      desk.github.checks(head(), 'build', 'success', { app: 'sneaky' })
      desk.github.checks(head(), 'build', 'success', { app: null })
      expect(await told()).toEqual(['build github-actions failure FAILURE', 'build sneaky success SUCCESS', 'build  success SUCCESS'])
    })

    test('the newest run of a check counts, whichever way it went', async () => {
      desk.github.checks(head(), 'build', 'failure')
      desk.github.checks(head(), 'build', 'success')
      desk.github.checks(head(), 'lint', 'success')
      await desk.time.passes('1 minute')
      desk.github.checks(head(), 'lint', 'queued')
      expect(await told()).toEqual(['build github-actions success SUCCESS', 'lint github-actions pending QUEUED'])
    })

    test('our own are left out, or a gate would wait for itself', async () => {
      desk.github.checks(head(), 'Gantry / staging', 'in_progress', { app: 'gantry' })
      desk.github.checks(head(), 'build', 'success')
      expect(await told()).toEqual(['build github-actions success SUCCESS'])
    })

    test('are those of the commit that is judged, not of another one', async () => {
      const settled = head()
      desk.github.checks(settled, 'build', 'failure')
      desk.github.people.ada.pushes('checkout')
      expect(await checks()).toEqual([])
      expect(await checks({ commit: settled })).toHaveLength(1)
    })

    test('more than a page: unknown, and never green', async () => {
      for (let index = 0; index < 100; index++) desk.github.checks(head(), `build ${index}`, 'success')
      expect(await checks()).toHaveLength(100)
      desk.github.checks(head(), 'the last one', 'failure')
      expect(await checks()).toBeNull()
    })

    test.each(['checks', 'statuses'])('without the permission %s: unknown, and all else is known', async (permission) => {
      desk.github.checks(head(), 'build', 'success')
      desk.github.checks(head(), 'legacy', 'success', { app: null })
      desk.github.installation.permissions.delete(permission)
      const facts = await desk.source.look(asking.request(asking.said()))
      expect(facts.commit).toMatchObject({ sha: head(), checks: null })
      expect(facts.pull?.reviews).toEqual([])
    })
  })

  describe('reviews', () => {
    const reviews = async (): Promise<readonly string[] | undefined> => (await pull()).reviews?.map(spelled)
    const spelled = ({ author, isApproval, commit, counts }: Review): string =>
      [author.login, isApproval ? 'yes' : 'no', commit === head() ? 'head' : 'older', counts ? 'counts' : 'counts for nothing'].join(' ')

    test('of somebody who may push, of a reader, of an App', async () => {
      const { grace, eve, robot } = desk.github.people
      desk.github.repository.roles.set(robot.id, { role: 'write', name: 'write' })
      for (const person of [grace, eve, robot]) person.reviews(desk.pull, 'approve')
      expect(await reviews()).toEqual(['grace yes head counts', 'eve yes head counts for nothing', 'robot yes head counts for nothing'])
    })

    test('of an earlier commit', async () => {
      desk.github.people.grace.reviews(desk.pull, 'approve')
      desk.github.people.ada.pushes('checkout')
      expect(await reviews()).toEqual(['grace yes older counts'])
    })

    test('the last opinion counts, and a comment is none', async () => {
      const { grace } = desk.github.people
      grace.reviews(desk.pull, 'approve')
      grace.reviews(desk.pull, 'request changes')
      grace.reviews(desk.pull, 'comment')
      expect(await reviews()).toEqual(['grace no head counts'])
    })

    test('one that was dismissed is gone, and does not bring back the one before', async () => {
      const { grace, ada } = desk.github.people
      grace.reviews(desk.pull, 'approve')
      ada.dismisses(desk.pull, grace.reviews(desk.pull, 'request changes'))
      expect(await reviews()).toEqual([])
    })

    test('more than a page: unknown', async () => {
      for (let index = 0; index < 100; index++) desk.github.joins(`reviewer-${index}`).reviews(desk.pull, 'approve')
      expect(await reviews()).toHaveLength(100)
      desk.github.people.grace.reviews(desk.pull, 'request changes')
      expect(await reviews()).toBeUndefined()
    })

    test('of which a part cannot be read are unknown', async () => {
      desk.github.people.grace.reviews(desk.pull, 'approve')
      desk.github.fails('authorCanPushToRepository', 'Resource not accessible by integration', 403)
      expect((await pull()).reviews).toBeNull()
      const path = ['repository', 'issueOrPullRequest', 'latestOpinionatedReviews', 'nodes', 0, 'commit']
      expect((await answering(({ errors }) => void errors.push({ type: 'FORBIDDEN', path, message: 'no' }))).reviews).toBeNull()
    })

    test('that cannot be read are unknown, not none', async () => {
      desk.github.people.grace.reviews(desk.pull, 'approve')
      desk.github.fails('latestOpinionatedReviews', 'Resource not accessible by integration', 403)
      expect((await pull()).reviews).toBeNull()
      desk.github.fails('latestOpinionatedReviews')
      expect(await asking.failing(asking.request(asking.said()))).toBe('GITHUB_UNAVAILABLE')
    })
  })

  describe('the pull request', () => {
    test('a draft, until it is ready', async () => {
      desk.github.people.ada.marksDraft(desk.pull)
      expect((await pull()).isDraft).toBe(true)
      desk.github.people.ada.marksReady(desk.pull)
      expect((await pull()).isDraft).toBe(false)
    })

    test.each([
      ['MERGEABLE', 'clean'],
      ['CONFLICTING', 'conflicting'],
      ['UNKNOWN', 'unknown'],
    ] as const)('is %s: %s', async (now, merge) => {
      desk.github.mergeable(desk.pull, now)
      expect((await pull()).merge).toBe(merge)
    })

    test('how far it is behind its base', async () => {
      expect((await pull()).behind).toBe(0)
      desk.github.people.grace.pushes('main')
      desk.github.people.grace.pushes('main')
      expect((await pull()).behind).toBe(2)
    })

    test('of a fork: how far it is behind, and whose it is, but not who pushed', async () => {
      const { eve, ada } = desk.github.people
      const from = eve.opensPullRequest({ from: desk.github.forks(eve), branch: 'main2' })
      desk.github.people.grace.pushes('main')
      const facts = await desk.source.look(asking.request(ada.comments(from, '/deploy'), {}, from))
      expect(facts.pull).toMatchObject({ isFork: true, behind: 1, author: who(eve), pusher: null })
    })

    test('compared with another head than it has: nobody can tell', async () => {
      expect((await answering(({ pull: found }) => void (found.baseRef.compare.headTarget.oid = 'f'.repeat(40)))).behind).toBeNull()
    })

    test('whose last commit is not its head: nobody knows yet', async () => {
      const looked = answering(({ pull: found }) => void (found.commits.nodes[0]!.commit.oid = 'f'.repeat(40)))
      await expect(looked).rejects.toMatchObject({ problem: { code: 'HEAD_UNSETTLED' } })
    })

    test('a base branch that is gone: nobody can tell', async () => {
      desk.github.repository.branches.delete('main')
      expect((await pull()).behind).toBeNull()
    })

    test('who opened it and who pushed last are two people', async () => {
      desk.github.people.grace.pushes('checkout')
      expect(await pull()).toMatchObject({ author: who(desk.github.people.ada), pusher: who(desk.github.people.grace) })
    })

    test('an App’s has no author that could be a person', async () => {
      desk.github.repository.roles.set(desk.github.people.robot.id, { role: 'write', name: 'write' })
      const opened = desk.github.people.robot.opensPullRequest({ branch: 'bump' })
      const facts = await desk.source.look(asking.request(desk.github.people.ada.comments(opened, '/deploy'), {}, opened))
      expect(facts.pull?.author).toBeNull()
    })
  })

  describe('since when the head is the head', () => {
    test('the API lags behind the list of pushes: nobody knows yet', async () => {
      const asked = asking.request(asking.said())
      desk.github.lags(30_000, 'query')
      desk.github.people.grace.pushes('checkout')
      expect(await asking.failing(asked)).toBe('HEAD_UNSETTLED')
      await desk.time.passes('30 seconds')
      expect((await desk.source.look(asked)).pull).toMatchObject({ head: head(), pusher: who(desk.github.people.grace) })
    })

    test('a branch that the list does not know proves nothing', async () => {
      const { pushes } = desk.github.repository
      pushes.splice(0, pushes.length, ...pushes.filter(({ ref }) => ref !== 'refs/heads/checkout'))
      expect(await pull()).toMatchObject({ headSince: null, pusher: null })
    })
  })

  describe('the commit', () => {
    test('with and without a signature that GitHub could verify', async () => {
      expect((await desk.source.look(asking.request(asking.said()))).commit?.isSigned).toBe(false)
      desk.github.people.ada.pushes('checkout', { isSigned: true })
      expect((await desk.source.look(asking.request(asking.said()))).commit?.isSigned).toBe(true)
    })

    test('a squash holds what the head held; trees of what is no commit here are not told', async () => {
      const { ada } = desk.github.people
      ada.pushes('checkout', { to: head() })
      const other = ada.opensPullRequest({ branch: 'tidy' })
      const built = other.pull?.head ?? ''
      const squashed = ada.squashes(other)
      const junk = ['main', `${built}"`, built.toUpperCase(), 'f'.repeat(40)]
      const facts = await desk.source.look(asking.automatic(squashed), { built: [built, ...junk] })
      expect(facts.commit?.sha).toBe(squashed)
      expect(facts.trees).toEqual(new Map([[built, facts.commit?.tree]]))
    })

    test('more than five are not asked about', async () => {
      const shas = Array.from({ length: 7 }, (_, index) => desk.github.people.ada.pushes(`b${index}`))
      expect((await desk.source.look(asking.automatic(null), { built: shas })).trees.size).toBe(5)
    })

    test('that GitHub does not know', async () => {
      expect((await desk.source.look(asking.request(asking.said()), { commit: 'f'.repeat(40) })).commit).toBeNull()
      expect((await desk.source.look(asking.request(asking.said()), { commit: 'main' })).commit).toBeNull()
    })

    test('none matters: neither pushes, checks nor reviews are read', async () => {
      desk.github.checks(head(), 'build', 'failure')
      desk.github.people.grace.reviews(desk.pull, 'approve')
      const asked = asking.request(asking.said())
      expect(await asking.calls(asked, { commit: null })).toHaveLength(2)
      const facts = await desk.source.look(asked, { commit: null })
      expect(facts).toMatchObject({ commit: null, actor: { role: 'write' }, comment: 'unchanged' })
      expect(facts.pull).toMatchObject({ head: head(), headSince: null, reviews: null, behind: null })
    })
  })
})
