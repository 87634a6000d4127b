import { inject } from 'vitest'

/** A Worker has no files: `outside.ts` has read them. */
const FIXTURES = inject('fixtures')

export function fixture(name: string): string {
  const text = FIXTURES[name]
  if (text === undefined) throw new Error(`outside.ts does not hand in fixtures/${name}`)
  return text
}
