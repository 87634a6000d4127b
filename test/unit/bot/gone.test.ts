import { expect, test } from 'vitest'
import * as z from 'zod'
import { isUninstalled } from '../../../src/bot/gone.ts'
import { Failure } from '../../../src/errors.ts'
import { Desk } from './desk.ts'

const scene = () => {
  const desk = new Desk()
  const { repository, installation } = desk.github
  const client = desk.door.reading({ installation: installation.id, id: repository.id })
  const params = { owner: repository.owner.login, repo: repository.name, username: 'ada' }
  const asks = () => client.rest('GET /repos/{owner}/{repo}/collaborators/{username}/permission', params, z.unknown(), [404])
  const fails = async (): Promise<Failure> => {
    const error: unknown = await asks().then(
      () => null,
      (thrown: unknown) => thrown,
    )
    if (!(error instanceof Failure)) throw new Error('it did not fail')
    return error
  }
  return { desk, installation, asks, fails }
}

test('what is forgotten is not asked, and what it would have answered is never taken for an answer', async () => {
  const { desk, installation, asks, fails } = scene()
  await asks()
  const before = desk.calls(true).length
  desk.door.forget(installation.id)
  const failure = await fails()
  expect([isUninstalled(failure), failure.problem.code, failure.problem.retryable]).toEqual([true, 'GITHUB_REFUSED', false])
  expect(desk.calls(true)).toHaveLength(before)
  // Others are asked as before, and this one as soon as it is back.
  desk.door.welcome(installation.id)
  await asks()
  expect(
    desk
      .calls(true)
      .slice(before)
      .map((call) => call.split(' ')[0]),
  ).toEqual(['POST', 'GET'])
})

test.each(['deleted', 'suspend'] as const)('an installation that is %s is noticed by one call, and asked about again after a while', async (what) => {
  const { desk, asks, fails } = scene()
  desk.github.installs(what)
  expect(isUninstalled(await fails())).toBe(true)
  const before = desk.calls(true).length
  for (let nth = 0; nth < 5; nth++) expect(isUninstalled(await fails())).toBe(true)
  expect(desk.calls(true)).toHaveLength(before)
  await desk.time.passes('11 minutes')
  await fails()
  expect(desk.calls(true).length).toBeGreaterThan(before)
  desk.github.installs('created')
  await desk.time.passes('11 minutes')
  await asks()
})

test('a suspension that begins while a token is still good is noticed by the call that hears of it', async () => {
  const { desk, asks, fails } = scene()
  await asks()
  desk.github.installs('suspend')
  expect(isUninstalled(await fails())).toBe(true)
})

test('a refusal of one thing is not the end of the installation', async () => {
  const { desk, fails, asks } = scene()
  desk.github.answers(403).to('GET /repos/{owner}/{repo}/collaborators/{username}/permission').times(1)
  expect(isUninstalled(await fails())).toBe(false)
  await asks()
})
