// npm run bench [-- NAME …] [--json]: measurements against peers, as ratios; ends with 1 when a goal is missed.
import { api } from './api.ts'
import { backup } from './backup.ts'
import { engine } from './engine.ts'
import { github } from './github.ts'
import { history } from './history.ts'
import { intake } from './intake.ts'
import { memory } from './memory.ts'
import { pages } from './pages.ts'
import { registry } from './registry.ts'
import { vault } from './vault.ts'
import { workers } from './workers.ts'

export interface Measure {
  readonly name: string
  readonly ours: unknown
  readonly peer: unknown
  /** Null where the goal is a number of its own and no peer is asked. */
  readonly ratio: number | null
  readonly goal: number
  readonly holds: boolean
  /** What else helps to judge the numbers. */
  readonly [beside: string]: unknown
}

const BENCHMARKS: Readonly<Record<string, () => Promise<Measure[]>>> = {
  intake,
  memory,
  github,
  history,
  engine,
  registry,
  vault,
  backup,
  api,
  pages,
  workers,
}

if (import.meta.main) {
  const names = process.argv.slice(2).filter((word) => word !== '--json')
  const unknown = names.filter((name) => !BENCHMARKS[name])
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(BENCHMARKS).join(', ')}.`)
    process.exit(2)
  }
  let allHold = true
  for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
    for (const measure of await BENCHMARKS[name]!()) {
      console.log(JSON.stringify(measure))
      allHold &&= measure.holds
    }
  }
  process.exitCode = allHold ? 0 : 1
}
