import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createExpiries } from '../../../src/deploy/expiries.ts'
import { Time } from '../../world/time.ts'

test('who runs Gantry is told every day of a credential that ends within two weeks, and of one that has', async () => {
  const said: string[] = []
  const log = pino({ base: null }, { write: (line: string) => void said.push((JSON.parse(line) as { msg: string }).msg) })
  const time = new Time(async () => {})
  const ends = (days: number) => time.now() + days * 24 * 3_600_000
  const of = (name: string, expires: number | null) => ({ name, registry: 'ghcr.io', expires })
  createExpiries([of('soon', ends(1.5)), of('later', ends(15.5)), of('never', null), of('over', ends(-1))], time, log)()
  expect(said).toEqual([
    'the credential soon ends in 2 days: put another one in its place',
    'the credential over has ended: put another one in its place',
  ])
  said.length = 0
  await time.passes('24 hours')
  expect(said).toEqual([
    'the credential soon ends in 1 day: put another one in its place',
    'the credential over has ended: put another one in its place',
  ])
  said.length = 0
  await time.passes('24 hours')
  expect(said.map((line) => line.split(':')[0])).toEqual([
    'the credential soon has ended',
    'the credential later ends in 14 days',
    'the credential over has ended',
  ])
})
