import { DurableObject } from 'cloudflare:workers'

/** An object that only lends its storage to tests. */
export class Storage extends DurableObject {}

export default {
  fetch: () => new Response(null, { status: 404 }),
}
