import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pageWithTheNewest, readCommits } from '../../../src/bot/commits.ts'
import type { Commits } from '../../../src/deploy/directory.ts'
import type { Repository } from '../../../src/deploy/deployment.ts'
import { join } from '../../world/github/population.ts'
import { commit, push } from '../../world/github/git.ts'
import { Desk } from './desk.ts'

const COMPARE = 'GET /repos/{owner}/{repo}/compare/{basehead}'

let desk: Desk
beforeEach(async () => {
  desk = new Desk()
  await desk.time.passes('1 hour')
})
afterEach(() => desk.github.verdict())

const home = (): Repository => {
  const { repository, installation } = desk.github
  return { id: repository.id, node: repository.node, owner: 'acme', name: 'shop', account: repository.owner.id, installation: installation.id }
}
const head = (): string => desk.github.repository.branches.get('main') ?? ''
const between = (from: string, to: string): Promise<Commits | null> => readCommits(desk.door, home(), from, to)
/** So many commits on the default branch; their ids, oldest first. */
const works = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => desk.github.people.ada.pushes('main', { message: `Step ${index + 1}` }))
const titles = (found: Commits | null) => found?.commits.map(({ title }) => title)

describe('the commits between two', () => {
  test('are said with the newest first, who made them and when', async () => {
    const from = head()
    const [first, second] = works(2)
    const at = Math.floor(desk.github.now() / 1000) * 1000
    expect(await between(from, head())).toEqual({
      status: 'ahead',
      total: 2,
      commits: [
        { sha: second, title: 'Step 2', author: 'ada', at },
        { sha: first, title: 'Step 1', author: 'ada', at },
      ],
    })
  })

  test('are none between one and itself, and none where it goes back', async () => {
    const from = head()
    works(3)
    expect(await between(head(), head())).toEqual({ status: 'identical', total: 0, commits: [] })
    expect(await between(head(), from)).toEqual({ status: 'behind', total: 0, commits: [] })
  })

  test('are those of the one side where both went on', async () => {
    const side = desk.github.people.ada.pushes('side', { message: 'Aside' })
    works(2)
    expect(await between(head(), side)).toMatchObject({ status: 'diverged', total: 1, commits: [{ title: 'Aside' }] })
  })

  test.each([20, 21, 39, 40, 41, 100, 101, 119, 259])('are the newest twenty of %i, in two requests at most', async (count) => {
    const from = head()
    works(count)
    const before = desk.github.calls.length
    const found = await between(from, head())
    expect(found?.total).toBe(count)
    expect(titles(found)).toEqual(Array.from({ length: 20 }, (_, index) => `Step ${count - index}`))
    expect(desk.github.calls.slice(before).filter(({ operation }) => operation === COMPARE)).toHaveLength(count > 20 ? 2 : 1)
  })

  test('are not said of a commit that GitHub does not know, or one of another history', async () => {
    expect(await between(head(), '0'.repeat(40))).toBeNull()
    expect(await between('0'.repeat(40), head())).toBeNull()
    const { state, repository } = desk.github
    const other = commit(state, repository, [], desk.github.now(), { message: 'Begin again' }).sha
    expect(await between(head(), other)).toBeNull()
  })

  test('have one line each, whoever wrote them', async () => {
    const from = head()
    const { state, repository } = desk.github
    const bot = join(state, 'updates[bot]', 'Bot', { id: 99, slug: 'updates', name: 'Updates' })
    for (const message of ['\n\nno title', `${'x'.repeat(199)}😀 and more`, 'Update\r\n\r\nwith a body'])
      push(state, repository, 'main', bot, desk.github.now(), { message })
    const found = await between(from, head())
    expect(titles(found)).toEqual(['Update', `${'x'.repeat(199)}\uFFFD`, ''])
    expect(found?.commits[0]?.author).toBe('updates[bot]')
    const unknown = commit(state, repository, [head()], desk.github.now(), { message: 'From an address that nobody has' }).sha
    expect((await between(head(), unknown))?.commits[0]?.author).toBeNull()
  })

  test('cannot be said while GitHub is away', async () => {
    desk.github.answers(502).to(COMPARE)
    await expect(between(head(), head())).rejects.toMatchObject({ problem: { code: 'GITHUB_UNAVAILABLE' } })
    desk.github.answers(200, { status: 'sideways' }).to(COMPARE)
    await expect(between(head(), head())).rejects.toMatchObject({ problem: { code: 'GITHUB_UNAVAILABLE' } })
  })
})

test('of any number of commits the last page has the newest twenty', () => {
  for (let total = 21; total <= 20_000; total += 1) {
    const size = pageWithTheNewest(total)
    expect(size).toBeLessThanOrEqual(100)
    expect(total % size === 0 ? size : total % size).toBeGreaterThanOrEqual(20)
  }
})
