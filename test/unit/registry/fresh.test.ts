import { expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { anonymous } from '../../../src/registry/credential.ts'
import { clientUnderTest, reference } from '../../world/registry-client.ts'
import { settled, stillDoors } from '../../world/still-doors.ts'

// A tag that was pushed a moment ago, or a role that was granted, may take the registry some time (registry.md, R54).

/** A registry that says no so many times, and then knows the image; asked at these seconds. */
function registry(noes: number, status = 404) {
  const doors = stillDoors()
  const began = doors.now()
  const heads: number[] = []
  const answering: typeof fetch = async (_input, init) => {
    if (init?.method === 'HEAD') heads.push((doors.now() - began) / 1000)
    if (heads.length <= noes) return new Response(null, { status })
    return new Response(null, { headers: { 'docker-content-digest': `sha256:${'a'.repeat(64)}` } })
  }
  const { client } = clientUnderTest({}, { ...doors, fetch: answering })
  const asks = (isFresh: boolean, signal?: AbortSignal) =>
    client.resolve(reference('registry.example/acme/shop:1.2'), { credential: anonymous, isFresh, ...(signal && { signal }) }).then(
      () => 'digest',
      (error: unknown) => (error instanceof Failure ? error.problem.code : String(error)),
    )
  const passes = async (seconds: number) => {
    while (heads.length === 0) await settled()
    for (let second = 0; second < seconds; second++) {
      await settled()
      await doors.time.passes('1 second')
    }
  }
  return { asks, passes, heads, events: doors.events }
}

test('is asked for again after 2, 4 and 8 seconds', async () => {
  const { asks, passes, heads } = registry(2)
  const answer = asks(true)
  await passes(10)
  expect(await answer).toBe('digest')
  expect(heads).toEqual([0, 2, 6])
})

test('is given up before the deadline, with the registry’s last word; the log hears of it once', async () => {
  const { asks, passes, heads, events } = registry(99)
  const answer = asks(true)
  await passes(30)
  expect(await answer).toBe('NOT_FOUND_OR_HIDDEN')
  expect(heads).toEqual([0, 2, 6, 14])
  expect(events.length).toBe(1)
})

test('is not waited for where nobody said that it is fresh', async () => {
  const { asks, heads } = registry(99)
  expect(await asks(false)).toBe('NOT_FOUND_OR_HIDDEN')
  expect(heads).toEqual([0])
})

test('is a reason to wait for a no and for nothing else', async () => {
  const { asks, heads } = registry(99, 418)
  expect(await asks(true)).toBe('REGISTRY_PROTOCOL_ERROR')
  expect(heads).toEqual([0])
})

test('keeps nobody who leaves', async () => {
  const { asks, heads } = registry(99)
  const leaving = new AbortController()
  const answer = asks(true, leaving.signal)
  await settled()
  leaving.abort(new Error('gone'))
  expect(await answer).toBe('Error: gone')
  expect(heads).toEqual([0])
})
