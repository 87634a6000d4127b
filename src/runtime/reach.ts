import { placeTargets } from '../assemble.ts'
import type { Operator } from '../config/operator.ts'
import { bounded, deep } from '../deploy/mask.ts'
import type { Target } from '../deploy/target.ts'
import { Failure, type Problem } from '../errors.ts'
import type { Settings } from '../settings.ts'
import { problemText } from './preflight.ts'
import { targetDoors } from './target-doors.ts'
import type { Terminal } from './terminal.ts'

/** Whether every declared target is there, as a deployment would find it; says what each answers. */
export async function reachAll(
  operator: Operator,
  settings: Pick<Settings, 'data'>,
  machine: Pick<Terminal, 'print' | 'redactor'>,
): Promise<boolean> {
  // What answers there may be anything, and say as much as it likes.
  const shown = bounded((text) => machine.redactor.clean(text), 1_000)
  let isGood = true
  for (const { name, target } of placeTargets(operator, targetDoors(settings)).values()) {
    const reached = await reach(target)
    isGood &&= typeof reached === 'string'
    if (typeof reached === 'string') machine.print(`The target ${name} was reached: ${reached}.`)
    else machine.print(`The target ${name} was not reached, so nothing is kept.\n${problemText(deep(reached, shown)).replace(/^/gm, '     ')}`)
  }
  return isGood
}

async function reach(target: Target): Promise<string | Problem> {
  try {
    return await target.reach()
  } catch (error) {
    if (error instanceof Failure) return error.problem
    throw error
  }
}
