import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { NOTHING_ASKED } from '../../../src/deploy/deployment.ts'
import { openHome } from '../../world/github/home.ts'
import type { Comment } from '../../world/github/state.ts'
import { Asking } from './asking.ts'
import { Desk } from './desk.ts'

describe('the facts that GitHub gives', () => {
  let desk: Desk
  beforeEach(async () => {
    desk = new Desk()
    await desk.time.passes('1 hour')
  })
  afterEach(() => {
    desk.github.verdict()
  })

  const request: Asking['request'] = (...about) => new Asking(desk).request(...about)
  const said: Asking['said'] = (...words) => new Asking(desk).said(...words)
  const failing: Asking['failing'] = (...asked) => new Asking(desk).failing(...asked)
  const somebody = (name: 'ada' | 'grace') => ({ id: desk.github.people[name].id, login: name })

  test('a comment on a pull request, with three calls side by side', async () => {
    desk.github.has('.github/deploy.yml', 'version: 1\n')
    const pushedAt = desk.github.repository.pushes.find(({ after }) => after === desk.pull.pull?.head)
    const facts = await desk.source.look(request(said()))
    expect(facts).toEqual({
      actor: { id: desk.github.people.ada.id, login: 'ada', role: 'write' },
      repository: { isPrivate: desk.github.repository.isPrivate, defaultBranch: 'main' },
      comment: 'unchanged',
      pull: {
        ...{ state: 'open', isFork: false, isDraft: false, branch: 'checkout', base: 'main', head: desk.pull.pull?.head },
        ...{ headSince: expect.any(Number), pusher: somebody('ada'), author: somebody('ada'), merge: 'clean', behind: 1, reviews: [] },
      },
      ref: null,
      commit: { sha: desk.pull.pull?.head, tree: expect.stringMatching(/^[0-9a-f]{40}$/), isSigned: false, checks: [] },
      ...{ trees: new Map(), members: new Map(), roles: new Map() },
      configuration: { blob: expect.stringMatching(/^[0-9a-f]{40}$/), text: 'version: 1\n' },
      account: null,
    })
    expect(pushedAt).toBeDefined()
    expect(facts.pull?.headSince).toBeLessThan(desk.time.now())
    expect(desk.calls()).toHaveLength(3)
  })

  test('since when the head is the head is asked only while the commit is not settled', async () => {
    const asked = request(said())
    const before = desk.calls().length
    expect((await desk.source.look(asked, { commit: desk.pull.pull?.head ?? '' })).pull).toMatchObject({
      head: desk.pull.pull?.head,
      headSince: null,
      pusher: null,
    })
    expect(desk.calls().slice(before).join()).not.toContain('activity')
  })

  test('a push after the comment has its time', async () => {
    const comment = said()
    await desk.time.passes('10 seconds')
    const head = desk.github.people.ada.pushes('checkout')
    const facts = await desk.source.look(request(comment))
    expect(facts.pull).toMatchObject({ head, headSince: desk.time.now() })
  })

  test('a list of pushes that lags behind the head: nobody knows yet', async () => {
    const comment = said()
    desk.github.lags(60_000, 'GET /repos/{owner}/{repo}/activity')
    desk.github.people.ada.pushes('checkout')
    expect(await failing(request(comment))).toBe('HEAD_UNSETTLED')
    await desk.time.passes('1 minute')
    expect((await desk.source.look(request(comment))).pull?.head).toBe(desk.pull.pull?.head)
  })

  test('a head that many pushes elsewhere have buried is looked for on its branch', async () => {
    for (let index = 0; index < 40; index++) desk.github.people.grace.pushes(`other-${index}`)
    const facts = await desk.source.look(request(said()))
    expect(facts.pull?.headSince).toBeLessThan(desk.time.now())
    expect(desk.calls()).toHaveLength(4)
  })

  test('a fork’s head has no time that can be trusted', async () => {
    const { eve } = desk.github.people
    const fork = desk.github.forks(eve)
    const pull = eve.opensPullRequest({ from: fork, branch: 'main2' })
    const comment = desk.github.people.ada.comments(pull.number, '/deploy')
    expect((await desk.source.look(request(comment, {}, pull))).pull).toMatchObject({ isFork: true, headSince: null })
  })

  test.each([
    ['edited', (comment: Comment): void => desk.github.people.grace.edits(comment, '/deploy production')],
    ['edited', (comment: Comment): void => desk.github.people.grace.edits(comment, comment.body)],
    ['deleted', (comment: Comment): void => desk.github.people.grace.deletes(comment)],
  ])('a comment that was %s meanwhile', async (now, change) => {
    const comment = said()
    const asked = request(comment)
    change(comment)
    expect((await desk.source.look(asked)).comment).toBe(now)
  })

  test('a label on an issue: no comment, the default branch, two calls', async () => {
    const issue = desk.github.people.ada.opensIssue()
    const facts = await desk.source.look(request(null, {}, issue))
    expect(facts).toMatchObject({ comment: 'none', pull: null, ref: { name: 'main', commit: expect.any(String) }, configuration: null })
    expect(desk.calls()).toHaveLength(2)
  })

  test.each([
    ['checkout', (): string => desk.pull.pull?.head ?? ''],
    ['nowhere', (): null => null],
    ['HEAD:.github/deploy.yml', (): null => null],
  ])('the ref %s', async (ref, commit) => {
    const facts = await desk.source.look(request(said(), { asks: { ...NOTHING_ASKED, ref } }))
    if (commit() === null) expect(facts.ref).toBeNull()
    else expect(facts.ref).toMatchObject({ name: ref, commit: commit() })
  })

  test('the roles of everybody', async () => {
    const { people } = desk.github
    const roles = await Promise.all(
      Object.values(people)
        .filter(({ account }) => account.type === 'User')
        .map(async (who) => [who.login, (await desk.source.look(request(said('/deploy', people.ada), {}, desk.pull, who))).actor.role]),
    )
    expect(Object.fromEntries(roles)).toMatchInlineSnapshot(`
      {
        "ada": "write",
        "eve": "read",
        "grace": "admin",
        "mallory": "read",
        "trent": "triage",
      }
    `)
  })

  test('nobody has that login any more', async () => {
    const asked = request(said(), { actor: { id: 99, login: 'vanished', app: null } })
    expect((await desk.source.look(asked)).actor).toEqual({ id: null, login: 'vanished', role: 'none' })
  })

  test('what cannot be read is a failure, never a role', async () => {
    const asked = request(said())
    desk.github.answers(502).to('GET /repos/{owner}/{repo}/collaborators/{username}/permission')
    expect(await failing(asked)).toBe('PERMISSION_UNREADABLE')
    desk.github.answers(200, '<html>').to('GET /repos/{owner}/{repo}/collaborators/{username}/permission')
    expect(await failing(asked)).toBe('PERMISSION_UNREADABLE')
    desk.github.answers(502).to('query')
    expect(await failing(asked)).toBe('GITHUB_UNAVAILABLE')
    desk.github.answers(200, { data: { repository: { databaseId: 'x' } } }).to('query')
    expect(await failing(asked)).toBe('GITHUB_UNAVAILABLE')
    desk.github.drops().to('GET /repos/{owner}/{repo}/activity')
    expect(await failing(asked)).toBe('GITHUB_UNAVAILABLE')
  })

  test('a name that now belongs to another repository is not it', async () => {
    const asked = request(said())
    expect(await failing({ ...asked, repository: { ...asked.repository, id: 99_999 } })).toBe('GITHUB_REFUSED')
  })

  test('GitHub never answers: it is given up after fifteen seconds', async () => {
    const asked = request(said())
    desk.github.hangs().to('query')
    const outcome = failing(asked)
    while (!desk.calls().some((call) => call.includes('graphql'))) await new Promise((resolve) => setImmediate(resolve))
    await desk.time.passes('15 seconds')
    expect(await outcome).toBe('GITHUB_UNAVAILABLE')
  })

  const tokens = (): number => desk.github.calls.filter(({ operation }) => operation.includes('access_tokens')).length
  const turns = async (until: () => boolean): Promise<void> => {
    while (!until()) await new Promise((resolve) => setImmediate(resolve))
  }

  test('ten first calls at once share one token', async () => {
    openHome(desk.github)
    const asked = request(said())
    await Promise.all(Array.from({ length: 10 }, () => desk.source.look(asked)))
    expect(tokens()).toBe(1)
  })

  test('a token is renewed before it ends, and nobody waits for that', async () => {
    openHome(desk.github)
    const asked = request(said())
    await desk.source.look(asked)
    await desk.time.passes('49 minutes')
    await desk.source.look(asked)
    expect(tokens()).toBe(1)
    await desk.time.passes('5 minutes')
    desk.github.hangs().to('POST /app/installations/{installation_id}/access_tokens')
    await desk.source.look(asked)
    await turns(() => tokens() === 2)
    await desk.time.passes('15 seconds')
    await desk.source.look(asked)
    await turns(() => tokens() === 3)
    await desk.time.passes('50 minutes')
    expect((await desk.source.look(asked)).actor.role).toBe('write')
  })

  test('a token that was revoked is replaced, and the call made again', async () => {
    openHome(desk.github)
    const asked = request(said())
    await desk.source.look(asked)
    desk.github.answers(401).to('query')
    desk.github.answers(401).to('GET /repos/{owner}/{repo}/collaborators/{username}/permission')
    desk.github.answers(401).to('GET /repos/{owner}/{repo}/activity')
    expect((await desk.source.look(asked)).actor.role).toBe('write')
    expect(tokens()).toBe(2)
  })

  test('a token that never arrives holds up nobody for longer than its patience', async () => {
    const asked = request(said())
    await desk.settle()
    desk.starts()
    desk.github.hangs().to('POST /app/installations/{installation_id}/access_tokens')
    const before = tokens()
    const outcome = failing(asked)
    await turns(() => tokens() > before)
    await desk.time.passes('15 seconds')
    expect(await outcome).not.toContain('no failure')
    expect((await desk.source.look(asked)).comment).toBe('unchanged')
  })

  test('an account that has not agreed to every permission yet is asked with those of the step that it has agreed to, and no more', async () => {
    desk.github.installation.permissions.delete('attestations')
    expect((await desk.source.look(request(said()))).actor.role).toBe('write')
    const [asksWhat, used, ...more] = desk.github.auth.tokens.map(({ repositories, permissions }) => ({
      size: repositories?.size,
      ...Object.fromEntries(permissions),
    }))
    expect(more).toEqual([])
    expect(asksWhat).toMatchObject({ size: 1, issues: 'write', deployments: 'write' })
    expect(used).toMatchObject({ size: 1, issues: 'read', deployments: 'read', contents: 'read' })
    expect(used).not.toHaveProperty('attestations')
  })

  test('of a repository that the App does not have nothing is read, and nobody is told that the App is gone', async () => {
    const asked = request(said())
    desk.github.installation.repositories.clear()
    expect(await failing(asked)).toBe('GITHUB_REFUSED')
    desk.github.installation.repositories.add(desk.github.repository.id)
    expect((await desk.source.look(asked)).actor.role).toBe('write')
  })

  test('the App’s key is not accepted: said as such, not tried for ever', async () => {
    const asked = request(said())
    desk.github.answers(401).to('POST /app/installations/{installation_id}/access_tokens').always()
    expect(await failing(asked)).toBe('GITHUB_REFUSED')
  })
})
