import { beforeEach, describe, expect, test } from 'vitest'
import { Failure } from '../../../src/errors.ts'
import type { Code } from '../../../src/errors.ts'
import { createBreaker } from '../../../src/registry/breaker.ts'
import type { Breaker, Login } from '../../../src/registry/breaker.ts'
import { basic, clientUnderTest, reference } from '../../world/registry-client.ts'
import { stillDoors } from '../../world/still-doors.ts'
import type { StillDoors } from '../../world/still-doors.ts'

const KEY = 'https://registry.example 0123456789abcdef'
const no = (code: Code) => new Failure(code, { sentence: 'No.', next: 'Renew it.', found: 'HTTP 401' })

let doors: StillDoors
let breaker: Breaker
beforeEach(() => {
  doors = stillDoors()
  breaker = createBreaker(doors)
})

const operation = () => {
  const where = { registry: 'registry.example', image: 'registry.example/acme/shop:1', grant: '' }
  return { where, deadline: Number.POSITIVE_INFINITY, signal: undefined, trail: { phase: 'manifest' as const, attempts: 0 } }
}
const login = (different: Partial<Login> = {}): Login => ({ key: KEY, repository: 'acme/shop', isRenewable: false, ...different })

/** What becomes of showing the login to a registry that answers so; `asked`: whether it was asked at all. */
async function shows(answer: 'yes' | Failure, different: Partial<Login> = {}): Promise<{ asked: boolean; problem: Failure['problem'] | null }> {
  let asked = false
  const work = async (accepted: () => void) => {
    asked = true
    if (answer !== 'yes') throw answer
    accepted()
  }
  const problem = await breaker.guard(login(different), operation(), work).then(
    () => null,
    (error: unknown) => (error as Failure).problem,
  )
  return { asked, problem }
}

describe('a refused login', () => {
  test('is not shown again for a quarter of an hour', async () => {
    await shows(no('CREDENTIALS_INVALID'))
    expect(await shows('yes')).toMatchObject({ asked: false, problem: { code: 'CREDENTIALS_INVALID', retryAfter: 900_000 } })
    expect((await shows('yes')).problem?.found).toMatch(/^HTTP 401; not asked again for 15 min/)
    await doors.time.passes('14 minutes')
    expect((await shows('yes')).problem?.found).toMatch(/for 1 min/)
    await doors.time.passes('1 minute')
    expect(await shows('yes')).toEqual({ asked: true, problem: null })
  })

  test('that is refused again then waits again', async () => {
    await shows(no('CREDENTIALS_INVALID'))
    await doors.time.passes('15 minutes')
    await shows(no('CREDENTIALS_INVALID'))
    expect((await shows('yes')).problem?.retryAfter).toBe(900_000)
  })

  test.for(['CREDENTIALS_INVALID', 'CREDENTIAL_EXPIRED', 'LOGIN_LOCKED'] as const)('is one with %s', async (code) => {
    await shows(no(code))
    expect(await shows('yes')).toMatchObject({ asked: false, problem: { code } })
  })

  test.for(['PERMISSION_DENIED', 'RATE_LIMITED', 'TIMEOUT', 'NOT_FOUND_OR_HIDDEN', 'CREDENTIAL_MISSING', 'NETWORK_POLICY_DENIED'] as const)(
    'is none with %s',
    async (code) => {
      await shows(no(code))
      expect((await shows('yes')).asked).toBe(true)
    },
  )

  test('says nothing of other logins', async () => {
    await shows(no('CREDENTIALS_INVALID'))
    expect((await shows('yes', { key: 'https://registry.example fedcba9876543210' })).asked).toBe(true)
    expect((await shows('yes', { key: 'https://other.example 0123456789abcdef' })).asked).toBe(true)
  })

  test('that can be renewed at once is not remembered', async () => {
    await shows(no('CREDENTIALS_INVALID'), { isRenewable: true })
    expect((await shows('yes')).asked).toBe(true)
  })

  test('that has worked before is refused for that repository alone', async () => {
    await shows('yes', { repository: 'acme/shop' })
    await shows(no('CREDENTIALS_INVALID'), { repository: 'acme/tpyo' })
    expect((await shows('yes', { repository: 'acme/shop' })).asked).toBe(true)
    expect((await shows('yes', { repository: 'acme/tpyo' })).asked).toBe(false)
  })
})

describe('while nobody knows whether a login is taken', () => {
  test('one shows it, and the others hear what became of it', async () => {
    let asked = 0
    const refusing = async () => {
      asked += 1
      await Promise.resolve()
      throw no('CREDENTIALS_INVALID')
    }
    const all = await Promise.allSettled(Array.from({ length: 12 }, () => breaker.guard(login(), operation(), refusing)))
    expect([asked, new Set(all.map(({ status }) => status))]).toEqual([1, new Set(['rejected'])])
  })

  test('the others go on as soon as it was taken, and not when the first has done', async () => {
    const order: string[] = []
    let finish = () => {}
    const first = breaker.guard(login(), operation(), async (accepted) => {
      accepted()
      await new Promise<void>((resolve) => (finish = resolve))
      order.push('first')
    })
    await breaker.guard(login(), operation(), async () => void order.push('second'))
    finish()
    await first
    expect(order).toEqual(['second', 'first'])
  })

  test('who waits leaves at its deadline', async () => {
    void breaker.guard(login(), operation(), () => new Promise(() => {}))
    const waiting = breaker.guard(login(), { ...operation(), deadline: doors.now() + 1_000 }, async () => {})
    const outcome = expect(waiting).rejects.toMatchObject({ problem: { code: 'TIMEOUT' } })
    await doors.time.passes('1 second')
    await outcome
  })
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
