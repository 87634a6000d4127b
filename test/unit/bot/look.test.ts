import { expect, test } from 'vitest'
import { look } from '../../../src/bot/look.ts'
import { createCheck } from '../../world/github/checks.ts'
import { Desk } from './desk.ts'

const MANY = 130

test('of a commit that was deployed more than a hundred times the newest check run is found, and the oldest', async () => {
  const desk = new Desk()
  const { github } = desk
  const { repository, identity } = github
  const commit = repository.branches.get('main') ?? ''
  for (let nth = 0; nth < MANY; nth++) createCheck(github, repository, identity, commit, { name: 'deploy staging', externalId: `d-${nth}` })
  const home = {
    id: repository.id,
    node: repository.node,
    owner: repository.owner.login,
    name: repository.name,
    installation: github.installation.id,
  }
  const trace = { repository: home, number: 1, marker: 'none', commit, environment: null, status: null, appId: identity.id }
  const found = async (id: string) => (await look(desk.door.reading(home), { ...trace, id }, new Set(['check']))).check?.node
  expect(await found(`d-${MANY - 1}`)).toBe(repository.checks.at(-1)?.node)
  expect(await found('d-0')).toBe(repository.checks[0]?.node)
  expect(await found('d-none')).toBeUndefined()
})
