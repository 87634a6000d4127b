import { problem, type Problem } from '../errors.ts'
import type { DeployRequest } from '../deploy/deployment.ts'
import type { Configuration, Role } from '../deploy/environment.ts'
import type { Service } from '../deploy/service.ts'
import type { Facts } from '../deploy/source.ts'
import { didYouMean, quoted } from '../deploy/wording.ts'
import type { Links } from './comments.ts'
import type { Args } from './parse.ts'
import { malformed } from './tokenize.ts'

/** What people can type: one file in `commands/`, one line in `commands/index.ts`. */
export interface Command {
  /** The word after the slash, and for `deploy help` the one after that. */
  readonly name: string
  /** What it does, as a sentence without its full stop. */
  readonly summary: string
  /** What follows the name in the short help: `/deploy` **an image**. */
  readonly phrase: string
  /** Under what the short help lists it. */
  readonly purpose: Purpose
  /** As one types it, one per line. */
  readonly usage: readonly string[]
  /** Who may use it, as a sentence. */
  readonly who: string
  /** A line to type, and what becomes of it. */
  readonly examples: readonly (readonly [line: string, becomes: string])[]
  /** The options that it knows, without their hyphens. */
  readonly options: readonly string[]
  /** Whether it takes `key=value`. */
  readonly hasParameters: boolean
  /** How many words it takes; a reason has as many as it needs. */
  readonly mostWords: number
  /** The weakest role that the short help shows it to. */
  readonly role: Role
  /** Where it cannot do anything, the short help leaves it out. */
  readonly isOfUse?: (configuration: Configuration) => boolean
  /** `gates`: anybody's is written down, and the gates decide. `standing`: done at once, for anybody who is no stranger. */
  readonly judgedBy: 'gates' | 'standing'
  run(context: CommandContext): Promise<void> | void
}

export const PURPOSES = ['To change what runs', 'To decide for others', 'To keep others out', 'To know'] as const
type Purpose = (typeof PURPOSES)[number]

export interface CommandContext {
  readonly args: Args
  /** Who asked, where and when; `asks` is empty. */
  readonly request: DeployRequest
  readonly service: Service
  readonly commands: readonly Command[]
  readonly links: Links
  /** What GitHub says now: asked once per comment. */
  readonly look: () => Promise<Facts>
  /** Stores an answer under the request's key: said once. */
  readonly answer: (markdown: string) => void
  /** Answers with what is wrong; a stranger gets a reaction. */
  readonly refuse: (problem: Problem) => Promise<void>
}

/** What stands in the line that this command does nothing with: it is refused whole, because half of a command may be worse than none. */
export function misuseOf({ name, options, hasParameters, mostWords, usage }: Command, { words, flags, parameters }: Args): Problem | null {
  const wanted = usage[0] as string
  const next = `Type "/deploy help ${name.split(' ')[0]}" to see how it is written.`
  const option = [...flags.keys()].find((flag) => !options.includes(flag))
  if (option !== undefined) {
    const sentence = `The command /${name} has no option --${option}, so it does nothing at all.${didYouMean(option, options)}`
    return problem('OPTION_UNSUPPORTED', { sentence, found: `--${option}`, wanted, next })
  }
  const [parameter] = hasParameters ? [] : parameters.keys()
  if (parameter !== undefined) {
    const hint = mostWords === Infinity ? ' In a reason it has to stand in quotation marks.' : ''
    const sentence = `The command /${name} takes no ${parameter}=…, so it does nothing at all.${hint}`
    return problem('OPTION_UNSUPPORTED', { sentence, found: `${parameter}=…`, wanted, next })
  }
  const surplus = words[mostWords]
  return surplus === undefined ? null : malformed(`There is a word too many: ${quoted(surplus)}.`, surplus, wanted, next)
}

/** A word that the command cannot do without is missing. */
export function lacking(what: string, { usage }: Pick<Command, 'usage'>): Problem {
  return malformed(`The command needs ${what}.`, undefined, usage.join(' or '))
}
