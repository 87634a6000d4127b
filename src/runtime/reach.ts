import { placeTargets } from '../accounts/placing.ts'
import { reach } from '../accounts/trials.ts'
import type { Operator } from '../config/operator.ts'
import { bounded, deep } from '../deploy/mask.ts'
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
    const { note, problem } = await reach(target)
    isGood &&= problem === null
    if (problem === null) machine.print(`The target ${name} was reached: ${note}.`)
    else machine.print(`The target ${name} was not reached, so nothing is kept.\n${problemText(deep(problem, shown)).replace(/^/gm, '     ')}`)
  }
  return isGood
}
