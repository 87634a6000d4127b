import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DEPLOY_YML } from '../../world/world.ts'
import { Desk } from './desk.ts'

const FILE = '.github/deploy.yml'
const BROKEN = `${DEPLOY_YML}wrong: 1\n`

describe('the check of a changed configuration', () => {
  let desk: Desk
  beforeEach(() => {
    desk = new Desk()
    desk.github.has(FILE, DEPLOY_YML)
    desk.github.people.ada.opensPullRequest({ branch: 'change' })
    desk.github.webhooks.waiting.length = 0
  })
  afterEach(() => {
    desk.github.verdict()
    expect(desk.incidents).toEqual([])
  })

  /** `meanwhile`: before anybody hears of it. */
  const pushes = async (text: string | null, meanwhile = (): unknown => null): Promise<string> => {
    const commit = desk.github.people.ada.pushes('change', { files: { [FILE]: text } })
    meanwhile()
    await desk.settle()
    return commit
  }
  const shown = () => desk.github.repository.checks.map(({ conclusion, output }) => `${conclusion}: ${output?.title}`)
  const BROKEN_SHOWN = ['failure: Not valid: 1 problem']

  test('costs four calls and creates one object', async () => {
    await pushes(BROKEN)
    // The first is about the push itself.
    expect(desk.calls().slice(1)).toEqual([
      'POST /graphql repository',
      'GET /repos/{owner}/{repo}/compare/{basehead}',
      'POST /graphql repository',
      'POST /graphql createCheckRun',
    ])
    expect(shown()).toEqual(BROKEN_SHOWN)
    expect(desk.announcements.incomplete()).toEqual([])
  })

  test('links to its page, and says no secret', async () => {
    await pushes(`${DEPLOY_YML}hunter2: 1\n`)
    const [check] = desk.github.repository.checks
    expect(check?.detailsUrl).toBe('https://docs.example.com/configuration#the-check-on-pull-requests')
    expect(check?.output?.summary).toContain('https://docs.example.com/troubleshooting#configuration_invalid')
    expect(JSON.stringify(check)).not.toContain('hunter2')
    expect(check?.annotations[0]?.message).toContain('[secret]')
  })

  test('fits into what GitHub takes, whatever stands in the file', async () => {
    const key = (index: number): string => `"${'` '.repeat(30)}${index}": 1\n`
    await pushes(`${DEPLOY_YML}${Array.from({ length: 200 }, (_, index) => key(index)).join('')}`)
    const [check] = desk.github.repository.checks
    expect(check?.annotations).toHaveLength(50)
    expect(check?.output?.summary.length).toBeLessThan(60_000)
    expect(check?.output?.summary).toMatch(/^And 1[5-9][0-9] more\.$/m)
  })

  test('fits, however many environments there are', async () => {
    const environment = (index: number): string =>
      `  "e${index}": { target: x, allow: { any: [${'user:aaaaaaaaaaaaaaaaaaaaaaaaaaaa, '.repeat(9)}user:b] } }\n`
    await pushes(`${DEPLOY_YML}${Array.from({ length: 150 }, (_, index) => environment(index)).join('')}`)
    const [check] = desk.github.repository.checks
    expect(check?.conclusion).toBe('neutral')
    expect(check?.output?.title).toMatch(/^Valid, but not everything is shown: [0-9]+ looser$/)
    expect(check?.output?.summary.length).toBeLessThan(60_000)
  })

  const ways = ['answers 502', 'answers 502 after doing the work', 'drops', 'drops after doing the work'] as const
  test.each(ways)('GitHub %s to the check run: it is made once', async (way) => {
    const trouble = (way.startsWith('drops') ? desk.github.drops() : desk.github.answers(502)).to('createCheckRun')
    if (way.endsWith('work')) trouble.afterDoingTheWork()
    await pushes(BROKEN)
    await desk.time.passes('2 minutes')
    expect(shown()).toEqual(BROKEN_SHOWN)
    expect(desk.announcements.incomplete()).toEqual([])
  })

  test('a lost answer is found again even where the base has moved meanwhile, and nothing is added to it', async () => {
    desk.github.drops().to('createCheckRun').afterDoingTheWork()
    await pushes(BROKEN)
    desk.github.has(FILE, `${DEPLOY_YML}# moved\n`)
    await desk.time.passes('2 minutes')
    expect(desk.github.repository.checks.map(({ annotations, shown }) => [annotations.length, shown.length])).toEqual([[1, 1]])
  })

  test('where GitHub does not have the commit yet, it is asked again', async () => {
    desk.github.lags(20_000, 'query')
    await pushes(BROKEN)
    expect(shown()).toEqual([])
    await desk.time.passes('2 minutes')
    expect(shown()).toEqual(BROKEN_SHOWN)
  })

  test.each(['compare', 'files'])('where the %s cannot be had, it is asked again', async (what) => {
    const trouble = desk.github.answers(502).to(what === 'compare' ? 'GET /repos/{owner}/{repo}/compare/{basehead}' : 'repository')
    if (what === 'files') trouble.times(2)
    await pushes(BROKEN)
    await desk.time.passes('2 minutes')
    expect(shown()).toEqual(BROKEN_SHOWN)
  })

  test.each([
    ['the pull request is closed', () => desk.github.people.ada.closes(2)],
    ['the App may not read pull requests', () => desk.github.installation.permissions.delete('pull_requests')],
    ['the App may not write checks', () => desk.github.installation.permissions.set('checks', 'read')],
    ['the repository is taken from the App', () => desk.github.installation.repositories.clear()],
  ])('where %s nothing is said, and it is over', async (_, happens) => {
    await pushes(BROKEN, happens)
    await desk.time.passes('2 minutes')
    expect(shown()).toEqual([])
    expect(desk.announcements.incomplete()).toEqual([])
  })

  test('a history that has nothing in common with the base is all new', async () => {
    desk.github.answers(404).to('GET /repos/{owner}/{repo}/compare/{basehead}')
    await pushes(DEPLOY_YML.replace('8', '9').replace('staging.example', 'stage.example'))
    expect(desk.github.repository.checks[0]?.output?.summary).toContain('There was none before, so all of it is new.')
  })
})
