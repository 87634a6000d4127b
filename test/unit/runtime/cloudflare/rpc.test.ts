import { expect, test } from 'vitest'
import { Failure } from '../../../../src/errors.ts'
import { asked, through } from '../../../../src/runtime/cloudflare/rpc.ts'

/** An object whose method ends as it is told, one call after the other; of an error only its message comes through. */
function object(...ends: (() => unknown)[]) {
  let calls = 0
  const call = async (): Promise<unknown> => {
    const end = ends[Math.min(calls, ends.length - 1)]
    calls += 1
    return Promise.resolve(through(async () => end?.())).catch((error: unknown) => {
      throw error instanceof Error ? Object.assign(new Error(error.message), 'overloaded' in error && { overloaded: true }) : error
    })
  }
  return { stub: asked(() => ({ call, fetch: call })), calls: () => calls }
}

const gone = (): never => {
  throw new Error('Durable Object reset because its code was updated.')
}

test('a call that nobody answers is made again, and a third time', async () => {
  const back = object(gone, gone, () => 'there')
  expect([await back.stub.call(), back.calls()]).toEqual(['there', 3])
  const away = object(gone)
  await expect(away.stub.call()).rejects.toMatchObject({ problem: { code: 'OBJECT_UNAVAILABLE', retryable: true } })
  expect(away.calls()).toBe(3)
})

test('an object that has too much to do, and what can be sent once only, are not asked again', async () => {
  const busy = object(() => {
    throw Object.assign(new Error('too many requests queued'), { overloaded: true })
  })
  await expect(busy.stub.call()).rejects.toMatchObject({ problem: { code: 'OBJECT_UNAVAILABLE' } })
  const sent = object(gone)
  await expect(sent.stub.fetch()).rejects.toThrow('reset')
  expect([busy.calls(), sent.calls()]).toEqual([1, 1])
})

test('what the other object could not do is a failure here as well, with its code and its time to wait, and is not tried again', async () => {
  const limited = object(() => {
    throw new Failure('GITHUB_RATE_LIMITED', { sentence: 'GitHub wants no calls.', next: 'Wait.', retryAfter: 5_000 })
  })
  await expect(limited.stub.call()).rejects.toMatchObject({ problem: { code: 'GITHUB_RATE_LIMITED', retryAfter: 5_000, retryable: true } })
  expect(limited.calls()).toBe(1)
})

test('a text that only looks like one is none', async () => {
  const strange = object(() => {
    throw new Error('gantry problem {"code":"toString"}')
  })
  await expect(strange.stub.call()).rejects.toMatchObject({ problem: { code: 'OBJECT_UNAVAILABLE' } })
})
