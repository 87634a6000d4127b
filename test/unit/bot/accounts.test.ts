import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { pino } from 'pino'
import { createDirectory } from '../../../src/bot/directory.ts'
import { createProbot } from '../../../src/bot/probot.ts'
import type { Account, Directory } from '../../../src/deploy/directory.ts'
import type { Party } from '../../../src/deploy/environment.ts'
import { Secret } from '../../../src/secret.ts'
import { PRIVATE_KEY } from '../../world/github/github.ts'
import { join } from '../../world/github/population.ts'
import { newId } from '../../world/github/state.ts'
import { Desk } from './desk.ts'

const PLATFORM: Party = { kind: 'team', organisation: 'acme', slug: 'platform' }

let desk: Desk
let directory: Directory
beforeEach(async () => {
  desk = new Desk()
  const { github, time, door } = desk
  const log = pino({ level: 'silent' })
  const key = { appId: github.identity.id, privateKey: new Secret(PRIVATE_KEY), webhookSecret: new Secret(github.webhookSecret) }
  const probot = createProbot({ ...key, apiUrl: 'https://api.github.com', fetch: github.fetch, log })
  const oauth = { clientId: github.auth.client.id, clientSecret: new Secret(github.auth.client.secret) }
  const at = { apiUrl: 'https://api.github.com', webOrigin: 'https://github.com' }
  directory = createDirectory({ probot, github: door, clock: time, fetch: github.fetch, ...at, oauth })
  await time.passes('1 hour')
})
afterEach(() => desk.github.verdict())

const acme = async (): Promise<Account> => (await directory.account('acme')) as Account
const standing = async (who: 'ada' | 'grace' | 'mallory', parties: readonly Party[] = []) => {
  const { id, login } = desk.github.people[who]
  return directory.standing({ id, login }, await acme(), parties)
}

describe('an account', () => {
  test('is there where the App is, under whichever spelling', async () => {
    const { id } = desk.github.repository.owner
    const found = { id, login: 'acme', isOrganization: true, installation: desk.github.installation.id }
    expect([await directory.account('acme'), await directory.account('ACME')]).toEqual([found, found])
    expect(await directory.account('umbrella')).toBeNull()
  })

  test('of a person is theirs alone', async () => {
    const { ada, grace } = desk.github.people
    const installation = { ...desk.github.installation, id: newId(desk.github.state), account: ada.account }
    desk.github.state.installations.set(installation.id, installation)
    const own = (await directory.account('ada')) as Account
    expect(own).toEqual({ id: ada.id, login: 'ada', isOrganization: false, installation: installation.id })
    const named: Party = { kind: 'user', login: 'grace' }
    expect(await directory.standing(ada, own, [])).toBe('administrator')
    expect(await directory.standing(grace, own, [])).toBe('stranger')
    expect(await directory.standing(grace, own, [named])).toBe('administrator')
  })

  test('is not there once the App is suspended', async () => {
    desk.github.installation.isSuspended = true
    expect(await directory.account('acme')).toBeNull()
  })
})

describe('who administers an organisation', () => {
  test('its owners do, its members and everybody else do not', async () => {
    expect([await standing('grace'), await standing('ada'), await standing('mallory')]).toEqual(['administrator', 'member', 'stranger'])
  })

  test('its team does that the operator names, and those below it', async () => {
    expect(await standing('ada', [PLATFORM])).toBe('member')
    desk.github.team('acme/platform', [])
    desk.github.team('acme/on-call', [desk.github.people.ada], 'acme/platform')
    expect(await standing('ada', [PLATFORM])).toBe('administrator')
    desk.github.team('acme/platform', [desk.github.people.mallory])
    expect(await standing('mallory', [PLATFORM])).toBe('stranger')
  })

  test('a person does whom the operator names, with whatever case, and nobody who has given up that login', async () => {
    expect(await standing('ada', [{ kind: 'user', login: 'ADA' }])).toBe('administrator')
    const { id } = desk.github.people.ada
    desk.github.people.ada.account.login = 'ada-lovelace'
    join(desk.github.state, 'ada')
    expect(await directory.standing({ id, login: 'ada-lovelace' }, await acme(), [{ kind: 'user', login: 'ada' }])).toBe('member')
  })

  test('nobody does because an owner has had their login', async () => {
    const { grace } = desk.github.people
    expect(await directory.standing({ id: grace.id + 1_000, login: 'grace' }, await acme(), [])).toBe('stranger')
  })

  test('is asked with a token that can read members and nothing else', async () => {
    await standing('grace')
    const [token] = desk.github.auth.tokens
    expect(Object.fromEntries(token?.permissions ?? [])).toEqual({ metadata: 'read', members: 'read' })
  })

  test('nobody does where that cannot be read', async () => {
    desk.github.installation.permissions.delete('members')
    await expect(standing('grace')).rejects.toMatchObject({ problem: { code: 'GITHUB_REFUSED' } })
    desk.github.answers(502).to('GET /orgs/{org}/memberships/{username}').times(1)
    await expect(standing('grace')).rejects.toMatchObject({ problem: { code: expect.stringMatching(/^GITHUB_/) } })
  })
})
