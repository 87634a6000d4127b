import type { Problem } from '../errors.ts'
import type { DeployRequest } from '../deploy/deployment.ts'
import type { Role } from '../deploy/environment.ts'
import type { Service } from '../deploy/service.ts'
import type { Facts } from '../deploy/source.ts'
import type { Links } from './comments.ts'
import type { Args } from './parse.ts'

/** What people can type: one file in `commands/`, one line in `commands/index.ts`. */
export interface Command {
  /** The word after the slash, and for `deploy help` the one after that. */
  readonly name: string
  /** What it does, as the help says it: no full stop. */
  readonly summary: string
  /** As one types it, one per line. */
  readonly usage: readonly string[]
  /** The weakest role that the help shows it to. */
  readonly role: Role
  /** `gates`: anybody's is written down, and the gates decide. `standing`: done at once, for anybody who is no stranger. */
  readonly judgedBy: 'gates' | 'standing'
  run(context: CommandContext): Promise<void> | void
}

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
