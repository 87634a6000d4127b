import { howRegistriesAreAsked } from './how-registries-are-asked.ts'
import type { Mutant } from './mutant.ts'
import { whatHappensOnce } from './what-happens-once.ts'
import { whatIsMadeOfAnswers } from './what-is-made-of-answers.ts'
import { whatTheVaultKeeps } from './what-the-vault-keeps.ts'
import { whereSecretsGo } from './where-secrets-go.ts'

/** Mutants of one part of the source, and the tests that must notice them. */
export interface Suite {
  /** Below the root, with a slash at its end. */
  readonly folder: string
  readonly mutants: readonly Mutant[]
  readonly tests: readonly string[]
  readonly left: readonly string[]
  /** Parts of names of test files: those that notice most come first, those that take long last, because most mutants do not live that long. */
  readonly first: readonly string[]
  readonly slow: readonly string[]
}

export const SUITES = {
  registry: {
    folder: 'src/registry/',
    mutants: [...whereSecretsGo, ...howRegistriesAreAsked, ...whatIsMadeOfAnswers],
    tests: ['test/unit/registry/**/*.test.ts', 'test/contracts/oci-registry.test.ts'],
    left: ['**/hostile.test.ts'],
    first: [],
    slow: ['preflight', 'memory', 'oci-registry', 'client', 'fuzz', 'leaks'],
  },
  engine: {
    folder: 'src/',
    mutants: whatHappensOnce,
    tests: ['test/unit/deploy/**/*.test.ts', 'test/unit/store/**/*.test.ts', 'test/contracts/journal.test.ts', 'test/runtime/simulation.test.ts'],
    left: ['**/gates-matrix.test.ts', '**/gates-laws.test.ts'],
    first: ['simulation'],
    slow: ['rollout', 'cancelling', 'crash'],
  },
  vault: {
    folder: 'src/store/',
    mutants: whatTheVaultKeeps,
    tests: ['test/unit/store/vault/*.test.ts', 'test/unit/store/tokens.test.ts'],
    left: [],
    first: ['vault.test'],
    slow: ['rotation'],
  },
} as const satisfies Readonly<Record<string, Suite>>

export type SuiteName = keyof typeof SUITES
export const SUITE_NAMES = Object.keys(SUITES) as SuiteName[]
