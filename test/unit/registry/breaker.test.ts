import { beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import type { Code } from '../../../src/errors.ts'
import { createBreaker } from '../../../src/registry/breaker.ts'
import type { Breaker } from '../../../src/registry/breaker.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'
import { stillDoors } from '../../world/still-doors.ts'
import type { StillDoors } from '../../world/still-doors.ts'

const LOGIN = 'https://registry.example 0123456789abcdef'
const no = (code: Code) => new Failure(code, { sentence: 'No.', next: 'Renew it.', found: 'HTTP 401' })

let doors: StillDoors
let breaker: Breaker
beforeEach(() => {
  doors = stillDoors()
  breaker = createBreaker(doors)
})

/** What is said of a login without asking anybody; null where it may be shown. */
function said(login = LOGIN): Failure | null {
  try {
    breaker.check(login)
    return null
  } catch (error) {
    return error as Failure
  }
}

test('a refused login is not shown again for a quarter of an hour', async () => {
  breaker.note(LOGIN, no('CREDENTIALS_INVALID'))
  expect(said()?.problem).toMatchObject({ code: 'CREDENTIALS_INVALID', retryAfter: 900_000 })
  expect(said()?.problem.found).toMatch(/^HTTP 401; not asked again for 15 min/)
  await doors.time.passes('14 minutes')
  expect(said()?.problem.found).toMatch(/for 1 min/)
  await doors.time.passes('1 minute')
  expect(said()).toBeNull()
})

test('what was only repeated does not begin the wait again', async () => {
  breaker.note(LOGIN, no('CREDENTIALS_INVALID'))
  await doors.time.passes('10 minutes')
  breaker.note(LOGIN, said())
  await doors.time.passes('5 minutes')
  expect(said()).toBeNull()
})

test('a login that is refused again then waits again', async () => {
  breaker.note(LOGIN, no('CREDENTIALS_INVALID'))
  await doors.time.passes('15 minutes')
  breaker.note(LOGIN, no('CREDENTIALS_INVALID'))
  expect(said()?.problem.retryAfter).toBe(900_000)
})

test.for(['CREDENTIALS_INVALID', 'CREDENTIAL_EXPIRED', 'LOGIN_LOCKED'] as const)('%s is the login’s', (code) => {
  breaker.note(LOGIN, no(code))
  expect(said()?.problem.code).toBe(code)
})

test.for(['PERMISSION_DENIED', 'RATE_LIMITED', 'TIMEOUT', 'NOT_FOUND_OR_HIDDEN', 'CREDENTIAL_MISSING', 'NETWORK_POLICY_DENIED'] as const)(
  '%s is not',
  (code) => {
    breaker.note(LOGIN, no(code))
    expect(said()).toBeNull()
  },
)

test('other logins are other logins', () => {
  breaker.note(LOGIN, no('CREDENTIALS_INVALID'))
  expect(said('https://registry.example fedcba9876543210')).toBeNull()
  expect(said('https://other.example 0123456789abcdef')).toBeNull()
})

describe('a registry with a password', () => {
  /** Knows one password, and counts who tries. */
  function registry(right: string) {
    let tries = 0
    const answering: typeof fetch = async (_input, init) => {
      const shown = new Headers(init?.headers).get('authorization')
      if (shown !== null) tries += 1
      if (shown === `Basic ${btoa(`alice:${right}`)}`) return new Response(null, { headers: { 'docker-content-digest': `sha256:${'a'.repeat(64)}` } })
      return new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic realm="registry"' } })
    }
    const { client, reports } = clientUnderTest({}, { fetch: answering, now: () => doors.now() })
    const shop = reference('registry.example/acme/shop:1.2')
    const asks = (password: string) =>
      client.resolve(shop, { credential: basic('alice', password) }).then(
        () => 'digest',
        (error: unknown) => (error instanceof Failure ? error.problem.code : String(error)),
      )
    return { asks, reports, tries: () => tries }
  }

  test('is shown a wrong one once, however many deployments want it', async () => {
    const { asks, tries } = registry('right')
    for (let deployment = 0; deployment < 10; deployment++) expect(await asks('wrong')).toBe('CREDENTIALS_INVALID')
    expect(tries()).toBe(1)
  })

  test('is shown a new one at once', async () => {
    const { asks, tries } = registry('right')
    await asks('wrong')
    expect(await asks('right')).toBe('digest')
    expect(tries()).toBe(2)
  })

  test('is shown the old one again after a quarter of an hour: somebody may have set it there', async () => {
    const { asks, tries } = registry('right')
    await asks('wrong')
    doors.time.moves(15 * 60_000)
    expect(await asks('wrong')).toBe('CREDENTIALS_INVALID')
    expect(tries()).toBe(2)
  })
})
