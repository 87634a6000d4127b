import * as vitest from 'vitest'

/** Does what a test does where it has to be done: what a Durable Object keeps may be touched in that object alone. */
export type Inside = (work: () => unknown) => Promise<unknown>

/** Vitest's words, whose work is done there. */
export function within(inside: Inside): Pick<typeof vitest, 'afterEach' | 'beforeEach' | 'test'> {
  type Work = (...args: unknown[]) => unknown
  const there =
    (work: Work) =>
    async (...args: unknown[]): Promise<void> =>
      void (await inside(() => work(...args)))
  const each = (cases: readonly unknown[]) => (name: string, work: Work) => vitest.test.each(cases)(name, there(work))
  const test = Object.assign((name: string, work: Work) => vitest.test(name, there(work)), { each })
  return {
    test: test as unknown as typeof vitest.test,
    beforeEach: (work) => vitest.beforeEach(there(work as Work)),
    afterEach: (work) => vitest.afterEach(there(work as Work)),
  }
}

export const here: Inside = async (work) => work()
