import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mutant } from './mutant.ts'
import { SUITE_NAMES, SUITES, type SuiteName } from './suites.ts'

// `npm run mutants`: changes the source in one place after the other, and runs the tests of that part against each change. One JSON line
// for each mutant, and one for all; ends with 1 where fewer than 95 % were noticed, or one that was not has no reason beside it.
// `npm run mutants -- [registry|engine|vault] [WORD]`: only of that part, only those with that word in their file or in what they break.

const ENOUGH = 0.95
const AT_ONCE = 2
const PATIENCE = 120_000 // ms, for a mutant that never ends

interface Wanted {
  readonly suite: SuiteName
  readonly mutant: Mutant
}

interface Outcome {
  readonly mutant: Mutant
  /** The test that noticed; null where none did. */
  readonly noticedBy: string | null
}

const folder = mkdtempSync(join(tmpdir(), 'gantry-mutants-'))
const words = process.argv.slice(2)
const named = SUITE_NAMES.filter((name) => words.includes(name))
const word = words.find((one) => !named.some((name) => name === one)) ?? ''
const wanted = (named.length > 0 ? named : SUITE_NAMES).flatMap((suite) =>
  SUITES[suite].mutants.filter(({ file, breaks }) => `${file} ${breaks}`.includes(word)).map((mutant) => ({ suite, mutant })),
)
const pathOf = ({ suite, mutant }: Wanted): string => `${SUITES[suite].folder}${mutant.file}`
const stale = wanted.filter((one) => readFileSync(pathOf(one), 'utf8').split(one.mutant.text).length !== 2)
for (const one of stale) console.error(`${pathOf(one)} has not exactly one «${one.mutant.text}»`)
if (stale.length > 0 || wanted.length === 0) process.exit(1)

for (const suite of new Set(wanted.map((one) => one.suite))) {
  const healthy = await run({ suite, mutant: null }, join(folder, `healthy-${suite}.json`))
  if (healthy === null) continue
  console.error(`without any mutant a test fails already: ${healthy}`)
  process.exit(1)
}

const outcomes: Outcome[] = []
const queue = wanted.entries()
await Promise.all(Array.from({ length: AT_ONCE }, work))
rmSync(folder, { recursive: true, force: true })

const killed = outcomes.filter(({ noticedBy }) => noticedBy !== null).length
const unexplained = outcomes.filter(({ mutant, noticedBy }) => noticedBy === null && mutant.survives === undefined).length
const share = killed / outcomes.length
console.log(
  JSON.stringify({ mutants: outcomes.length, killed, survived: outcomes.length - killed, unexplained, percent: Math.round(share * 1000) / 10 }),
)
process.exit(share < ENOUGH || unexplained > 0 ? 1 : 0)

async function work(): Promise<void> {
  for (const [index, { suite, mutant }] of queue) {
    const started = performance.now()
    const noticedBy = await run({ suite, mutant }, join(folder, `${index}.json`))
    outcomes.push({ mutant, noticedBy })
    const seconds = Math.round(performance.now() - started) / 1000
    const { file, breaks, survives } = mutant
    console.log(JSON.stringify({ outcome: noticedBy === null ? 'survived' : 'killed', file, breaks, noticedBy, survives, seconds }))
  }
}

/** The name of the first test that fails with it. */
async function run({ suite, mutant }: { readonly suite: SuiteName; readonly mutant: Mutant | null }, report: string): Promise<string | null> {
  const options = ['run', '--config', 'test/mutation/vitest.config.ts', '--reporter=json', `--outputFile=${report}`]
  const vitest = spawn(process.execPath, ['node_modules/vitest/vitest.mjs', ...options], {
    env: { ...process.env, GANTRY_MUTANT: JSON.stringify(mutant), GANTRY_SUITE: suite },
    stdio: 'ignore',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  })
  const [status] = (await once(vitest, 'exit')) as [number | null]
  if (status === 0) return null
  return status === null ? 'no end' : (firstFailure(report) ?? 'an error outside of tests')
}

interface Report {
  readonly testResults: readonly { readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[] }[]
}

function firstFailure(report: string): string | undefined {
  try {
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report
    return testResults.flatMap(({ assertionResults }) => assertionResults).find(({ status }) => status === 'failed')?.fullName
  } catch {
    return undefined
  }
}
