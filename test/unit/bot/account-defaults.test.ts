import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAccountDefaults } from '../../../src/bot/account-defaults.ts'
import type { Facts } from '../../../src/deploy/source.ts'
import { demand, openHome } from '../../world/github/home.ts'
import { Asking } from './asking.ts'
import { Desk } from './desk.ts'

const DEFAULTS = 'version: 1\nenvironments: {}\n'

describe('the account’s defaults are read', () => {
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

  const read = async (): Promise<Facts['account']> => (await desk.source.look(asking.request(asking.said()))).account
  const tokens = (): number => desk.github.calls.filter(({ operation }) => operation.includes('access_tokens')).length
  /** What reading them once more costs besides the three calls of every look, and tokens. */
  const costs = async (): Promise<readonly [calls: number, tokens: number]> => {
    const before = tokens()
    const calls = await asking.calls(asking.request(asking.said()))
    return [calls.length - 3, tokens() - before]
  }
  const told = { blob: expect.stringMatching(/^[0-9a-f]{40}$/), text: DEFAULTS }

  test('of a public repository, installed or not, without a call', async () => {
    openHome(desk.github, { defaults: DEFAULTS })
    expect(await read()).toEqual(told)
    expect(await costs()).toEqual([0, 0])
  })

  test('of a public repository without such a file: there are none', async () => {
    openHome(desk.github)
    expect(await read()).toBeNull()
    expect(await costs()).toEqual([0, 0])
  })

  test('of a private repository with a token for it alone', async () => {
    const home = openHome(desk.github, { isPrivate: true, isInstalled: true, defaults: DEFAULTS })
    expect(await read()).toEqual(told)
    expect(desk.github.auth.tokens.map(({ repositories }) => [...(repositories ?? [])])).toEqual([[desk.github.repository.id], [home.id]])
    expect(await costs()).toEqual([1, 0])
  })

  test('of a private repository without such a file: there are none', async () => {
    openHome(desk.github, { isPrivate: true, isInstalled: true })
    expect(await read()).toBeNull()
  })

  test.each([
    ['there is no such repository', () => {}],
    ['the App is not installed on it', () => void openHome(desk.github, { isPrivate: true, defaults: DEFAULTS })],
  ])('%s: there are none, and that is believed for ten minutes', async (_, arrange) => {
    arrange()
    expect(await read()).toBeNull()
    expect(await costs()).toEqual([0, 0])
    await desk.time.passes('11 minutes')
    expect(await costs()).toEqual([0, 2])
  })

  test('a push to the repository is believed at once', async () => {
    expect(await read()).toBeNull()
    const home = openHome(desk.github, { isPrivate: true, isInstalled: true })
    demand(desk.github, home, DEFAULTS)
    expect(await read()).toBeNull()
    const { installation, owner } = asking.request(null).repository
    desk.source.pushed({ id: home.id, node: home.node, owner, name: 'other', installation })
    expect(await read()).toBeNull()
    desk.source.pushed({ id: home.id, node: home.node, owner, name: '.github', installation })
    expect(await read()).toEqual(told)
  })

  test('a push that comes while it is found out that there are none leaves nothing believed', async () => {
    const { repository } = asking.request(null)
    let asked = 0
    const graphql = async () => {
      asked += 1
      if (asked === 1) defaults.pushed({ ...repository, name: '.github' })
      return { data: { account: null }, errors: [] }
    }
    const defaults = createAccountDefaults({ reading: (where) => ({ ...desk.door.reading(where), graphql }) }, desk.time)
    for (let time = 0; time < 3; time++) expect(await defaults.read(repository, null)).toBeNull()
    expect(asked).toBe(2)
  })

  test('for a deployment of that repository itself', async () => {
    const home = openHome(desk.github, { isPrivate: true, isInstalled: true, defaults: DEFAULTS })
    const { repository, ...rest } = asking.request(null)
    const facts = await desk.source.look({ ...rest, subject: null, repository: { ...repository, id: home.id, node: home.node, name: '.github' } })
    expect(facts.account).toEqual(told)
  })

  test.each([
    ['of a public one', false],
    ['of a private one', true],
  ])('what cannot be read is never assumed to be nothing, %s', async (_, isPrivate) => {
    openHome(desk.github, { isPrivate, isInstalled: true, defaults: DEFAULTS })
    await read()
    const asked = asking.request(asking.said())
    desk.github.answers(502).to('POST /graphql')
    expect(await asking.failing(asked)).toBe('GITHUB_UNAVAILABLE')
    expect(await read()).toEqual(told)
  })

  test('a token that GitHub does not give at the moment says nothing of whether there are any', async () => {
    openHome(desk.github, { isPrivate: true, isInstalled: true, defaults: DEFAULTS })
    const asked = asking.request(asking.said())
    await desk.door.reading(asked.repository).graphql('{ viewer { login } }', {})
    desk.github.answers(500).to('POST /app/installations/{installation_id}/access_tokens')
    expect(await asking.failing(asked)).toBe('GITHUB_UNAVAILABLE')
    expect(await read()).toEqual(told)
  })

  test('a file that is too large is none that anybody could have meant', async () => {
    openHome(desk.github, { defaults: `# ${'x'.repeat(600_000)}\n` })
    expect(await asking.failing(asking.request(asking.said()))).toBe('CONFIGURATION_INVALID')
  })
})
