import type { Command } from '../command.ts'
import type { Args } from '../parse.ts'
import { approve } from './approve.ts'
import { cancel } from './cancel.ts'
import { deploy } from './deploy.ts'
import { help } from './help.ts'
import { lock } from './lock.ts'
import { preflight } from './preflight.ts'
import { promote } from './promote.ts'
import { reject } from './reject.ts'
import { retry } from './retry.ts'
import { rollback } from './rollback.ts'
import { status } from './status.ts'
import { unlock } from './unlock.ts'
import { who } from './who.ts'
import { why } from './why.ts'

/** In the order in which the help names them. */
export const commands: readonly Command[] = [
  deploy,
  rollback,
  promote,
  retry,
  cancel,
  approve,
  reject,
  lock,
  unlock,
  status,
  preflight,
  why,
  who,
  help,
]

/** The words after the slash that are ours. */
export const NAMES: readonly string[] = commands.map(({ name }) => name).filter((name) => !name.includes(' '))

/** `/deploy help` comes in as `/deploy` with a word. */
export function findCommand(name: string, { words }: Args): Command {
  const long = `${name} ${words[0] ?? ''}`
  const found = commands.find((command) => command.name === long) ?? commands.find((command) => command.name === name)
  if (found === undefined) throw new Error(`a known command without a file: ${name}`)
  return found
}
