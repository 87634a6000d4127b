import type { Command } from '../command.ts'
import type { Args } from '../parse.ts'
import { deploy } from './deploy.ts'
import { help } from './help.ts'
import { preflight } from './preflight.ts'
import { status } from './status.ts'

export const commands: readonly Command[] = [deploy, status, preflight, help]

/** Names that the design gives to later commands: answered, so that nobody waits for them in vain. */
export const LATER: readonly string[] = ['rollback', 'promote', 'approve', 'reject', 'cancel', 'retry', 'lock', 'unlock', 'why', 'who']

/** The words after the slash that are ours. */
export const NAMES: readonly string[] = [...commands.map(({ name }) => name).filter((name) => !name.includes(' ')), ...LATER]

/** `/deploy help` comes in as `/deploy` with a word. */
export function findCommand(name: string, { words }: Args): Command | null {
  const long = `${name} ${words[0] ?? ''}`
  return commands.find((command) => command.name === long) ?? commands.find((command) => command.name === name) ?? null
}
