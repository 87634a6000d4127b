/** Stands for workerd's own module where objects run in this process. */
export class DurableObject<Env = unknown> {
  readonly ctx: DurableObjectState
  readonly env: Env

  constructor(ctx: DurableObjectState, env: Env) {
    this.ctx = ctx
    this.env = env
  }
}
