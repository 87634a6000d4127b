import { defineConfig } from 'vitest/config'
import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'
import type { Mutant } from './mutant.ts'
import { SUITES, type Suite, type SuiteName } from './suites.ts'

const root = new URL('../..', import.meta.url).pathname
const mutant = JSON.parse(process.env['GANTRY_MUTANT'] ?? 'null') as Mutant | null
const suite: Suite = SUITES[(process.env['GANTRY_SUITE'] ?? 'registry') as SuiteName]

/** What takes seconds comes last: most mutants do not live that long. */
class QuickFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = (names: readonly string[], { moduleId }: TestSpecification) => names.findIndex((name) => moduleId.includes(name))
    const rank = (file: TestSpecification) => (place(suite.first, file) === -1 ? place(suite.slow, file) : -2)
    return files.toSorted((a, b) => rank(a) - rank(b))
  }
}

/** The tests of one suite, with one change to what they import: no file is touched. */
export default defineConfig({
  root,
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      transform: (code, id) =>
        mutant !== null && id === `${root}${suite.folder}${mutant.file}` ? code.replace(mutant.text, () => mutant.instead) : null,
    },
  ],
  test: {
    include: [...suite.tests],
    exclude: [...suite.left],
    setupFiles: ['test/loopback-only.ts'],
    provide: { fuzz: { cases: 3_000, seed: 1 }, crashEvery: Number(process.env['GANTRY_CRASH_EVERY'] ?? 1) },
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
