import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'
import type { Mutant } from './mutant.ts'

const root = new URL('../..', import.meta.url).pathname
const mutant = JSON.parse(process.env['GANTRY_MUTANT'] ?? 'null') as Mutant | null

/** What takes seconds comes last: most mutants do not live that long. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => SLOW.findIndex((name) => moduleId.includes(name))
    return files.toSorted((a, b) => rank(a) - rank(b))
  }
}
const SLOW = ['preflight', 'memory', 'oci-registry', 'client', 'fuzz', 'leaks']

/** The tests of the registry client, with one change to what they import: no file is touched. */
export default defineConfig({
  root,
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      transform: (code, id) =>
        mutant !== null && id === `${root}src/registry/${mutant.file}` ? code.replace(mutant.text, () => mutant.instead) : null,
    },
  ],
  test: {
    include: ['test/unit/registry/**/*.test.ts', 'test/contracts/oci-registry.test.ts'],
    exclude: ['**/hostile.test.ts'],
    setupFiles: ['test/loopback-only.ts'],
    provide: { fuzz: { cases: 3_000, seed: 1 } },
    isolate: false,
    // What is kept of one mutant must not reach the next, or any other test.
    fsModuleCache: false,
    maxWorkers: 1,
    sequence: { sequencer: QuickFirst },
    bail: 1,
    // A mutant that waits for ever is noticed by that.
    testTimeout: 15_000,
  },
})
