import { expect, test } from 'vitest'
import { createHidden, ownerOf } from '../../../src/accounts/hidden.ts'

const which = (name: string) => ({ account: 42, kind: 'credential' as const, name })

function setUp() {
  const seen = new Map<string, number>()
  const hidden = createHidden((secret) => {
    seen.set(secret, (seen.get(secret) ?? 0) + 1)
    return () => void seen.set(secret, (seen.get(secret) ?? 0) - 1)
  })
  const now = (): readonly string[] => [...seen].flatMap(([secret, count]) => (count > 0 ? [secret] : []))
  const keeps = (name: string, ...secrets: string[]): void => {
    const taken = hidden.take(secrets, 42)
    taken.isKept(which(name))
    taken.forget()
  }
  return { hidden, now, keeps }
}

test('what was refused is forgotten, and what is kept is hidden, with the one before it', () => {
  const { hidden, now, keeps } = setUp()
  const refused = hidden.take(['wrong'], 42)
  expect(now()).toEqual(['wrong'])
  refused.forget()
  expect(now()).toEqual([])
  for (const nth of [1, 2, 3]) keeps('ghcr', `user ${nth}`, `password ${nth}`)
  expect(now()).toEqual(['user 2', 'password 2', 'user 3', 'password 3'])
  keeps('quay', 'another')
  expect(now()).toHaveLength(5)
})

test('what was removed may still be on its way, but not of ever more that come and go', () => {
  const { hidden, now, keeps } = setUp()
  for (let nth = 0; nth < 500; nth += 1) {
    keeps(`c${nth}`, `secret ${nth}`)
    hidden.leave(which(`c${nth}`))
  }
  expect(now()).toHaveLength(100)
  expect(now()).toContain('secret 499')
})

test.each([
  [{}, null],
  [{ isConfined: true }, 7],
  [{ isConfined: true, origin: 'account' }, 7],
  [{ isConfined: true, origin: 'unknown' }, 7],
  [{ isConfined: true, origin: 'operator' }, null],
] as const)('what is declared with %j is hidden in the texts of %s (null: in everybody’s)', (more, whose) => {
  expect(ownerOf({ account: 7, ...more })).toBe(whose)
})
