import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import { readBody, verified } from '../../../src/registry/body.ts'
import { anonymous } from '../../../src/registry/credential.ts'
import { registryFailure } from '../../../src/registry/failure.ts'
import { keychainFor } from '../../../src/registry/keychains/index.ts'
import { meaningOf } from '../../../src/registry/meaning.ts'
import { networkFailure } from '../../../src/registry/network.ts'
import type { Digest } from '../../../src/registry/reference.ts'
import { basic, reference } from '../../world/registry-client.ts'
import { denies, handsOut, networkError, says, scripted, throws } from '../../world/scripted-answers.ts'
import { stillDoors, wish } from '../../world/still-doors.ts'

const shop = reference('registry.example/acme/shop:1.2')
const alice = basic('alice', 'correct-horse-battery')
const doors = stillDoors({ hash: createHash })

/** A body that (as far as anybody will read) never ends, and whether somebody has said that he wants no more of it. */
function endless() {
  let isLetGo = false
  let left = 1_000
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => ((left -= 1) > 0 ? controller.enqueue(new Uint8Array(100)) : controller.close()),
    cancel: () => void (isLetGo = true),
  })
  return { stream, isLetGo: () => isLetGo }
}

describe('a body without end', () => {
  test('is read as far as it may be', async () => {
    const { stream, isLetGo } = endless()
    const { bytes, isCut } = await readBody(new Response(stream), 250, doors, wish(doors))
    expect([bytes.length, isCut, isLetGo()]).toEqual([250, true, true])
  })

  test('is no layer, from the first byte too many', async () => {
    const { stream, isLetGo } = endless()
    const failed: unknown[] = []
    const layer = verified(stream, { digest: `sha256:${'a'.repeat(64)}`, size: 250 }, doors, wish(doors), (error) => failed.push(error))
    await expect(new Response(layer).arrayBuffer()).rejects.toMatchObject({ problem: { code: 'DIGEST_MISMATCH', found: 'more than 250 bytes' } })
    expect([failed.length, isLetGo()]).toEqual([1, true])
  })
})

describe('words mean what they mean to who says them', () => {
  const means = (at: 'registry' | 'token server', status: number, message: string, registry: string, credential = alice) =>
    meaningOf(at, { status, code: null, message }, keychainFor(registry), credential).code

  test('one word of GitLab’s token server locks a login, and of its registry does not', () => {
    expect(means('token server', 403, 'forbidden', 'registry.gitlab.com')).toBe('LOGIN_LOCKED')
    expect(means('registry', 403, 'forbidden', 'registry.gitlab.com')).toBe('PERMISSION_DENIED')
  })

  test.for([
    [429, 'RATE_LIMITED'],
    [503, 'AUTH_ENDPOINT_BROKEN'],
    [404, 'AUTH_ENDPOINT_BROKEN'],
    [401, 'CREDENTIALS_INVALID'],
    [403, 'PERMISSION_DENIED'],
  ] as const)('%i of a token server that says nothing is %s', ([status, code]) => {
    expect(means('token server', status, '', 'registry.example')).toBe(code)
  })
})

describe('a repository that the registry does not know', () => {
  const unknown = says(404, {}, '{"errors":[{"code":"NAME_UNKNOWN","message":"no such name"}]}')
  const ask = (play: ReturnType<typeof scripted>, credential: Parameters<typeof play.client.resolve>[1]['credential']) =>
    play.client.resolve(shop, { credential }).catch((error: unknown) => (error as Failure).problem)
  const authorized = [denies('Bearer realm="https://registry.example/token"'), handsOut('t'), says(404), says(404), unknown]

  test('does not exist, where a credential was shown', async () => {
    expect(await ask(scripted(authorized), alice)).toMatchObject({ code: 'REPOSITORY_NOT_FOUND' })
  })

  test('may be hidden, where an anonymous token was', async () => {
    expect(await ask(scripted(authorized), anonymous)).toMatchObject({ code: 'NOT_FOUND_OR_HIDDEN' })
  })

  test('does not exist, where the registry asks nobody who he is', async () => {
    expect(await ask(scripted([says(404), says(404), unknown]), anonymous)).toMatchObject({ code: 'REPOSITORY_NOT_FOUND' })
  })
})

test('a name that does not exist is looked up a second time, because a name server may have a bad moment, and not a third', async () => {
  const play = scripted([throws(networkError('ENOTFOUND')), throws(networkError('ENOTFOUND'))])
  const end = await play.client.resolve(shop, { credential: alice }).catch((error: unknown) => (error as Failure).problem)
  expect(end).toMatchObject({ code: 'DNS_FAILED', retryable: false })
  expect(play.asked).toHaveLength(2)
})

test('a failure with a reason of the network’s stays the failure that it is', () => {
  const { where } = wish(doors)
  const failure = registryFailure('REALM_FORBIDDEN', where, { cause: networkError('ECONNREFUSED') })
  expect(networkFailure(failure, where)).toBe(failure)
})

test('a layer of which not one byte is missing is passed on', async () => {
  const bytes = new TextEncoder().encode('hello')
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest
  const layer = verified(new Response(bytes).body!, { digest, size: 5 }, doors, wish(doors), () => {})
  expect(await new Response(layer).text()).toBe('hello')
})
