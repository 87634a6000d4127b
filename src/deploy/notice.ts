import type { Deployment, Lock, Person } from './deployment.ts'

/** Something to be told that is no deployment's own state: said once for each key. */
export type Notice = { readonly key: string } & (
  | { readonly kind: 'lock ends soon' | 'lock released'; readonly lock: Lock }
  /** Its thread was closed by somebody who may not give it up. */
  | { readonly kind: 'lock kept'; readonly lock: Lock; readonly by: Person }
  /** By somebody else than its holder, who was not on its thread to be told. */
  | { readonly kind: 'lock given up'; readonly lock: Lock; readonly by: Person }
  | {
      readonly kind: 'drift'
      /** The last one that succeeded there. */
      readonly deployment: Deployment
      /** What runs instead, in words. */
      readonly seen: string
    }
)
