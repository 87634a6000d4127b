import { expect, test } from 'vitest'
import { createDoneBefore } from '../../../src/bot/done-before.ts'
import { createDeployment } from '../../world/github/deployments.ts'
import type { Account } from '../../world/github/state.ts'
import { Desk } from './desk.ts'

const scene = () => {
  const desk = new Desk()
  const { repository, installation } = desk.github
  const asked = (at: number) => ({
    at,
    repository: { id: repository.id, name: repository.name, owner: repository.owner.login, installation: installation.id },
  })
  const deploys = (creator: Account, payload: unknown): void => {
    const fields = { ref: 'main', task: undefined, autoMerge: false, requiredContexts: [], payload, environment: undefined }
    createDeployment(desk.github, repository, creator, { ...fields, description: undefined, isTransient: undefined, isProduction: undefined })
  }
  return { desk, asked, deploys }
}
const carrying = (key: string) => ({ gantry: { id: 'd', key, instance: 'lost' } })

test('the key of a comment is that of each of its commands; a label has its own; what others made does not count', async () => {
  const { desk, asked, deploys } = scene()
  const now = desk.time.now()
  deploys(desk.github.bot, carrying('c:1:2:3'))
  deploys(desk.github.bot, JSON.stringify(carrying('l:1:2:3:-:2026-11-23T12:00:00Z')))
  deploys(desk.github.bot, carrying('b:1:2:retry:9'))
  deploys(desk.github.people.trent.account, carrying('c:1:9:1'))
  for (const payload of ['', 'no JSON {', { gantry: 1 }, null]) deploys(desk.github.bot, payload)
  const isDone = createDoneBefore(desk.door)
  const keys = ['c:1:2', 'l:1:2:3:-:2026-11-23T12:00:00Z', 'c:1:9', 'c:1:3', 'c:1:2:3', 'b:1:2:retry:9', 'b:1:2:retry:8']
  expect(await Promise.all(keys.map((key) => isDone(key, asked(now))))).toEqual([true, true, false, false, false, true, false])
  expect(desk.calls()).toEqual(['POST /graphql viewer repository'])
})

test('a push and a package are done once one of the environments is that they were for', async () => {
  const { desk, asked, deploys } = scene()
  const now = desk.time.now()
  deploys(desk.github.bot, carrying('p:1:b:a:7:release/1:shop:staging'))
  deploys(desk.github.bot, carrying('r:1:21:1.2:shop:staging'))
  const isDone = createDoneBefore(desk.door)
  const keys = ['p:1:b:a:7:release/1', 'p:1:b:a:8:release/1', 'r:1:21:1.2', 'r:1:21:1.3']
  expect(await Promise.all(keys.map((key) => isDone(key, asked(now))))).toEqual([true, false, true, false])
})

test('as far back as the first that was asked about, page by page', async () => {
  const { desk, asked, deploys } = scene()
  const start = desk.time.now()
  for (let nth = 0; nth < 250; nth++) {
    deploys(desk.github.bot, carrying(`c:1:${nth}:1`))
    await desk.time.passes('1 minute')
  }
  const isDone = createDoneBefore(desk.door)
  const at = (nth: number) => asked(start + nth * 60_000)
  expect([await isDone('c:1:240', at(240)), desk.calls().length]).toEqual([true, 1])
  expect([await isDone('c:1:10', at(10)), desk.calls().length]).toEqual([true, 4])
  expect([await isDone('c:1:300', at(245)), desk.calls().length]).toEqual([false, 4])
})
