import type { Actor, Person } from '../deploy/deployment.ts'

/** Who calls the API: how they proved it is over once there is one. */
export interface Caller {
  /** Tells this caller from every other, for good: limits count by it, and an `Idempotency-Key` is its own. `[0-9A-Za-z./_-]` */
  readonly key: string
  /** In whose name everything is that they ask for. */
  readonly actor: Actor
}

/** Somebody with a user token of the App: they are who they are in a comment. */
export const userCaller = (person: Person): Caller => ({ key: String(person.id), actor: { ...person, app: null } })
