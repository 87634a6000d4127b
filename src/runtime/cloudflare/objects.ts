import { AccountGantry } from './account-object.ts'
import type { Bindings } from './bindings.ts'
import { DirectoryGantry } from './directory-object.ts'
import type { Machine } from './machine.ts'
import { RepositoryGantry } from './repository-object.ts'

/** The classes that the Worker's configuration names, on this machine. */
export const objectsOn = (machine: Machine) => ({
  RepositoryObject: class extends RepositoryGantry {
    constructor(ctx: DurableObjectState, env: Bindings) {
      super(ctx, env, machine)
    }
  },
  AccountObject: class extends AccountGantry {
    constructor(ctx: DurableObjectState, env: Bindings) {
      super(ctx, env, machine)
    }
  },
  DirectoryObject: DirectoryGantry,
})
