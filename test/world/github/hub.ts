import type { Stated } from './description.ts'
import type { Account, AppIdentity, Repository, State } from './state.ts'

/** What everything that changes the simulated GitHub needs: the state, the time, and a way to tell the App about it. */
export interface Hub {
  readonly state: State
  /** The App under test. */
  readonly identity: AppIdentity
  now(): number
  /** Sends the webhook `hook` (`issue-comment-created`) to the App, where it is installed and not suspended. */
  send(hook: string, repository: Repository, sender: Account, stated: Readonly<Record<string, Stated>>): void
}
